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

ENTITLED: Final = """
WITH terms AS (
    SELECT entitlement.*, tenant.timezone,
           COALESCE(%(amount)s, (%(units)s::jsonb ->> entitlement.quota_unit)::numeric, 0)::numeric(18,6) AS quantity
    FROM billing_feature_entitlements entitlement JOIN tenants tenant ON tenant.id = entitlement.tenant_id
    WHERE entitlement.tenant_id = %(tenant)s AND entitlement.feature_key = %(feature)s
)"""
# A window that began in another time zone goes on until it is over in that zone and in the tenant's zone of today.
# So a change of zone neither ends a window early nor opens an earlier one again. Dates differ by two days at most.
TERMS: Final = f"""{ENTITLED}, windows AS (
    SELECT terms.id, terms.quota_unit AS unit, span.name, span.quota,
           COALESCE(running.begins, today.begins) AS begins, COALESCE(running.timezone, terms.timezone) AS timezone
    FROM terms
    CROSS JOIN LATERAL (VALUES ('day', terms.daily_quota), ('month', terms.monthly_quota)) AS span (name, quota)
    CROSS JOIN LATERAL (
        SELECT date_trunc(span.name, %(at)s AT TIME ZONE terms.timezone)::date AS begins,
               date_trunc(span.name, (%(at)s AT TIME ZONE terms.timezone) + interval '2 days')::date AS farthest
    ) AS today
    LEFT JOIN LATERAL (
        SELECT usage.window_start AS begins, usage.timezone FROM billing_entitlement_usage usage
        WHERE usage.tenant_id = terms.tenant_id AND usage.entitlement_id = terms.id AND usage."window" = span.name
            AND usage.quota_unit = terms.quota_unit AND usage.window_start <= today.farthest
        ORDER BY usage.window_start DESC LIMIT 1
    ) AS running ON running.timezone <> terms.timezone AND running.begins
        >= LEAST(today.begins, date_trunc(span.name, %(at)s AT TIME ZONE running.timezone)::date)
)"""
# The windows in which a use was counted. Use that was recorded before they were kept is in those of its own time.
COUNTED_TERMS: Final = f"""{ENTITLED}, windows AS (
    SELECT id, quota_unit AS unit, 'day' AS name,
           COALESCE(%(day)s, (%(at)s AT TIME ZONE timezone)::date) AS begins
    FROM terms
    UNION ALL
    SELECT id, quota_unit, 'month',
           COALESCE(%(month)s, date_trunc('month', COALESCE(%(day)s::timestamp, %(at)s AT TIME ZONE timezone))::date)
    FROM terms
)"""

READING: Final = """
SELECT terms.id, terms.feature_key, terms.enabled, terms.quota_unit, terms.quantity, terms.allow_overages,
       terms.overage_rate, terms.timezone, windows.name, windows.begins, windows.quota, windows.timezone,
       counted.id, counted.used, counted.nearly_used_at, counted.used_up_at
FROM terms JOIN windows USING (id)
LEFT JOIN counted ON counted.entitlement_id = terms.id AND counted."window" = windows.name
ORDER BY terms.feature_key, windows.name"""

# Lock the month before the day, so that calls for different days of a month cannot deadlock.
TAKE: Final = f"""{TERMS}, counted AS (
    INSERT INTO billing_entitlement_usage AS usage
        (tenant_id, entitlement_id, "window", window_start, timezone, quota_unit, used, quota)
    SELECT terms.tenant_id, terms.id, windows.name, windows.begins, windows.timezone, windows.unit, terms.quantity,
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
    """One window of a reading. ``zone`` is where it began. ``use_id`` is None if nothing was counted in it."""

    name: QuotaWindow
    begins: date
    quota: Decimal | None
    zone: str
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
        """Return when the next window begins: at local midnight, the first one if it occurs twice.

        A window that began in another time zone lasts until midnight in both.
        """
        next_begins = window.begins + timedelta(days=1)
        if window.name == QuotaWindow.MONTH:
            next_begins = (window.begins + timedelta(days=31)).replace(day=1)
        return max(datetime.combine(next_begins, time(), ZoneInfo(zone)) for zone in (self.zone, window.zone))


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


def give_back(
    feature_key: str,
    quantity: Quantity,
    at: datetime,
    *,
    day: date | None = None,
    month: date | None = None,
    unit: str = "",
) -> None:
    """Subtract the quantity from the windows of ``day`` and ``month``, or else of the moment, but not below 0.

    Without a ``unit`` it is the entitlement's.
    """
    counted = {"day": day, "month": month, "unit": unit}
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {**_parameters(feature_key, quantity, at), **counted})


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
