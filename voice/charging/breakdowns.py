"""Say what each part of a call cost, as the call's page and the API show it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billing import money
from voice.carriers.protocol import Price
from voice.charging.components import Payee, Use
from voice.charging.selling import Key, Sale, key_of

# What a carrier calls a part of its price → the category of the price list.
PARTS: Final = {"platform": "vm_infrastructure"}
CARRIER: Final = "carrier"


def lines(charged: Sequence[Mapping[str, Any]], sale: Sale) -> list[dict[str, Any]]:
    """Return a line for each part. One without a price has neither rate nor cost: it was not charged."""
    return [_charged(item, sale.names) for item in charged] + [_free(use) for use in sale.unpriced]


def carrier_lines(price: Price, payee: Payee) -> list[dict[str, Any]]:
    """Return what the tenant itself pays its carrier for a call, part by part."""
    parts = price.parts or {"telephony": price.amount}
    return [
        {
            "component": PARTS.get(name, name),
            "provider": payee.carrier,
            "model": None,
            "unit": None,
            "amount": None,
            "rate": None,
            "cost": money.plain(part),
            "paid_to": CARRIER,
        }
        for name, part in parts.items()
    ]


def _charged(item: Mapping[str, Any], names: Mapping[Key, Use]) -> dict[str, Any]:
    use = names.get(key_of(item))
    return {
        "component": item["category"],
        "provider": (use.provider if use else "") or item["provider"],
        "model": (use.model if use else "") or item["model"],
        "unit": item["unit"],
        "amount": item["quantity"],
        "rate": item["unit_price"],
        "cost": item["cost"],
    }


def _free(use: Use) -> dict[str, Any]:
    provider, model = use.sold_as[0]
    return {
        "component": str(use.component.category),
        "provider": use.provider or provider,
        "model": use.model or model,
        "unit": str(use.component.unit),
        "amount": None if use.quantity is None else money.plain(use.quantity),
        "rate": None,
        "cost": None,
    }
