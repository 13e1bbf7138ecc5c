"""Quotas: units of a feature are taken from the tenant's day and month together, or not at all.

A window is a calendar day or month in the tenant's time zone, from one local midnight to the next, also
where that is 23 or 25 hours. A feature without an entitlement has no limit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from billing.entitlements.models import USE, EntitlementUse, FeatureEntitlement
from billing.entitlements.services import windows as quota_windows
from billing.entitlements.services.windows import Answer, Quantity, Window
from lad.errors import Conflict, NotAllowed
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id

NOTHING: Final = Decimal(0)
# From this part of a quota on the tenant is told that it nears its end.
NEARLY: Final = Decimal("0.8")


class QuotaExceeded(Conflict):
    """The quota of this feature does not leave that much."""

    code = "quota_exceeded"


class NotEntitled(NotAllowed):
    """This feature is not part of what the tenant may use."""

    code = "not_entitled"


@dataclass(frozen=True, slots=True)
class WindowState:
    """One window: the day it begins, its quota (None for no limit), what was used, and when the next one begins."""

    begins: date
    quota: Decimal | None
    used: Decimal
    resets_at: datetime

    @property
    def left(self) -> Decimal | None:
        """What can still be used; None for no limit."""
        return None if self.quota is None else max(self.quota - self.used, NOTHING)


@dataclass(frozen=True, slots=True)
class Left:
    """A feature's quotas and what they leave, counted in ``unit``; None for no limit or no entitlement.

    ``overage_rate`` is what a unit beyond them costs, None where those are refused.
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
class Consumed(Left):
    """What was taken: ``within`` both quotas, and ``over`` one of them at ``overage_rate`` each; and what is left."""

    quantity: Decimal
    within: Decimal
    over: Decimal


def consume(*, feature_key: str, quantity: Quantity, at: datetime) -> Consumed:
    """Take units from the day and the month of ``at``, in one statement inside the caller's transaction.

    ``quantity`` is in the entitlement's unit, or says for each unit how much of it there is; a use counts
    1 ``use``. Emits ``billing.entitlement.nearly_used`` and ``.used_up`` once per window. Idempotent is the
    caller's record, not this. Raises QuotaExceeded or NotEntitled; then nothing is taken.
    """
    _refuse_negative(quantity)
    answer = quota_windows.take(feature_key, quantity, at)
    if answer is None:
        amount = quantity if isinstance(quantity, Decimal) else quantity.get(USE, NOTHING)
        return Consumed(quantity=amount, within=amount, over=NOTHING)
    if not answer.enabled:
        raise NotEntitled(f"{feature_key} is not part of what the tenant may use.", feature_key=feature_key)
    if answer.quantity == 0:
        answer = quota_windows.read(feature_key, quantity, at) or answer
        return Consumed(**_terms(answer), quantity=NOTHING, within=NOTHING, over=NOTHING)
    if any(window.use_id is None for window in answer.windows):
        raise _refusal(feature_key, answer, at)
    for window in answer.windows:
        _tell(feature_key, answer, window, at)
    over = max(window.beyond(answer.quantity) for window in answer.windows)
    return Consumed(**_terms(answer), quantity=answer.quantity, within=answer.quantity - over, over=over)


def give_back(*, feature_key: str, quantity: Quantity, at: datetime) -> None:
    """Return to the windows of ``at`` what ``consume`` took then, for work that was voided; never below nothing.

    A window that told it was used up does not tell so again.
    """
    _refuse_negative(quantity)
    quota_windows.give_back(feature_key, quantity, at)


def left(*, feature_key: str, now: datetime) -> Left:
    """What a feature's quotas leave at that moment."""
    answer = quota_windows.read(feature_key, NOTHING, now)
    return Left(**_terms(answer)) if answer else Left()


def all_left(*, now: datetime) -> dict[str, Left]:
    """The same for every feature that has an entitlement, by its key."""
    return {answer.feature_key: Left(**_terms(answer)) for answer in quota_windows.read_all(now)}


def _refuse_negative(quantity: Quantity) -> None:
    amounts = [quantity] if isinstance(quantity, Decimal) else quantity.values()
    if any(amount < 0 for amount in amounts):
        raise ValueError("A quantity to take or to give back cannot be negative.")


def _terms(answer: Answer) -> dict[str, Any]:
    day, month = (
        WindowState(window.begins, window.quota, window.used or NOTHING, answer.resets_at(window))
        for window in answer.windows
    )
    rate = answer.overage_rate if answer.allow_overages else None
    return {"unit": answer.unit, "enabled": answer.enabled, "overage_rate": rate, "day": day, "month": month}


def _refusal(feature_key: str, answer: Answer, at: datetime) -> QuotaExceeded:
    """Undoes what one window let through, and says what there is and when there is more."""
    short = [window for window in answer.windows if window.use_id is None]
    for window in answer.windows:
        if window.use_id is not None:
            quota_windows.undo(window, answer.quantity)
    now = quota_windows.read(feature_key, NOTHING, at)
    state = Left(**_terms(now or answer))
    span = " and ".join("today" if window.name == "day" else "this month" for window in short)
    return QuotaExceeded(
        f"{feature_key}: the quota of {span} does not leave {answer.quantity.normalize():f} of unit {answer.unit}.",
        feature_key=feature_key,
        unit=answer.unit,
        required=answer.quantity,
        left_today=state.left_today,
        left_this_month=state.left_this_month,
        resets_at=max(answer.resets_at(window) for window in short),
    )


def _tell(feature_key: str, answer: Answer, window: Window, at: datetime) -> None:
    """Emits that a quota nears its end or has reached it, where that was not told before."""
    if not window.quota or window.used is None or window.used < window.quota * NEARLY:
        return
    ended = window.used >= window.quota
    if window.used_up_at or (window.nearly_used_at and not ended):
        return
    moments = {"nearly_used_at": window.nearly_used_at or at, **({"used_up_at": at} if ended else {})}
    EntitlementUse.objects.filter(pk=window.use_id).update(**moments)
    emit(
        "billing.entitlement.used_up" if ended else "billing.entitlement.nearly_used",
        aggregate=FeatureEntitlement(pk=answer.entitlement_id, tenant_id=current_tenant_id()),
        payload={
            "feature_key": feature_key,
            "window": window.name,
            "quota": window.quota,
            "used": window.used,
            "resets_at": answer.resets_at(window),
        },
    )
