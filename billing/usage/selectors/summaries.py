"""Usage summed up over a period: by feature, user, day, status or component.

Sums include everything used in the period, whenever it was recorded, except voided events. They are
index-only scans of ``billing_usage_occurred``, except by component, which reads the rows.
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
MAX_DAYS: Final = 366
# The most expensive features, users or components are listed; totals include all of them.
MAX_LINES: Final = 500
ZERO: Final = Decimal(0)
HUNDREDTH: Final = Decimal("0.01")


class GroupBy(StrEnum):
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
        """Return the end of the period, exclusive."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))

    @property
    def length(self) -> int:
        """Return the number of days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """Return the period of the same length that ends the day before."""
        days = timedelta(days=self.length)
        return Period(self.first - days, self.last - days, self.zone)

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Which usage in a period is summed. An empty value does not filter."""

    feature_key: str = ""
    user_id: UUID | None = None
    status: str = ""
    currency: str = DEFAULT_CURRENCY


@dataclass(frozen=True, slots=True)
class Component:
    """A countable item with a price: one unit of one provider's model."""

    category: str
    provider: str
    model: str
    unit: str

    def __str__(self) -> str:
        return f"{self.category} · {self.provider} · {self.model}"


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """The usage under one key. ``quantity`` is set where all of it is in one unit."""

    # A feature key, a status, a user id or None, a day, or a component.
    key: Any
    uses: int
    cost: Decimal
    charged: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """The most expensive lines, or every day in order, with totals over all lines."""

    lines: list[SummaryLine] = field(default_factory=list)
    uses: int = 0
    cost: Decimal = ZERO
    charged: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class CostTrend:
    """The cost of this month so far, of all of last month, and of last month up to the same day and time.

    ``percentage_change`` compares this month with last month to date; None if nothing was used then.
    """

    this_month: Decimal
    last_month: Decimal
    last_month_to_date: Decimal

    @property
    def percentage_change(self) -> Decimal | None:
        if not self.last_month_to_date:
            return None
        return percentage(self.this_month - self.last_month_to_date, self.last_month_to_date)


FILTERED_EVENTS: Final = """
FROM billing_usage_events event
WHERE tenant_id = ANY(%(tenants)s) AND occurred_at >= %(begins)s AND occurred_at < %(ends)s
    AND currency = %(currency)s AND status <> 'voided'"""
