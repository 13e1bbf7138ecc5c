"""What use costs: the prices that held when it was used, and the one rule that makes a cost of them.

A component (category, provider, model, unit) is priced by the first of these that holds at the moment of
use: the tenant's own price of the model, the tenant's own for any model of the provider (``*``), the
common price of the model, the common one for any model. Of several the newest counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from billing import money as amounts
from billing.entitlements.models import USE
from billing.entitlements.services import quotas as entitlements
from billing.ledger.models import Wallet
from billing.ledger.services import wallets
from billing.pricing.models import ANY_MODEL, Price, PriceScheme, PriceUnit
from billing.pricing.selectors import in_force
from lad.errors import DomainError, Invalid
from lad.tenancy.context import current_tenant_id

# The greatest sum that numeric(18,6) holds.
GREATEST: Final = Decimal("999999999999.999999")
# A quantity has 18 digits and a unit price 18: their product is not rounded before its time, whoever asks for it.
EXACT: Final = Context(prec=60)
MOST_ITEMS: Final = 100
# Use beyond a quota, which the entitlement prices and not the list.
OVERAGE: Final = "overage"
LIST_CURRENCY: Final = amounts.DEFAULT_CURRENCY
SINGULAR: Final[Mapping[str, str]] = {f"{unit}s": unit for unit in PriceUnit.values}
LENGTHS: Final = {"category": 50, "provider": 50, "model": 255, "unit": 30, "description": 500}


class NoPrice(DomainError):
    """Nothing says what this component costs."""

    code = "no_price"
    status = 422
    title = "No price"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that was used: how many units of which component."""

    category: str
    provider: str
    model: str
    unit: str
    quantity: Decimal
    description: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The component."""
        return self.category, self.provider, self.model, self.unit


@dataclass(frozen=True, slots=True)
class PricedItem:
    """An item with what it costs, and the price that says so; use beyond a quota has no price of the list."""

    category: str
    provider: str
    model: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    cost: Decimal
    scheme: str = PriceScheme.UNIT
    price_id: UUID | None = None
    price_version: int | None = None
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a usage event keeps it: figures as text, nothing that is empty."""
        values = asdict(self)
        for name in ("quantity", "unit_price", "cost"):
            values[name] = amounts.plain(values[name])
        values["price_id"] = str(self.price_id) if self.price_id else None
        return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Quote:
    """What a use would cost now, what the wallet that would pay has to spend, and what the quotas leave.

    ``allowed`` is whether the quotas let it through; what would go beyond them at a price is an item.
    """

    items: list[PricedItem]
    total: Decimal
    currency: str
    wallet: Wallet
    left: entitlements.Left | None
    allowed: bool

    @property
    def affordable(self) -> bool:
        """Whether the wallet holds as much."""
        return self.wallet.currency == self.currency and self.wallet.available_balance >= self.total


def quote(
    *, items: Iterable[Item | Mapping[str, Any]], user_id: UUID | None = None, feature_key: str = "", at: datetime
) -> Quote:
    """What the items would cost the current tenant at that moment; nothing is recorded.

    Without a ``feature_key`` no quota is looked at. Raises NoPrice or Invalid.
    """
    asked = read_items(items)
    priced = price_items(asked, at=at)
    left = entitlements.left(feature_key=feature_key, now=at) if feature_key else None
    allowed = left is None or left.enabled
    if left is not None:
        beyond = _beyond(asked, left)
        allowed = allowed and (not beyond or left.overage_rate is not None)
        if beyond and left.overage_rate is not None:
            more = overage(feature_key=feature_key, unit=left.unit, quantity=beyond, rate=left.overage_rate)
            priced.append(more)
    total = sum((item.cost for item in priced), Decimal(0))
    return Quote(priced, total, LIST_CURRENCY, wallets.paying_wallet(user_id=user_id), left, allowed)


