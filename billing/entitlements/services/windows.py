"""SQL statements that count use in a tenant's current day and month."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.entitlements.models import QuotaWindow
from lad.tenancy.context import current_tenant_id

# A number of the entitlement's units, or a number for each unit, from which the entitlement picks its own.
Quantity = Decimal | Mapping[str, Decimal]

TERMS: Final = """
WITH terms AS (
    SELECT entitlement.*, tenant.timezone,
           COALESCE(%(amount)s, (%(units)s::jsonb ->> entitlement.quota_unit)::numeric, 0)::numeric(18,6) AS quantity
    FROM billing_feature_entitlements entitlement JOIN tenants tenant ON tenant.id = entitlement.tenant_id
    WHERE entitlement.tenant_id = %(tenant)s AND entitlement.feature_key = %(feature)s
), windows AS (
    SELECT id, quota_unit AS unit, 'day' AS name, (%(at)s AT TIME ZONE timezone)::date AS begins, daily_quota AS quota
    FROM terms
    UNION ALL
    SELECT id, quota_unit, 'month', date_trunc('month', %(at)s AT TIME ZONE timezone)::date, monthly_quota FROM terms
)"""
# The windows of a day that was counted before, whatever the time zone is now.
COUNTED_TERMS: Final = TERMS.replace(
    "%(at)s AT TIME ZONE timezone", "COALESCE(%(day)s::timestamp, %(at)s AT TIME ZONE timezone)"
)

READING: Final = """
SELECT terms.id, terms.feature_key, terms.enabled, terms.quota_unit, terms.quantity, terms.allow_overages,
       terms.overage_rate, terms.timezone, windows.name, windows.begins, windows.quota,
       counted.id, counted.used, counted.nearly_used_at, counted.used_up_at
FROM terms JOIN windows USING (id)
LEFT JOIN counted ON counted.entitlement_id = terms.id AND counted."window" = windows.name
ORDER BY terms.feature_key, windows.name"""

# Lock the month before the day, so that calls for different days of a month cannot deadlock.
TAKE: Final = f"""{TERMS}, counted AS (
    INSERT INTO billing_entitlement_usage AS usage
        (tenant_id, entitlement_id, "window", window_start, quota_unit, used, quota)
    SELECT terms.tenant_id, terms.id, windows.name, windows.begins, windows.unit, terms.quantity,
           CASE WHEN NOT terms.allow_overages THEN windows.quota END
    FROM terms JOIN windows USING (id)
    WHERE terms.enabled AND terms.quantity > 0
        AND (terms.allow_overages OR windows.quota IS NULL OR terms.quantity <= windows.quota)
    ORDER BY windows.name DESC
    ON CONFLICT (tenant_id, entitlement_id, "window", window_start, quota_unit) DO UPDATE
        SET used = usage.used + EXCLUDED.used, quota = EXCLUDED.quota
        WHERE EXCLUDED.quota IS NULL OR usage.used + EXCLUDED.used <= EXCLUDED.quota
    RETURNING *
){READING}"""

READ: Final = f"""{TERMS}, counted AS (
    SELECT usage.* FROM billing_entitlement_usage usage
    JOIN windows ON usage.entitlement_id = windows.id AND usage."window" = windows.name
        AND usage.window_start = windows.begins AND usage.quota_unit = windows.unit
    WHERE usage.tenant_id = %(tenant)s
){READING}"""
READ_ALL: Final = READ.replace(" AND entitlement.feature_key = %(feature)s", "")

GIVE_BACK: Final = f"""{COUNTED_TERMS}, held AS (
    SELECT usage.id FROM billing_entitlement_usage usage
    JOIN windows ON usage.entitlement_id = windows.id AND usage."window" = windows.name
        AND usage.window_start = windows.begins AND usage.quota_unit = COALESCE(NULLIF(%(unit)s, ''), windows.unit)
    WHERE usage.tenant_id = %(tenant)s ORDER BY usage."window" DESC FOR UPDATE OF usage
)
UPDATE billing_entitlement_usage usage SET used = GREATEST(usage.used - terms.quantity, 0)
FROM held, terms WHERE usage.tenant_id = %(tenant)s AND usage.id = held.id"""


@dataclass(frozen=True, slots=True)
class WindowReading:
    """One window of a reading. ``use_id`` is None if nothing was counted in it."""

    name: QuotaWindow
    begins: date
    quota: Decimal | None
    use_id: UUID | None
    used: Decimal | None
    nearly_used_at: datetime | None
    used_up_at: datetime | None

    def beyond(self, quantity: Decimal) -> Decimal:
        """Return the part of the last counted quantity that exceeds the quota."""
        if self.quota is None or self.used is None:
            return Decimal(0)
        return min(max(self.used - self.quota, Decimal(0)), quantity)


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """An entitlement's terms, the quantity in its unit, and its current day and month."""

    entitlement_id: UUID
    feature_key: str
    enabled: bool
    unit: str
    quantity: Decimal
    allow_overages: bool
    overage_rate: Decimal | None
    zone: str
    day: WindowReading
    month: WindowReading

    @property
    def windows(self) -> tuple[WindowReading, WindowReading]:
        return self.day, self.month

    def resets_at(self, window: WindowReading) -> datetime:
        """Return the local midnight at which the next window begins, the first one if it occurs twice."""
        next_begins = window.begins + timedelta(days=1)
        if window.name == QuotaWindow.MONTH:
            next_begins = (window.begins + timedelta(days=31)).replace(day=1)
        return datetime.combine(next_begins, time(), ZoneInfo(self.zone))


