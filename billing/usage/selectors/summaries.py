"""Use summed up over a period: by feature, person, day or component.

Sums take what was used in the period, whenever it was recorded, without what was voided. They read the
index ``billing_usage_occurred`` alone, except for components, which lie in the rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.money import DEFAULT_CURRENCY
from lad.errors import Invalid
from lad.tenancy.context import require_scope
from tenants.accounts.models import User
from tenants.teams.models import Tenant

DEFAULT_DAYS: Final = 30
MOST_DAYS: Final = 366
# Of features, people and components so many are listed, those that cost most; the sums are over all.
MOST_LINES: Final = 500
NOTHING: Final = Decimal(0)
HUNDREDTH: Final = Decimal("0.01")


class By(StrEnum):
    FEATURE = "feature"
    USER = "user"
    DAY = "day"
    COMPONENT = "component"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of a time zone, both ends included."""

    first: date
    last: date
    zone: str = "UTC"

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def ends(self) -> datetime:
        """The moment after its last one."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days, right before."""
        days = timedelta(days=self.length)
        return Period(self.first - days, self.last - days, self.zone)

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the use in a period is summed; an empty value leaves nothing out but what was voided."""

    feature_key: str = ""
    user_id: UUID | None = None
    status: str = ""
    currency: str = DEFAULT_CURRENCY


@dataclass(frozen=True, slots=True)
class Component:
    """What a price stands for: one thing that is counted and paid for."""

    category: str
    provider: str
    model: str
    unit: str

    def __str__(self) -> str:
        return f"{self.category} · {self.provider} · {self.model}"


@dataclass(frozen=True, slots=True)
class Line:
    """The use under one key; the quantity where it is all in one unit."""

    key: Any
    uses: int
    cost: Decimal
    charged: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The lines that cost most (days: all, in their order), and the sums over every line there is."""

    lines: list[Line] = field(default_factory=list)
    uses: int = 0
    cost: Decimal = NOTHING
    charged: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Trend:
    """What this month cost until now, and the last one: all of it, and until the same day and hour of it.

    ``percentage_change`` compares what can be compared; None where there was nothing before.
    """

    this_month: Decimal
    last_month: Decimal
    last_month_to_date: Decimal

    @property
    def percentage_change(self) -> Decimal | None:
        if not self.last_month_to_date:
            return None
        return percentage(self.this_month - self.last_month_to_date, self.last_month_to_date)


SOURCE: Final = """
FROM billing_usage_events event
WHERE tenant_id = ANY(%(tenants)s) AND occurred_at >= %(begins)s AND occurred_at < %(ends)s
    AND currency = %(currency)s AND status <> 'voided'"""
SUMS: Final = "count(*), sum(total_cost), COALESCE(sum(total_cost) FILTER (WHERE status = 'charged'), 0)"
OVER_ALL: Final = (
    "sum(count(*)) OVER (), sum(sum(total_cost)) OVER (), "
    "COALESCE(sum(sum(total_cost) FILTER (WHERE status = 'charged')) OVER (), 0)"
)
KEYS: Final = {
    By.FEATURE: "feature_key",
    By.USER: "user_id",
    By.DAY: "(occurred_at AT TIME ZONE %(zone)s)::date",
    By.STATUS: "status",
}
BY_COMPONENT: Final = """
WITH items AS (
    SELECT item.*, event.status {source}
)
SELECT category, provider, model, unit, count(*), sum(cost),
       COALESCE(sum(cost) FILTER (WHERE status = 'charged'), 0), sum(quantity),
       sum(count(*)) OVER (), sum(sum(cost)) OVER (),
       COALESCE(sum(sum(cost) FILTER (WHERE status = 'charged')) OVER (), 0)
FROM items GROUP BY category, provider, model, unit
ORDER BY sum(cost) DESC, category, provider, model, unit LIMIT %(limit)s"""
ITEMS: Final = """ CROSS JOIN LATERAL jsonb_to_recordset(event.usage_items)
    AS item(category text, provider text, model text, unit text, quantity numeric, cost numeric)"""
TREND: Final = (
    "SELECT COALESCE(sum(total_cost) FILTER (WHERE occurred_at >= %(month)s), 0), "
    "COALESCE(sum(total_cost) FILTER (WHERE occurred_at < %(month)s), 0), "
    "COALESCE(sum(total_cost) FILTER (WHERE occurred_at < %(same_moment)s), 0)"
)


