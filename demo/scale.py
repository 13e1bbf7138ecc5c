"""Create as many rows as a busy installation has, for performance tests: ``manage.py demo --scale``.

A few large INSERT statements create the rows as the platform's database role, so every key, check and
trigger applies, including the audit log. No events are emitted: consumers would have to work through
a million of them. Each app fills its own tables in ``demo/<app>/scale.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from demo import names
from demo.load import ADMIN_EMAIL, app_modules
from demo.tenants.tenants import TENANTS
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, PlanTier, Tenant, TenantStatus

SLUG: Final = "scale-"
TENANT_COUNT: Final = 20
# The largest tenant has half of all rows, so that queries are tested on an uneven distribution.
LARGEST_SHARE: Final = 0.5
MAX_PEOPLE: Final = 60
MIN_PEOPLE: Final = 4
EDUCATION_EVERY: Final = 4  # every fourth tenant
YEARS: Final = 2
ROWS_PER_STATEMENT: Final = 50_000
# Resolution of the tenants' shares; see ``scale_slots``.
SLOTS: Final = 1_000
FEATURES: Final = ("education-students", "education-counsellors")

Report = Callable[[str], None]


class ScaleRefused(Exception):
    """The database is not empty; the message says what to do."""


@dataclass(frozen=True, slots=True)
class LeadRange:
    """Leads number ``first`` to ``last`` by age, counted from 1, with the bounds of their keys."""

    first: int
    last: int
    low: UUID
    high: UUID


@dataclass
class Scale:
    """Runs the INSERT statements of each app's ``fill(scale)``.

    Their SQL can use the table ``scale_tenants`` (``tenant_number``, ``tenant_id``, ``members``, ``education``),
    the table ``scale_slots``, which maps the numbers 0 to 999 to tenants in proportion to their shares, and
    these functions: ``pg_temp.key(moment)`` returns a UUIDv7 of that time, ``pg_temp.one(texts)`` a random
    text, ``pg_temp.some(ids)`` a random member, earlier ones more often.
    """

    leads: int
    now: datetime
    report: Report
    rows: int = 0
    _started: float = field(default_factory=perf_counter)

    def insert(self, table: str, sql: str, **values: Any) -> int:
        """Run an INSERT in one transaction and return the number of rows.

        A statement that uses ``low`` or ``first`` runs once for each range of leads.
        """
        started = perf_counter()
        ranges = list(self.lead_ranges()) if "%(low)s" in sql or "%(first)s" in sql else [None]
        rows = 0
        with platform_context(), connection.cursor() as cursor:
            # The new rows have no statistics yet; the planner would choose nested loops over a million rows.
            cursor.execute("SET LOCAL enable_nestloop = off")
            for leads in ranges:
                bounds = asdict(leads) if leads else {}
                cursor.execute(sql, {**self._values, **values, **bounds})
                rows += cursor.rowcount
        seconds = perf_counter() - started
        self.rows += rows
        self.report(f"{table:32} {rows:>10,} rows {seconds:>7.1f} s {rows / max(seconds, 0.001):>9,.0f} rows/s")
        return rows

    def execute(self, sql: str, **values: Any) -> None:
        """Run any other statement with the same parameters."""
        with platform_context(), connection.cursor() as cursor:
            cursor.execute(sql, {**self._values, **values})

    @property
    def _values(self) -> dict[str, Any]:
        return {"now": self.now, "beginning": self.beginning, "leads": self.leads}

    def lead_ranges(self) -> Iterator[LeadRange]:
        """Yield the leads in ranges of at most ``ROWS_PER_STATEMENT``."""
        for first in range(1, self.leads + 1, ROWS_PER_STATEMENT):
            last = min(first + ROWS_PER_STATEMENT - 1, self.leads)
            yield LeadRange(first, last, _lowest_key(self._moment(first - 1)), _lowest_key(self._moment(last)))

    def _moment(self, number: int) -> datetime:
        """Return when the lead of that number was created; leads arrive faster over time."""
        return self.beginning + (self.now - self.beginning) * (number / self.leads) ** 0.5

    @property
    def beginning(self) -> datetime:
        return self.now - timedelta(days=365 * YEARS)


def load(*, leads: int, password: str, now: datetime, report: Report) -> int:
    """Create the tenants and their rows, and return the number of rows. Raises ScaleRefused."""
    _require_empty()
    scale = Scale(leads, now, report)
    tenants = _tenants(scale, password)
    _prepare(tenants, scale)
    for module in app_modules("scale"):
        module.fill(scale)
    _report_total(scale)
    return scale.rows


def analyze() -> bool:
    """Run ANALYZE. Return False if the database login does not own the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner = session_user FROM pg_tables WHERE tablename = %s", [Tenant._meta.db_table])
        (owner,) = cursor.fetchone() or (False,)
        if owner:
            cursor.execute("ANALYZE")
    return bool(owner)


def _require_empty() -> None:
    """Raise ScaleRefused if there are tenants other than the small demo's."""
    demo = {spec.slug for spec in TENANTS}
    with platform_context():
        slugs = set(Tenant.all_objects.values_list("slug", flat=True))
    if any(slug.startswith(SLUG) for slug in slugs):
        raise ScaleRefused(
            "The database already holds rows of an earlier, perhaps interrupted run. Start with an empty database:"
            " stop LAD, remove .lad/ (or drop and create your own database), and run the command again."
        )
    if others := slugs - demo:
        raise ScaleRefused(
            f"The database holds {len(others)} tenants that are not the demo's. Use a separate, empty database."
        )