def quota_units(items: Iterable[Item]) -> dict[str, Decimal]:
    """How much of each unit there is in a use; the use itself is one."""
    units = {USE: Decimal(1)}
    for item in items:
        units[item.unit] = units.get(item.unit, Decimal(0)) + item.quantity
    return units


def _beyond(items: Iterable[Item], left: entitlements.Left) -> Decimal:
    """How much of the use the quotas do not cover."""
    quantity = quota_units(items).get(left.unit, Decimal(0))
    limits = [limit for limit in (left.left_today, left.left_this_month) if limit is not None]
    return max(quantity - min(limits), Decimal(0)) if limits else Decimal(0)


def read_items(items: Iterable[Item | Mapping[str, Any]]) -> list[Item]:
    """The items as they are priced: units in the singular, providers in lower case.

    Raises Invalid, naming the item, for one that cannot be priced or counted exactly.
    """
    read = [_read(number, item if isinstance(item, Mapping) else asdict(item)) for number, item in enumerate(items)]
    if not read:
        raise Invalid(errors={"items": ["Name at least one thing that was used."]})
    if len(read) > MOST_ITEMS:
        raise Invalid(errors={"items": [f"One use has at most {MOST_ITEMS} items."]})
    return read


def price_items(items: Iterable[Item | Mapping[str, Any]], *, at: datetime) -> list[PricedItem]:
    """What each item cost the current tenant at that moment; one query for all of them.

    Raises NoPrice, which names the component and the moment, and Invalid for items that make no sense.
    """
    read = read_items(items)
    prices = _prices_of(read, at)
    return [_priced(number, item, _chosen(item, prices), at) for number, item in enumerate(read)]


def cost_of(price: Price, quantity: Decimal) -> Decimal:
    """What that many units cost in one use: worked out exactly, then rounded once, half up, to a millionth.

    Raises Invalid for a cost that no ledger could hold.
    """
    return _rounded(_SCHEMES[PriceScheme(price.scheme)], price, quantity)


def overage(*, feature_key: str, unit: str, quantity: Decimal, rate: Decimal) -> PricedItem:
    """The item for use beyond a quota, under the same rule of rounding."""
    cost = _rounded(lambda price, many: many * price.unit_price, Price(unit_price=rate), quantity)
    return PricedItem(OVERAGE, "lad", feature_key, unit, quantity, rate, cost)


def _rounded(rule: Callable[[Price, Decimal], Decimal], price: Price, quantity: Decimal) -> Decimal:
    """The rule's result as an amount of money."""
    with localcontext(EXACT):
        cost = amounts.to_line(rule(price, Decimal(quantity)))
    if cost > GREATEST:
        raise Invalid(f"{amounts.plain(quantity)} units would cost more than {GREATEST:f}: check the quantity.")
    return cost


def _by_unit(price: Price, quantity: Decimal) -> Decimal:
    return quantity * price.unit_price


def _by_package(price: Price, quantity: Decimal) -> Decimal:
    """A package that was begun is paid in full."""
    packages = (quantity / Decimal(price.package_size or 1)).to_integral_value(ROUND_CEILING)
    return packages * price.unit_price


def _graduated(price: Price, quantity: Decimal) -> Decimal:
    """Each unit at the price of the tier it falls into, and once the fee of every tier that was reached."""
    cost, reached = Decimal(0), Decimal(0)
    for tier in price.tiers:
        if quantity <= reached:
            break
        end = quantity if tier["up_to"] is None else min(quantity, Decimal(tier["up_to"]))
        cost += (end - reached) * Decimal(tier["unit_price"]) + _fee(tier)
        reached = end
    return cost


def _by_volume(price: Price, quantity: Decimal) -> Decimal:
    """All units at the price of the tier that the quantity reaches, and that tier's fee; nothing costs nothing."""
    if not quantity:
        return Decimal(0)
    tier = next(each for each in price.tiers if each["up_to"] is None or quantity <= Decimal(each["up_to"]))
    return quantity * Decimal(tier["unit_price"]) + _fee(tier)


