"""Find what of a call the price list sells, and under which name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from billing.pricing.services import quoting
from billing.pricing.services.quoting import UsageItem
from voice.charging.components import Use

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Sale:
    """What is charged of a call, what each item stands for, and what has no price or no known quantity."""

    items: tuple[UsageItem, ...] = ()
    names: Mapping[Key, Use] = field(default_factory=dict)
    unpriced: tuple[Use, ...] = ()

    @property
    def is_free(self) -> bool:
        """Return whether nothing that is sold was used."""
        return not any(item.quantity for item in self.items)


def sell(uses: Sequence[Use], *, at: datetime) -> Sale:
    """Return what the current tenant pays for, by the prices of that time, with one query.

    Uses that are sold under one name become one item.
    """
    offered = [(use, item) for use in uses for item in use.items]
    prices = quoting.known_prices([item for _use, item in offered], at=at)
    sold: dict[int, UsageItem] = {}
    for (use, item), price in zip(offered, prices, strict=True):
        if price is not None and use.quantity is not None:
            sold.setdefault(id(use), item)
    items: dict[Key, UsageItem] = {}
    names: dict[Key, Use] = {}
    for use in uses:
        if (mine := sold.get(id(use))) is not None:
            before = items.get(mine.key)
            items[mine.key] = mine if before is None else replace(mine, quantity=before.quantity + mine.quantity)
            names.setdefault(mine.key, use)
    return Sale(tuple(items.values()), names, tuple(use for use in uses if id(use) not in sold))


def key_of(item: Mapping[str, Any]) -> Key:
    """Return the component of an item that a usage event keeps."""
    return item["category"], item["provider"], item["model"], item["unit"]
