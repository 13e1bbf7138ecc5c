"""The statements that count use against the day and the month of a tenant."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.entitlements.models import QuotaWindow
from lad.tenancy.context import current_tenant_id

# Units of one kind, or for each unit how many there are; of these the entitlement picks its own.
Quantity = Decimal | Mapping[str, Decimal]

TERMS: Final = """
WITH terms AS (
    SELECT entitlement.*, tenant.timezone,
           COALESCE(%(amount)s, (%(units)s::jsonb ->> entitlement.quota_unit)::numeric, 0)::numeric(18,6) AS quantity
    FROM billing_feature_entitlements entitlement JOIN tenants tenant ON tenant.id = entitlement.tenant_id
    WHERE entitlement.tenant_id = %(tenant)s AND entitlement.feature_key = %(feature)s
), windows AS (
    SELECT id, 'day' AS name, (%(at)s AT TIME ZONE timezone)::date AS begins, daily_quota AS quota FROM terms
    UNION ALL SELECT id, 'month', date_trunc('month', %(at)s AT TIME ZONE timezone)::date, monthly_quota FROM terms
)"""

ANSWER: Final = """
SELECT terms.id, terms.feature_key, terms.enabled, terms.quota_unit, terms.quantity, terms.allow_overages,
       terms.overage_rate, terms.timezone, windows.name, windows.begins, windows.quota,
       counted.id, counted.used, counted.nearly_used_at, counted.used_up_at
FROM terms JOIN windows USING (id)
LEFT JOIN counted ON counted.entitlement_id = terms.id AND counted."window" = windows.name
ORDER BY terms.feature_key, windows.name"""

# The month's row is locked before the day's: whoever takes from several days of a month holds it throughout.
TAKE: Final = f"""{TERMS}, counted AS (
    INSERT INTO billing_entitlement_usage AS usage (tenant_id, entitlement_id, "window", window_start, used, quota)
    SELECT terms.tenant_id, terms.id, windows.name, windows.begins, terms.quantity,
           CASE WHEN NOT terms.allow_overages THEN windows.quota END
    FROM terms JOIN windows USING (id)
    WHERE terms.enabled AND terms.quantity > 0
        AND (terms.allow_overages OR windows.quota IS NULL OR terms.quantity <= windows.quota)
    ORDER BY windows.name DESC
    ON CONFLICT (tenant_id, entitlement_id, "window", window_start) DO UPDATE
        SET used = usage.used + EXCLUDED.used, quota = EXCLUDED.quota
        WHERE EXCLUDED.quota IS NULL OR usage.used + EXCLUDED.used <= EXCLUDED.quota
    RETURNING *
){ANSWER}"""

READ: Final = f"""{TERMS}, counted AS (
    SELECT usage.* FROM billing_entitlement_usage usage
    JOIN windows ON usage.entitlement_id = windows.id AND usage."window" = windows.name
        AND usage.window_start = windows.begins
    WHERE usage.tenant_id = %(tenant)s
){ANSWER}"""
READ_ALL: Final = READ.replace(" AND entitlement.feature_key = %(feature)s", "")

GIVE_BACK: Final = f"""{TERMS}, held AS (
    SELECT usage.id FROM billing_entitlement_usage usage
    JOIN windows ON usage.entitlement_id = windows.id AND usage."window" = windows.name
        AND usage.window_start = windows.begins
    WHERE usage.tenant_id = %(tenant)s ORDER BY usage."window" DESC FOR UPDATE OF usage
)
UPDATE billing_entitlement_usage usage SET used = GREATEST(usage.used - terms.quantity, 0)
FROM held, terms WHERE usage.tenant_id = %(tenant)s AND usage.id = held.id"""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of an answer; without ``use_id`` nothing was taken from it, or nothing ever was."""

    name: QuotaWindow
    begins: date
    quota: Decimal | None
    use_id: UUID | None
    used: Decimal | None
    nearly_used_at: datetime | None
    used_up_at: datetime | None

    def beyond(self, quantity: Decimal) -> Decimal:
        """How much of the quantity taken last is beyond the quota."""
        if self.quota is None or self.used is None:
            return Decimal(0)
        return min(max(self.used - self.quota, Decimal(0)), quantity)


@dataclass(frozen=True, slots=True)
class Answer:
    """An entitlement's terms, the quantity in its unit, and its two windows."""

    entitlement_id: UUID
    feature_key: str
    enabled: bool
    unit: str
    quantity: Decimal
    allow_overages: bool
    overage_rate: Decimal | None
    zone: str
    day: Window
    month: Window

    @property
    def windows(self) -> tuple[Window, Window]:
        return self.day, self.month

    def resets_at(self, window: Window) -> datetime:
        """When the next window begins: local midnight, the first one where clocks show it twice."""
        following = window.begins + timedelta(days=1)
        if window.name == QuotaWindow.MONTH:
            following = (window.begins + timedelta(days=31)).replace(day=1)
        return datetime.combine(following, time(), ZoneInfo(self.zone))


def take(feature_key: str, quantity: Quantity, at: datetime) -> Answer | None:
    """Count the quantity in each window that leaves as much; the others have no ``use_id``. None: no entitlement."""
    return next(_answers(TAKE, feature_key, quantity, at), None)


def read(feature_key: str, quantity: Quantity, at: datetime) -> Answer | None:
    """What is counted; None where the feature has no entitlement."""
    return next(_answers(READ, feature_key, quantity, at), None)


def read_all(at: datetime) -> list[Answer]:
    """What is counted of every entitlement of the tenant, by feature."""
    return list(_answers(READ_ALL, "", Decimal(0), at))


def give_back(feature_key: str, quantity: Quantity, at: datetime) -> None:
    """Count that much less in both windows, never below nothing."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, _parameters(feature_key, quantity, at))


def undo(window: Window, quantity: Decimal) -> None:
    """Take back what was just counted in a window, whose row this transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_entitlement_usage SET used = used - %s WHERE tenant_id = %s AND id = %s",
            [quantity, current_tenant_id(), window.use_id],
        )


def _answers(statement: str, feature_key: str, quantity: Quantity, at: datetime) -> Iterator[Answer]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(feature_key, quantity, at))
        rows = cursor.fetchall()
    for of_day, of_month in zip(rows[::2], rows[1::2], strict=True):
        yield Answer(*of_day[:8], *(Window(QuotaWindow(row[8]), *row[9:]) for row in (of_day, of_month)))


def _parameters(feature_key: str, quantity: Quantity, at: datetime) -> dict[str, Any]:
    units = {} if isinstance(quantity, Decimal) else {unit: str(count) for unit, count in quantity.items()}
    return {
        "tenant": current_tenant_id(),
        "feature": feature_key,
        "at": at,
        "amount": quantity if isinstance(quantity, Decimal) else None,
        "units": json.dumps(units),
    }