def take(feature_key: str, quantity: Quantity, at: datetime) -> QuotaReading | None:
    """Count the quantity in each window with enough quota left. The others get no ``use_id``.

    Return None if the feature has no entitlement.
    """
    return next(_readings(TAKE, feature_key, quantity, at), None)


def read(feature_key: str, quantity: Quantity, at: datetime) -> QuotaReading | None:
    """Return what is counted now, or None if the feature has no entitlement."""
    return next(_readings(READ, feature_key, quantity, at), None)


def read_all(at: datetime) -> list[QuotaReading]:
    """Return what is counted now for every entitlement of the tenant, ordered by feature."""
    return list(_readings(READ_ALL, "", Decimal(0), at))


def give_back(feature_key: str, quantity: Quantity, at: datetime, *, day: date | None = None, unit: str = "") -> None:
    """Subtract the quantity from both windows of the day, or else of the moment, but not below 0.

    Without a ``unit`` it is the entitlement's.
    """
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {**_parameters(feature_key, quantity, at), "day": day, "unit": unit})


def undo(window: WindowReading, quantity: Decimal) -> None:
    """Undo what this transaction has just counted in a window."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_entitlement_usage SET used = used - %s WHERE tenant_id = %s AND id = %s",
            [quantity, current_tenant_id(), window.use_id],
        )


def _readings(statement: str, feature_key: str, quantity: Quantity, at: datetime) -> Iterator[QuotaReading]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(feature_key, quantity, at))
        rows = cursor.fetchall()
    for day, month in zip(rows[::2], rows[1::2], strict=True):
        yield QuotaReading(*day[:8], *(WindowReading(QuotaWindow(row[8]), *row[9:]) for row in (day, month)))


def _parameters(
    feature_key: str, quantity: Quantity, at: datetime
) -> dict[str, str | datetime | Decimal | UUID | None]:
    units = {} if isinstance(quantity, Decimal) else {unit: str(count) for unit, count in quantity.items()}
    return {
        "tenant": current_tenant_id(),
        "feature": feature_key,
        "at": at,
        "amount": quantity if isinstance(quantity, Decimal) else None,
        "units": json.dumps(units),
    }
