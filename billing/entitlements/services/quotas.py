"""Quotas: consume units of a feature from the tenant's current day and month together, or not at all.

A window is a calendar day or month in the tenant's time zone, including days of 23 or 25 hours. When a tenant
changes its time zone, the window that is running goes on until it is over in both zones, so that the change gives
no second quota. A feature without an entitlement has no limit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from billing.entitlements.models import USE, EntitlementUse, FeatureEntitlement
from billing.entitlements.services import windows
from billing.entitlements.services.windows import Quantity, QuotaReading, WindowReading
from lad.errors import Conflict, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id

ZERO: Final = Decimal(0)
# From this share of a quota on, the tenant is notified that it is nearly used up.
NEARLY_USED_SHARE: Final = Decimal("0.8")


class QuotaExceeded(Conflict):
    """This exceeds the quota of the feature. Wait until the quota resets or ask for a higher one."""

    code = "quota_exceeded"


class NotEntitled(NotAllowed):
    """The tenant's plan does not include this feature."""

    code = "not_entitled"


@dataclass(frozen=True, slots=True)
class WindowState:
    """A day or month: its first day, its quota (None for no limit), its use, and when the next one begins."""

    begins: date
    quota: Decimal | None
    used: Decimal
    resets_at: datetime

    @property
    def left(self) -> Decimal | None:
        """Return what can still be used, or None if there is no limit."""
        return None if self.quota is None else max(self.quota - self.used, ZERO)


@dataclass(frozen=True, slots=True)
class RemainingQuota:
    """The remainder of a feature's quotas, counted in ``unit``.

    ``day`` and ``month`` are None without an entitlement. ``overage_rate`` is the price of a unit beyond
    the quotas, or None if use beyond them is refused.
    """

    unit: str = USE
    enabled: bool = True
    overage_rate: Decimal | None = None
    day: WindowState | None = None
    month: WindowState | None = None

    @property
    def left_today(self) -> Decimal | None:
        return self.day.left if self.day else None

    @property
    def left_this_month(self) -> Decimal | None:
        return self.month.left if self.month else None

    @property
    def day_resets_at(self) -> datetime | None:
        return self.day.resets_at if self.day else None

    @property
    def month_resets_at(self) -> datetime | None:
        return self.month.resets_at if self.month else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedQuota(RemainingQuota):
    """The consumption ``within`` both quotas and ``over`` one of them, and the remainder."""

    quantity: Decimal
    within: Decimal
    over: Decimal


def consume(*, feature_key: str, quantity: Quantity, at: datetime) -> ConsumedQuota:
    """Count units in the day and the month of ``at``, in one statement inside the caller's transaction.

    ``quantity`` is in the entitlement's unit, or maps units to amounts, with 1 ``use`` for each use. Emits
    ``billing.entitlement.nearly_used`` and ``.used_up`` once per window. Not idempotent: the caller's record
    of the use must be. Raises QuotaExceeded or NotEntitled and counts nothing then.
    """
    _require_not_negative(quantity)
    reading = windows.take(feature_key, quantity, at)
    if reading is None:
        amount = quantity if isinstance(quantity, Decimal) else quantity.get(USE, ZERO)
        return ConsumedQuota(quantity=amount, within=amount, over=ZERO)
    if not reading.enabled:
        raise NotEntitled(f"The tenant's plan does not include {feature_key}.", feature_key=feature_key)
    if reading.quantity == 0:
        reading = windows.read(feature_key, quantity, at) or reading
        return ConsumedQuota(**_terms(reading), quantity=ZERO, within=ZERO, over=ZERO)
    if any(window.use_id is None for window in reading.windows):
        raise _refusal(feature_key, reading, at)
    for window in reading.windows:
        _emit_use(feature_key, reading, window, at)
    over = max(window.beyond(reading.quantity) for window in reading.windows)
    return ConsumedQuota(**_terms(reading), quantity=reading.quantity, within=reading.quantity - over, over=over)


def give_back(
    *,
    feature_key: str,
    quantity: Quantity,
    at: datetime,
    day: date | None = None,
    month: date | None = None,
    unit: str = "",
) -> None:
    """Give back units that were consumed at ``at``, for use that was voided. A window never falls below 0.

    ``day``, ``month`` and ``unit`` are what was counted, because the tenant's time zone and the entitlement's unit
    may have changed since. A window that was reported as used up is not reported again.
    """
    _require_not_negative(quantity)
    windows.give_back(feature_key, quantity, at, day=day, month=month, unit=unit)


def remaining(*, feature_key: str, now: datetime) -> RemainingQuota:
    """Return what is left of a feature's quotas."""
    reading = windows.read(feature_key, ZERO, now)
    return RemainingQuota(**_terms(reading)) if reading else RemainingQuota()


def remaining_by_feature(*, now: datetime) -> dict[str, RemainingQuota]:
    """Return what is left for every feature with an entitlement, by feature key."""
    return {reading.feature_key: RemainingQuota(**_terms(reading)) for reading in windows.read_all(now)}


def _require_not_negative(quantity: Quantity) -> None:
    amounts = [quantity] if isinstance(quantity, Decimal) else quantity.values()
    if any(amount < 0 for amount in amounts):
        raise ValueError("A quantity to consume or give back cannot be negative.")


def _terms(reading: QuotaReading) -> dict[str, Any]:
    day, month = (
        WindowState(window.begins, window.quota, window.used or ZERO, reading.resets_at(window))
        for window in reading.windows
    )
    rate = reading.overage_rate if reading.allow_overages else None
    return {"unit": reading.unit, "enabled": reading.enabled, "overage_rate": rate, "day": day, "month": month}


def _refusal(feature_key: str, reading: QuotaReading, at: datetime) -> QuotaExceeded:
    """Revert the use in one window. Return the error with the remaining quota and its reset time."""
    short = [window for window in reading.windows if window.use_id is None]
    for window in reading.windows:
        if window.use_id is not None:
            windows.undo(window, reading.quantity)
    left = windows.read(feature_key, ZERO, at) or reading
    state = RemainingQuota(**_terms(left))
    names = {window.name for window in short}
    span = " and ".join("today" if name == "day" else "this month" for name in sorted(names))
    return QuotaExceeded(
        f"{feature_key}: {reading.quantity.normalize():f} {reading.unit} would exceed the quota for {span}.",
        feature_key=feature_key,
        unit=reading.unit,
        required=reading.quantity,
        left_today=state.left_today,
        left_this_month=state.left_this_month,
        resets_at=max(left.resets_at(window) for window in left.windows if window.name in names),
    )


def _emit_use(feature_key: str, reading: QuotaReading, window: WindowReading, at: datetime) -> None:
    """Emit that a quota is nearly or completely used up, unless that was emitted before."""
    if not window.quota or window.used is None or window.used < window.quota * NEARLY_USED_SHARE:
        return
    used_up = window.used >= window.quota
    if window.used_up_at or (window.nearly_used_at and not used_up):
        return
    reached = {"nearly_used_at": window.nearly_used_at or at, **({"used_up_at": at} if used_up else {})}
    EntitlementUse.objects.filter(pk=window.use_id).update(**reached)
    emit(
        "billing.entitlement.used_up" if used_up else "billing.entitlement.nearly_used",
        aggregate=FeatureEntitlement(pk=reading.entitlement_id, tenant_id=current_tenant_id()),
        payload={
            "feature_key": feature_key,
            "window": window.name,
            "quota": window.quota,
            "used": window.used,
            "resets_at": reading.resets_at(window),
        },
    )