def zone_of_scope() -> str:
    """The time zone of the current tenant; UTC for the platform as a whole."""
    tenant_id = require_scope().tenant_id
    if tenant_id is None:
        return "UTC"
    return str(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def period_of(*, first: date | None, last: date | None, zone: str, now: datetime) -> Period:
    """The period asked for; the last 30 days until today where an end is left open.

    Raises Invalid when it ends before it begins or has more than 366 days.
    """
    until = last or (first + timedelta(days=DEFAULT_DAYS - 1) if first else now.astimezone(ZoneInfo(zone)).date())
    since = first or until - timedelta(days=DEFAULT_DAYS - 1)
    found = Period(since, until, zone)
    if until < since:
        raise Invalid(errors={"to": ["The period ends before it begins."]})
    if found.length > MOST_DAYS:
        raise Invalid(errors={"from": [f"At most {MOST_DAYS} days at once; ask for {found.length} in parts."]})
    return found


def summarise(*, by: By, period: Period, chosen: Chosen | None = None) -> Summary:
    """The use of the period in the current scope, in one statement."""
    wanted = chosen or Chosen()
    source, parameters = source_of(period, wanted)
    if by == By.COMPONENT:
        rows = fetched(BY_COMPONENT.format(source=with_items(source)), parameters)
        lines = [Line(Component(*row[:4]), row[4], row[5], row[6], row[7]) for row in rows]
    else:
        key = KEYS[by]
        order = "1" if by == By.DAY else "sum(total_cost) DESC, 1"
        statement = f"SELECT {key}, {SUMS}, {OVER_ALL} {source} GROUP BY 1 ORDER BY {order} LIMIT %(limit)s"
        rows = fetched(statement, parameters)
        lines = [Line(*row[:4]) for row in rows]
    return Summary(lines, int(rows[0][-3]), rows[0][-2], rows[0][-1]) if rows else Summary()


def daily(period: Period, summary: Summary) -> list[Line]:
    """A line for every day of the period, also where nothing was used."""
    found = {line.key: line for line in summary.lines}
    return [found.get(day) or Line(day, 0, NOTHING, NOTHING) for day in period.days()]


def names_of(by: By, lines: Iterable[Line]) -> dict[Any, str]:
    """What people call the keys of the lines."""
    keys = [line.key for line in lines]
    if by != By.USER:
        return {key: str(key) for key in keys}
    found = users(key for key in keys if key)
    return {key: found[key].full_name if key in found else ("Somebody" if key else "Nobody") for key in keys}


def users(keys: Iterable[UUID]) -> dict[UUID, User]:
    """Those of the people whom the scope may see."""
    return dict(User.objects.in_bulk(list(keys)))


def trend(*, now: datetime, zone: str, chosen: Chosen | None = None) -> Trend:
    """This month against the last one, by the calendar of the time zone."""
    here = now.astimezone(ZoneInfo(zone))
    month = here.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    last_day = month.date() - timedelta(days=1)
    last_month = month.replace(year=last_day.year, month=last_day.month)
    same_moment = here.replace(year=last_day.year, month=last_day.month, day=min(here.day, last_day.day))
    source, parameters = source_of(Period(last_month.date(), here.date(), zone), chosen or Chosen())
    moments = {"ends": now, "month": month, "same_moment": month if here.day > last_day.day else same_moment}
    return Trend(*fetched(TREND + source, {**parameters, **moments})[0])


def percentage(part: Decimal, whole: Decimal) -> Decimal:
    """How many hundredths of the whole, to two places, half up; 0 of nothing."""
    return (part * 100 / whole).quantize(HUNDREDTH, ROUND_HALF_UP) if whole else NOTHING


def source_of(period: Period, chosen: Chosen) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of the use that is meant, with their parameters."""
    conditions = {
        "feature_key = %(feature_key)s": chosen.feature_key,
        "user_id = %(user_id)s": chosen.user_id,
        "status = %(status)s": chosen.status,
    }
    source = SOURCE + "".join(f" AND {condition}" for condition, value in conditions.items() if value)
    return source, {
        **_tenants(),
        "begins": period.begins,
        "ends": period.ends,
        "zone": period.zone,
        "currency": chosen.currency,
        "feature_key": chosen.feature_key,
        "user_id": chosen.user_id,
        "status": chosen.status,
        "limit": MOST_LINES,
    }


def _tenants() -> dict[str, Any]:
    """The tenants of the scope, by their ids: the index leads with them."""
    scope = require_scope()
    if scope.tenant_id is not None:
        return {"tenants": [scope.tenant_id]}
    return {"tenants": list(Tenant.all_objects.values_list("pk", flat=True))}


def with_items(source: str) -> str:
    """The same with a row for each component: ``item`` beside ``event``."""
    return source.replace("event\n", f"event{ITEMS}\n", 1)


def fetched(statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
