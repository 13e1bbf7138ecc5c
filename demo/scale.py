"""A database as full as a busy installation's, for trying speed: ``manage.py demo --scale``.

Rows are made by few statements of the database's own, as the platform's role: every key, check and
trigger holds for them, the audit log included. Nothing is emitted, so that no consumer has to chew
through a million events. Each app adds its tables in ``<app>/demo/scale.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from demo import names
from demo.load import ADMIN_EMAIL, app_modules
from demo.tenants.companies import COMPANIES
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, PlanTier, Role, Tenant, TenantStatus

SLUG: Final = "scale-"
TENANTS: Final = 20
# One tenant has about half of everything: the size that indexes must serve.
BIGGEST_SHARE: Final = 0.5
MOST_PEOPLE: Final = 60
FEWEST_PEOPLE: Final = 4
EDUCATION_EVERY: Final = 4
YEARS: Final = 2
ROWS_PER_STATEMENT: Final = 50_000
# Where in the list of tenants a row falls, by share.
SLOTS: Final = 1_000
FEATURES: Final = ("education-students", "education-counsellors")

Say = Callable[[str], None]


class ScaleRefused(Exception):
    """The rows cannot be made here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Leads ``first`` to ``last``, counted from 1 in the order they were made, and the keys they lie between."""

    first: int
    last: int
    low: UUID
    high: UUID


@dataclass
class Scale:
    """What an app's ``fill(scale)`` works with.

    In SQL, ``scale_tenants`` has the tenants (``tenant_number``, ``tenant_id``, ``members``, ``education``),
    ``scale_slots`` leads from a number below 1,000 to a tenant by its share, and these functions help:
    ``pg_temp.key(moment)`` makes a time-ordered key, ``pg_temp.one(texts)`` picks one, ``pg_temp.some(ids)``
    one of the members, the first the most often.
    """

    leads: int
    now: datetime
    say: Say
    rows: int = 0
    _started: float = field(default_factory=perf_counter)

    def insert(self, table: str, sql: str, **values: Any) -> int:
        """Run one INSERT, or for each slice of the leads when it names ``low`` or ``first``; in one transaction."""
        started = perf_counter()
        slices = list(self.slices()) if "%(low)s" in sql or "%(first)s" in sql else [None]
        made = 0
        with platform_context(), connection.cursor() as cursor:
            # Nobody has counted the new rows yet: the planner would take a million for a few, and loop over them.
            cursor.execute("SET LOCAL enable_nestloop = off")
            for part in slices:
                bounds = {name: getattr(part, name) for name in ("first", "last", "low", "high")} if part else {}
                cursor.execute(sql, {**self._values, **values, **bounds})
                made += cursor.rowcount
        took = perf_counter() - started
        self.rows += made
        self.say(f"{table:32} {made:>10,} rows {took:>7.1f} s {made / max(took, 0.001):>9,.0f} rows/s")
        return made

    def execute(self, sql: str, **values: Any) -> None:
        """Run any other statement of the same kind."""
        with platform_context(), connection.cursor() as cursor:
            cursor.execute(sql, {**self._values, **values})

    @property
    def _values(self) -> dict[str, Any]:
        return {"now": self.now, "beginning": self.beginning, "leads": self.leads}

    def slices(self) -> Iterator[Slice]:
        """The leads in pieces that one statement makes at once."""
        for first in range(1, self.leads + 1, ROWS_PER_STATEMENT):
            last = min(first + ROWS_PER_STATEMENT - 1, self.leads)
            yield Slice(first, last, _lowest_key(self._moment(first - 1)), _lowest_key(self._moment(last)))

    def _moment(self, number: int) -> datetime:
        """When so many leads were there: more and more come."""
        return self.beginning + (self.now - self.beginning) * (number / self.leads) ** 0.5

    @property
    def beginning(self) -> datetime:
        return self.now - timedelta(days=365 * YEARS)


def load(*, leads: int, password: str, now: datetime, say: Say) -> int:
    """Make the tenants and their rows; returns how many rows. Raises ScaleRefused."""
    _refuse_others()
    scale = Scale(leads, now, say)
    tenants = _tenants(scale, password)
    _prepare(tenants, scale)
    for module in app_modules("scale"):
        module.fill(scale)
    _tell(scale)
    return scale.rows


def analyze() -> bool:
    """Have the planner learn of the rows; False when the login does not own the tables and may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner = session_user FROM pg_tables WHERE tablename = %s", [Tenant._meta.db_table])
        (owner,) = cursor.fetchone() or (False,)
        if owner:
            cursor.execute("ANALYZE")
    return bool(owner)