SUMS: Final = "count(*), sum(total_cost), COALESCE(sum(total_cost) FILTER (WHERE status = 'charged'), 0)"
GRAND_TOTALS: Final = (
    "sum(count(*)) OVER (), sum(sum(total_cost)) OVER (), "
    "COALESCE(sum(sum(total_cost) FILTER (WHERE status = 'charged')) OVER (), 0)"
)
GROUP_COLUMNS: Final = {
    GroupBy.FEATURE: "feature_key",
    GroupBy.USER: "user_id",
    GroupBy.DAY: "(occurred_at AT TIME ZONE %(zone)s)::date",
    GroupBy.STATUS: "status",
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


def scope_timezone() -> str:
    """Return the current tenant's time zone, or UTC for the whole platform."""
    tenant_id = require_scope().tenant_id
    if tenant_id is None:
        return "UTC"
    return str(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def resolve_period(*, first: date | None, last: date | None, zone: str, now: datetime) -> Period:
    """Return the requested period. Without dates it is the last 30 days; with one date, 30 days from or to it.

    Raises Invalid if the period ends before it begins or has more than 366 days.
    """
    until = last or (first + timedelta(days=DEFAULT_DAYS - 1) if first else now.astimezone(ZoneInfo(zone)).date())
    since = first or until - timedelta(days=DEFAULT_DAYS - 1)
    found = Period(since, until, zone)
    if until < since:
        raise Invalid(errors={"to": ["The period ends before it begins."]})
    if found.length > MAX_DAYS:
        raise Invalid(errors={"from": [f"The period has {found.length} days; choose at most {MAX_DAYS}."]})
    return found


def summarise(*, by: GroupBy, period: Period, usage_filter: UsageFilter | None = None) -> UsageSummary:
    """Sum up the usage of the period in the current scope with one query."""
    applied = usage_filter or UsageFilter()
    source, parameters = filtered_source(period, applied)
    if by == GroupBy.COMPONENT:
        rows = fetch_all(BY_COMPONENT.format(source=with_items(source)), parameters)
        lines = [SummaryLine(Component(*row[:4]), row[4], row[5], row[6], row[7]) for row in rows]
    else:
        key = GROUP_COLUMNS[by]
        order = "1" if by == GroupBy.DAY else "sum(total_cost) DESC, 1"
        statement = f"SELECT {key}, {SUMS}, {GRAND_TOTALS} {source} GROUP BY 1 ORDER BY {order} LIMIT %(limit)s"
        rows = fetch_all(statement, parameters)
        lines = [SummaryLine(*row[:4]) for row in rows]
    return UsageSummary(lines, int(rows[0][-3]), rows[0][-2], rows[0][-1]) if rows else UsageSummary()


def daily(period: Period, summary: UsageSummary) -> list[SummaryLine]:
    """Return a line for every day of the period, including days without usage."""
    found = {line.key: line for line in summary.lines}
    return [found.get(day) or SummaryLine(day, 0, ZERO, ZERO) for day in period.days()]


def display_names(by: GroupBy, lines: Iterable[SummaryLine]) -> dict[Any, str]:
    """Return the display name of each line's key."""
    keys = [line.key for line in lines]
    if by != GroupBy.USER:
        return {key: str(key) for key in keys}
    found = visible_users(key for key in keys if key)
    return {key: found[key].full_name if key in found else ("Somebody" if key else "Nobody") for key in keys}


def visible_users(keys: Iterable[UUID]) -> dict[UUID, User]:
    """Return the users among the keys that the current scope may see, by id."""
    return dict(User.objects.in_bulk(list(keys)))


def trend(*, now: datetime, zone: str, usage_filter: UsageFilter | None = None) -> CostTrend:
    """Compare this calendar month with the last one in the time zone."""
    here = now.astimezone(ZoneInfo(zone))
    month = here.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    last_day = month.date() - timedelta(days=1)
    last_month = month.replace(year=last_day.year, month=last_day.month)
    same_moment = here.replace(year=last_day.year, month=last_day.month, day=min(here.day, last_day.day))
    source, parameters = filtered_source(Period(last_month.date(), here.date(), zone), usage_filter or UsageFilter())
    moments = {"ends": now, "month": month, "same_moment": month if here.day > last_day.day else same_moment}
    return CostTrend(*fetch_all(TREND + source, {**parameters, **moments})[0])


def percentage(part: Decimal, whole: Decimal) -> Decimal:
    """Return the percentage to two decimals, rounded half up; 0 if the whole is 0."""
    return (part * 100 / whole).quantize(HUNDREDTH, ROUND_HALF_UP) if whole else ZERO


def filtered_source(period: Period, usage_filter: UsageFilter) -> tuple[str, dict[str, Any]]:
    """Return FROM and WHERE for the usage to sum, and the query parameters."""
    conditions = {
        "feature_key = %(feature_key)s": usage_filter.feature_key,
        "user_id = %(user_id)s": usage_filter.user_id,
        "status = %(status)s": usage_filter.status,
    }
    source = FILTERED_EVENTS + "".join(f" AND {condition}" for condition, value in conditions.items() if value)
    return source, {
        **_tenants(),
        "begins": period.begins,
        "ends": period.ends,
        "zone": period.zone,
        "currency": usage_filter.currency,
        "feature_key": usage_filter.feature_key,
        "user_id": usage_filter.user_id,
        "status": usage_filter.status,
        "limit": MAX_LINES,
    }


def _tenants() -> dict[str, Any]:
    """Return the ids of the scope's tenants, which lead the index."""
    scope = require_scope()
    if scope.tenant_id is not None:
        return {"tenants": [scope.tenant_id]}
    return {"tenants": list(Tenant.all_objects.values_list("pk", flat=True))}


def with_items(source: str) -> str:
    """Join each event's items as ``item``."""
    return source.replace("event\n", f"event{ITEMS}\n", 1)


def fetch_all(statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Run the statement and return all rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