def _tenants(scale: Scale, password: str) -> list[tuple[Tenant, list[UUID], float]]:
    """Create the tenants and return each with its member ids and its share of all rows, the largest first."""
    hashed = make_password(password)
    rest = sum(1 / number for number in range(1, TENANT_COUNT))
    made = []
    with platform_context():
        if not User.objects.filter(email=ADMIN_EMAIL).exists():
            User.objects.create_superuser(ADMIN_EMAIL, password, first_name="Ada", last_name="Admin")
        for number in range(TENANT_COUNT):
            share = LARGEST_SHARE if number == 0 else (1 - LARGEST_SHARE) / number / rest
            tenant = Tenant.objects.create(
                name=f"Scale {names.COMPANY_FIRST[number]}",
                slug=f"{SLUG}{number + 1:02}",
                plan_tier=PlanTier.ENTERPRISE,
                status=TenantStatus.ACTIVE,
                email=f"hello@scale-{number + 1:02}.example",
            )
            people = max(int(MAX_PEOPLE * share / LARGEST_SHARE), MIN_PEOPLE)
            made.append((tenant, _people(tenant, people, hashed), share))
            if number % EDUCATION_EVERY == 0:
                with platform_context(tenant_id=tenant.pk):
                    TenantFeature.objects.bulk_create(TenantFeature(feature_key=k, granted=True) for k in FEATURES)
    scale.report(f"{TENANT_COUNT} tenants, {sum(len(members) for _tenant, members, _share in made)} people")
    return made


def _people(tenant: Tenant, count: int, hashed: str) -> list[UUID]:
    """Create a tenant's owner, admin, members and viewer, all with access to the admin, and return their ids."""
    roles = [Role.OWNER, Role.ADMIN, *[Role.MEMBER] * (count - 3), Role.VIEWER]
    users = []
    for number, role in enumerate(roles):
        firsts, lasts = names.PEOPLE[number % len(names.PEOPLE)]
        local = f"{role}{number}" if role == Role.MEMBER else str(role)
        users.append(
            User(
                email=f"{local}@{tenant.slug}.example",
                password=hashed,
                first_name=firsts.split()[number % 6],
                last_name=lasts.split()[number // 6 % 6],
                primary_tenant=tenant,
                is_staff=True,
                email_verified=True,
            )
        )
    with platform_context(tenant_id=tenant.pk):
        User.objects.bulk_create(users)
        Membership.objects.bulk_create(
            Membership(user=user, role=role) for user, role in zip(users, roles, strict=True)
        )
    return [user.pk for user in users]


def _prepare(tenants: list[tuple[Tenant, list[UUID], float]], scale: Scale) -> None:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute(_HELPERS)
        lower = 0.0
        for number, (tenant, members, share) in enumerate(tenants):
            cursor.execute(
                "INSERT INTO pg_temp.scale_tenants VALUES (%s, %s, %s, %s)",
                [number, tenant.pk, members, number % EDUCATION_EVERY == 0],
            )
            cursor.execute(
                "INSERT INTO pg_temp.scale_slots SELECT slot, %s FROM generate_series(%s, %s) AS slot",
                [tenant.pk, round(lower * SLOTS), round((lower + share) * SLOTS) - 1],
            )
            lower += share
    scale.execute("SELECT setseed(0.5)")


def _lowest_key(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _report_total(scale: Scale) -> None:
    seconds = perf_counter() - scale._started
    scale.report(f"{'total':32} {scale.rows:>10,} rows {seconds:>7.1f} s {scale.rows / seconds:>9,.0f} rows/s")


def one_of(weights: Mapping[str, int]) -> str:
    """Return SQL that picks one of the texts, by weight."""
    texts = ",".join(f'"{text}"' for text, weight in weights.items() for _ in range(weight))
    return f"pg_temp.one('{{{texts}}}')"


def words() -> Mapping[str, list[str]]:
    """Return first and last names, job titles, places and parts of company names, as arrays for SQL."""
    return {
        "firsts": [name for firsts, _lasts in names.PEOPLE for name in firsts.split()],
        "lasts": [name for _firsts, lasts in names.PEOPLE for name in lasts.split()],
        "jobs": list(names.JOBS),
        "places": [f"{city}, {country}" for city, country, _region in names.PLACES],
        "company_firsts": names.COMPANY_FIRST,
        "company_seconds": [second for second, _industry in names.COMPANY_SECOND],
    }


# Temporary objects: the platform's role may create them, and they end with the connection.
_HELPERS: Final = """
DROP TABLE IF EXISTS pg_temp.scale_tenants, pg_temp.scale_slots;
CREATE TEMPORARY TABLE scale_tenants (
    tenant_number integer, tenant_id uuid, members uuid[], education boolean
);
CREATE TEMPORARY TABLE scale_slots (slot integer, tenant_id uuid);
CREATE OR REPLACE FUNCTION pg_temp.key(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((floor(extract(epoch FROM moment) * 1000))::bigint), 12, '0')
            || '7' || substr(gen_random_uuid()::text, 16))::uuid
$$;
CREATE OR REPLACE FUNCTION pg_temp.one(texts text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT texts[1 + floor(random() * cardinality(texts))::integer]
$$;
CREATE OR REPLACE FUNCTION pg_temp.some(ids uuid[]) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT ids[1 + floor(power(random(), 2) * cardinality(ids))::integer]
$$;
"""