def _fee(tier: Mapping[str, Any]) -> Decimal:
    return Decimal(tier.get("flat_fee") or 0)


_SCHEMES: Final[Mapping[PriceScheme, Callable[[Price, Decimal], Decimal]]] = {
    PriceScheme.UNIT: _by_unit,
    PriceScheme.PACKAGE: _by_package,
    PriceScheme.GRADUATED: _graduated,
    PriceScheme.VOLUME: _by_volume,
}


def _prices_of(items: Sequence[Item], at: datetime) -> list[Price]:
    """Every price of the tenant's and everybody's that could say what one of the items cost."""
    wanted = {item.key for item in items}
    components = (
        Q(category=category, provider=provider, unit=unit, model__in=[model, ANY_MODEL])
        for category, provider, model, unit in sorted(wanted)
    )
    mine = Q(tenant_id=current_tenant_id()) | Q(tenant__isnull=True)
    return list(Price.objects.filter(mine, in_force(at), reduce(or_, components)))


def _chosen(item: Item, prices: Iterable[Price]) -> Price | None:
    category, provider, model, unit = item.key
    fitting = [price for price in prices if price.key in (item.key, (category, provider, ANY_MODEL, unit))]
    fitting.sort(key=lambda price: price.effective_from, reverse=True)
    return min(fitting, key=lambda price: (price.tenant_id is None, price.model != model), default=None)


def _priced(number: int, item: Item, price: Price | None, at: datetime) -> PricedItem:
    if price is None:
        named = " · ".join(item.key[:3])
        raise NoPrice(
            f"There is no price in {LIST_CURRENCY} for {named} per {item.unit} at {at:%Y-%m-%d %H:%M:%S} UTC. "
            "Add one to the price list.",
            component=dict(zip(("category", "provider", "model", "unit"), item.key, strict=True)),
            at=at.isoformat(),
            item=number,
        )
    return PricedItem(
        **asdict(item),
        unit_price=price.unit_price,
        cost=cost_of(price, item.quantity),
        scheme=price.scheme,
        price_id=price.pk,
        price_version=price.version,
    )


def _read(number: int, values: Mapping[str, Any]) -> Item:
    errors: dict[str, list[str]] = {}
    texts = {name: str(values.get(name) or "").strip() for name in LENGTHS}
    for name, longest in LENGTHS.items():
        if not texts[name] and name != "description":
            errors[f"items.{number}.{name}"] = ["Name it."]
        elif len(texts[name]) > longest:
            errors[f"items.{number}.{name}"] = [f"It has at most {longest} characters."]
    if texts["category"] == OVERAGE:
        errors[f"items.{number}.category"] = ["LAD itself adds what goes beyond a quota."]
    quantity = _quantity(values.get("quantity"))
    if quantity is None:
        errors[f"items.{number}.quantity"] = ["Give a number from 0 on, with at most 12 digits and 6 decimals."]
    unknown = sorted({*values} - {*LENGTHS, "quantity"})
    if unknown:
        errors[f"items.{number}"] = [f"It holds something unknown: {', '.join(unknown)}."]
    if errors or quantity is None:
        raise Invalid(errors=errors)
    texts["provider"] = texts["provider"].lower()
    texts["unit"] = SINGULAR.get(texts["unit"].lower(), texts["unit"].lower())
    return Item(quantity=quantity, **texts)


def _quantity(value: Any) -> Decimal | None:
    """The number exactly as it was given; None for what is no number, or none that can be counted exactly."""
    if isinstance(value, bool | float) or value is None:
        return None
    try:
        quantity = Decimal(value)
        if not quantity.is_finite() or not 0 <= quantity <= GREATEST or quantity != quantity.quantize(amounts.MICRO):
            return None
    except (ArithmeticError, TypeError, ValueError):
        return None
    return abs(quantity)
