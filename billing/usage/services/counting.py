"""Count uses against the quotas of their feature, and give back units that were counted and not used."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing.entitlements.models import USE
from billing.entitlements.services import quotas
from billing.entitlements.services.quotas import ConsumedQuota, NotEntitled, QuotaExceeded
from billing.pricing.services import quoting
from billing.pricing.services.quoting import PricedItem, UsageItem
from billing.usage.models import UsageEvent
from lad.errors import DomainError


def count(
    feature_key: str, items: Sequence[UsageItem], events: Sequence[UsageEvent], now: datetime
) -> dict[UUID, DomainError]:
    """Count the uses against the feature's quotas: all at once where they fit, else one by one."""
    if not events:
        return {}
    try:
        with transaction.atomic():
            taken = _consume(feature_key, items, len(events), now)
            if taken.over:
                raise QuotaExceeded
    except (QuotaExceeded, NotEntitled):
        return dict(_count_singly(feature_key, items, events, now))
    for event in events:
        note(event, taken, taken.quantity / len(events))
    return {}


def note(event: UsageEvent, taken: ConsumedQuota, quantity: Decimal) -> bool:
    """Set on the event what was counted for it. Return False if nothing was counted. The caller stores the event."""
    if taken.unit == USE and not (taken.day or taken.month):
        return False
    event.quota_units, event.quota_unit = quantity, taken.unit
    event.quota_day = taken.day.begins if taken.day else None
    event.quota_month = taken.month.begins if taken.month else None
    return True


def beyond(feature_key: str, taken: ConsumedQuota) -> list[PricedItem]:
    """Return the units beyond the quota as an item at the entitlement's overage rate, or nothing."""
    if not taken.over:
        return []
    rate = taken.overage_rate or Decimal(0)
    return [quoting.overage(feature_key=feature_key, unit=taken.unit, quantity=taken.over, rate=rate)]


def give_back(event: UsageEvent, quantity: Decimal) -> None:
    """Return this many of the event's units to the quota that counted them."""
    if quantity:
        quotas.give_back(
            feature_key=event.feature_key,
            quantity=quantity,
            at=event.created_at,
            day=event.quota_day,
            month=event.quota_month,
            unit=event.quota_unit,
        )


def _count_singly(
    feature_key: str, items: Sequence[UsageItem], events: Sequence[UsageEvent], now: datetime
) -> Iterator[tuple[UUID, DomainError]]:
    for event in events:
        try:
            with transaction.atomic():
                taken = _consume(feature_key, items, 1, now)
        except (QuotaExceeded, NotEntitled) as error:
            yield event.pk, error
            continue
        note(event, taken, taken.quantity)
        for item in beyond(feature_key, taken):
            event.usage_items = [*event.usage_items, item.as_json()]
            event.total_cost += item.cost


def _consume(feature_key: str, items: Sequence[UsageItem], times: int, now: datetime) -> ConsumedQuota:
    units = {unit: quantity * times for unit, quantity in quoting.quota_units(items).items()}
    return quotas.consume(feature_key=feature_key, quantity=units, at=now)