def _refuse_others() -> None:
    """Rows by the million have no place beside tenants of flesh and blood, nor beside others of their kind."""
    demo = {company.slug for company in COMPANIES}
    with platform_context():
        slugs = set(Tenant.all_objects.values_list("slug", flat=True))
    if any(slug.startswith(SLUG) for slug in slugs):
        raise ScaleRefused(
            "The rows are there already, or a run was broken off. Begin again with an empty database:"
            " stop LAD, remove .lad/ (or drop and create your own database), and run it anew."
        )
    if others := slugs - demo:
        raise ScaleRefused(
            f"The database holds {len(others)} tenants that are not the demo's. Use a database of its own for this."
        )


def _tenants(scale: Scale, password: str) -> list[tuple[Tenant, list[UUID], float]]:
    """The tenants with their people and their shares, the biggest first."""
    hashed = make_password(password)
    rest = sum(1 / number for number in range(1, TENANTS))
    made = []
    with platform_context():
        if not User.objects.filter(email=ADMIN_EMAIL).exists():
            User.objects.create_superuser(ADMIN_EMAIL, password, first_name="Ada", last_name="Admin")
        for number in range(TENANTS):
            share = BIGGEST_SHARE if number == 0 else (1 - BIGGEST_SHARE) / number / rest
            tenant = Tenant.objects.create(
                name=f"Scale {names.COMPANY_FIRST[number]}",
                slug=f"{SLUG}{number + 1:02}",
                plan_tier=PlanTier.ENTERPRISE,
                status=TenantStatus.ACTIVE,
                email=f"hello@scale-{number + 1:02}.example",
            )
            people = max(int(MOST_PEOPLE * share / BIGGEST_SHARE), FEWEST_PEOPLE)
            made.append((tenant, _people(tenant, people, hashed), share))
            if number % EDUCATION_EVERY == 0:
                with platform_context(tenant_id=tenant.pk):
                    TenantFeature.objects.bulk_create(TenantFeature(feature_key=k, granted=True) for k in FEATURES)
    scale.say(f"{TENANTS} tenants, {sum(len(members) for _tenant, members, _share in made)} people")
    return made


def _people(tenant: Tenant, count: int, hashed: str) -> list[UUID]:
    """The owner, an admin and members of a tenant; all have the demo's password and may open the admin."""
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


def _tell(scale: Scale) -> None:
    took = perf_counter() - scale._started
    scale.say(f"{'altogether':32} {scale.rows:>10,} rows {took:>7.1f} s {scale.rows / took:>9,.0f} rows/s")


def one_of(weights: Mapping[str, int]) -> str:
    """SQL that picks one of the texts, by weight."""
    texts = ",".join(f'"{text}"' for text, weight in weights.items() for _ in range(weight))
    return f"pg_temp.one('{{{texts}}}')"


def words() -> Mapping[str, list[str]]:
    """First and last names, job titles, places and company words, as arrays for SQL."""
    return {
        "firsts": [name for firsts, _lasts in names.PEOPLE for name in firsts.split()],
        "lasts": [name for _firsts, lasts in names.PEOPLE for name in lasts.split()],
        "jobs": list(names.JOBS),
        "places": [f"{city}, {country}" for city, country, _region in names.PLACES],
        "company_firsts": names.COMPANY_FIRST,
        "company_seconds": [second for second, _industry in names.COMPANY_SECOND],
    }


# Temporary, so that the platform's role may make them and they are gone with the connection.
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
