"""Lower the price of uses that took less than was planned."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.pricing.services import quoting
from billing.pricing.services.quoting import NoPrice, PricedItem, UsageItem
from billing.usage.models import UsageEvent
from billing.usage.services.counting import give_back


def lower(events: Sequence[UsageEvent], quantities: Mapping[str, Sequence[Decimal]]) -> None:
    """Price events again with the quantities that were really used, where those are smaller."""
    known = [event for event in events if event.external_reference_id in quantities]
    planned = dict(UsageEvent.objects.filter(pk__in=[event.pk for event in known]).values_list("pk", "usage_items"))
    changed = [event for event in known if _lowered(event, planned[event.pk], quantities[event.external_reference_id])]
    UsageEvent.objects.bulk_update(changed, ["usage_items", "total_quantity", "total_cost", "quota_units"])


def _lowered(event: UsageEvent, planned: Sequence[Mapping[str, Any]], quantities: Sequence[Decimal]) -> bool:
    """Set what the event costs with these quantities. Return False if that is not less."""
    mine = [item for item in planned if item["category"] != quoting.OVERAGE]
    amounts = [min(each, Decimal(item["quantity"])) for item, each in zip(mine, quantities, strict=True)]
    items = [
        UsageItem(item["category"], item["provider"], item["model"], item["unit"], amount)
        for item, amount in zip(mine, amounts, strict=True)
    ]
    try:
        priced = quoting.price_items(items, at=event.occurred_at)
    except NoPrice:
        return False
    saved = _saved(mine, items)
    priced += _beyond(event, planned, saved)
    cost = sum((each.cost for each in priced), Decimal(0))
    if cost > event.total_cost:
        return False
    event.usage_items = [each.as_json() for each in priced]
    event.total_quantity, event.total_cost = sum(amounts, Decimal(0)), cost
    unused = min(saved.get(event.quota_unit, Decimal(0)), event.quota_units)
    give_back(event, unused)
    event.quota_units -= unused
    return True


def _saved(planned: Sequence[Mapping[str, Any]], used: Sequence[UsageItem]) -> dict[str, Decimal]:
    """Return how many units of a quota were planned and not used."""
    before = quoting.quota_units(
        UsageItem(item["category"], item["provider"], item["model"], item["unit"], Decimal(item["quantity"]))
        for item in planned
    )
    after = quoting.quota_units(used)
    return {unit: quantity - after.get(unit, Decimal(0)) for unit, quantity in before.items()}


def _beyond(
    event: UsageEvent, planned: Sequence[Mapping[str, Any]], saved: Mapping[str, Decimal]
) -> Iterator[PricedItem]:
    """Yield what is left of the units beyond the quota."""
    for item in planned:
        if item["category"] == quoting.OVERAGE:
            left = Decimal(item["quantity"]) - saved.get(item["unit"], Decimal(0))
            if left > 0:
                rate = Decimal(item["unit_price"])
                yield quoting.overage(feature_key=event.feature_key, unit=item["unit"], quantity=left, rate=rate)
