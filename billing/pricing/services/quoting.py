"""Price usage: find the prices in force at the time of use and work out costs and quotes.

A component (category, provider, model, unit) is priced by the first of these in force at the time of use:
the tenant's own price of the model, the tenant's own price of any model of the provider (``*``), the common
price of the model, the common price of any model. Among several the newest applies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from billing import money
from billing.entitlements.models import USE
from billing.entitlements.services import quotas
from billing.ledger import selectors
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import wallets
from billing.pricing.models import ANY_MODEL, Price, PriceScheme
from billing.pricing.selectors import in_force
from billing.units import PriceUnit
from lad.errors import DomainError, Invalid
from lad.tenancy.context import current_tenant_id

# The largest value of numeric(18,6).
MAX_AMOUNT: Final = Decimal("999999999999.999999")
# Holds the exact product of an 18-digit quantity and an 18-digit unit price.
EXACT_CONTEXT: Final = Context(prec=60)
MAX_ITEMS: Final = 100
TIMES: Final = (PriceUnit.SECOND, PriceUnit.MINUTE)
# The category of units beyond a quota, priced by the entitlement.
OVERAGE: Final = "overage"
LIST_CURRENCY: Final = money.DEFAULT_CURRENCY
SINGULAR: Final[Mapping[str, str]] = {f"{unit}s": unit for unit in PriceUnit.values}
MAX_LENGTHS: Final = {"category": 50, "provider": 50, "model": 255, "unit": 30, "description": 500}


class NoPrice(DomainError):
    """There is no price for this component."""

    code = "no_price"
    status = 422
    title = "No price"


@dataclass(frozen=True, slots=True)
class UsageItem:
    """A quantity of one component that was used."""

    category: str
    provider: str
    model: str
    unit: str
    quantity: Decimal
    description: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return the component as category, provider, model and unit."""
        return self.category, self.provider, self.model, self.unit


@dataclass(frozen=True, slots=True)
class PricedItem:
    """An item with its cost and the price it came from. Units beyond a quota have no list price."""

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
        """Return the item as a usage event stores it: numbers as strings, empty values left out."""
        values = asdict(self)
        for name in ("quantity", "unit_price", "cost"):
            values[name] = money.plain(values[name])
        values["price_id"] = str(self.price_id) if self.price_id else None
        return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Quote:
    """The cost of usage, the wallet that would pay, what it can spend, and the remaining quotas.

    ``allowed`` is whether the quotas permit the usage. Units beyond them at an overage rate are an item.
    """

    items: list[PricedItem]
    total: Decimal
    currency: str
    wallet: Wallet
    available: Decimal
    left: quotas.RemainingQuota | None
    allowed: bool

    @property
    def affordable(self) -> bool:
        """Return whether the ledger would charge the total to the wallet."""
        if self.wallet.status == WalletStatus.CLOSED or self.wallet.currency != self.currency:
            return False
        # Like the ledger: a suspended wallet still takes a charge of nothing.
        return self.available >= self.total and (self.wallet.status == WalletStatus.ACTIVE or not self.total)


def quote(
    *, items: Iterable[UsageItem | Mapping[str, Any]], user_id: UUID | None = None, feature_key: str = "", at: datetime
) -> Quote:
    """Return what the items would cost the current tenant at that time. Nothing is recorded.

    Quotas are included only with a ``feature_key``. Raises NoPrice or Invalid.
    """
    requested = read_items(items)
    priced = price_items(requested, at=at)
    left = quotas.remaining(feature_key=feature_key, now=at) if feature_key else None
    allowed = left is None or left.enabled
    if left is not None:
        beyond = _beyond(requested, left)
        allowed = allowed and (not beyond or left.overage_rate is not None)
        if beyond and left.overage_rate is not None:
            more = overage(feature_key=feature_key, unit=left.unit, quantity=beyond, rate=left.overage_rate)
            priced.append(more)
    total = sum((item.cost for item in priced), Decimal(0))
    wallet = wallets.paying_wallet(user_id=user_id)
    return Quote(priced, total, LIST_CURRENCY, wallet, selectors.spendable(wallet, now=at), left, allowed)


def quota_units(items: Iterable[UsageItem]) -> dict[str, Decimal]:
    """Return the quantity of each unit in a usage event. The event itself counts as one use.

    Time passes once, however many components run in it: of seconds and minutes the longest counts.
    """
    units, times = {USE: Decimal(1)}, dict[tuple[str, str], Decimal]()
    for item in items:
        if item.unit in TIMES:
            times[item.unit, item.category] = times.get((item.unit, item.category), Decimal(0)) + item.quantity
        else:
            units[item.unit] = units.get(item.unit, Decimal(0)) + item.quantity
    for (unit, _category), quantity in times.items():
        units[unit] = max(units.get(unit, Decimal(0)), quantity)
    return units


def _beyond(items: Iterable[UsageItem], left: quotas.RemainingQuota) -> Decimal:
    """Return the quantity that exceeds the remaining quotas."""
    quantity = quota_units(items).get(left.unit, Decimal(0))
    limits = [limit for limit in (left.left_today, left.left_this_month) if limit is not None]
    return max(quantity - min(limits), Decimal(0)) if limits else Decimal(0)


def read_items(items: Iterable[UsageItem | Mapping[str, Any]]) -> list[UsageItem]:
    """Return the items with units in the singular and providers in lower case.

    Raises Invalid, naming the item, if it is incomplete or its quantity is not exact.
    """
    read = [_read(number, item if isinstance(item, Mapping) else asdict(item)) for number, item in enumerate(items)]
    if not read:
        raise Invalid(errors={"items": ["Give at least one item."]})
    if len(read) > MAX_ITEMS:
        raise Invalid(errors={"items": [f"Give at most {MAX_ITEMS} items."]})
    return read


def price_items(items: Iterable[UsageItem | Mapping[str, Any]], *, at: datetime) -> list[PricedItem]:
    """Price the items for the current tenant at that time, with one query.

    Raises NoPrice, which names the component and the time, or Invalid for malformed items.
    """
    read = read_items(items)
    prices = _prices_of(read, at)
    return [_priced(number, item, _select_price(item, prices), at) for number, item in enumerate(read)]


def known_prices(items: Sequence[UsageItem], *, at: datetime) -> list[PricedItem | None]:
    """Price the items as ``price_items`` does, with None for each that has no price."""
    prices = _prices_of(items, at) if items else []
    found = [(item, _select_price(item, prices)) for item in items]
    return [_priced(number, item, price, at) if price else None for number, (item, price) in enumerate(found)]


def cost_of(price: Price, quantity: Decimal) -> Decimal:
    """Return the cost of that many units in one usage event, rounded once, half up, to six decimals.

    Raises Invalid if the cost is too large for the ledger.
    """
    return _rounded(_SCHEMES[PriceScheme(price.scheme)], price, quantity)


def overage(*, feature_key: str, unit: str, quantity: Decimal, rate: Decimal) -> PricedItem:
    """Return the item for units beyond a quota, rounded like any other."""
    cost = _rounded(lambda price, many: many * price.unit_price, Price(unit_price=rate), quantity)
    return PricedItem(OVERAGE, "lad", feature_key, unit, quantity, rate, cost)


def _rounded(rule: Callable[[Price, Decimal], Decimal], price: Price, quantity: Decimal) -> Decimal:
    """Apply the rule exactly and round the result to an amount."""
    with localcontext(EXACT_CONTEXT):
        cost = money.round_amount(rule(price, Decimal(quantity)))
    if cost > MAX_AMOUNT:
        raise Invalid(f"{money.plain(quantity)} units would cost more than {MAX_AMOUNT:f}. Check the quantity.")
    return cost


def _by_unit(price: Price, quantity: Decimal) -> Decimal:
    return quantity * price.unit_price


def _by_package(price: Price, quantity: Decimal) -> Decimal:
    """Charge each started package in full."""
    packages = (quantity / Decimal(price.package_size or 1)).to_integral_value(ROUND_CEILING)
    return packages * price.unit_price


def _graduated(price: Price, quantity: Decimal) -> Decimal:
    """Charge each unit at its tier's price, plus the flat fee of every tier reached."""
    cost, reached = Decimal(0), Decimal(0)
    for tier in price.tiers:
        if quantity <= reached:
            break
        end = quantity if tier["up_to"] is None else min(quantity, Decimal(tier["up_to"]))
        cost += (end - reached) * Decimal(tier["unit_price"]) + _fee(tier)
        reached = end
    return cost


def _by_volume(price: Price, quantity: Decimal) -> Decimal:
    """Charge all units at the price of the tier that the quantity reaches, plus its flat fee. Zero units are free."""
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


def _prices_of(items: Sequence[UsageItem], at: datetime) -> list[Price]:
    """Return the tenant's and the common prices that could apply to the items."""
    categories, providers, models, units = (
        sorted(set(part)) for part in zip(*(item.key for item in items), strict=True)
    )
    mine = Q(tenant_id=current_tenant_id()) | Q(tenant__isnull=True)
    # Some combinations of these are of no item. To name each component takes longer than to read a few prices more.
    parts = Price.objects.filter(category__in=categories, provider__in=providers, unit__in=units)
    return list(parts.filter(mine, in_force(at), model__in=[*models, ANY_MODEL]))


def _select_price(item: UsageItem, prices: Iterable[Price]) -> Price | None:
    category, provider, model, unit = item.key
    fitting = [price for price in prices if price.key in (item.key, (category, provider, ANY_MODEL, unit))]
    fitting.sort(key=lambda price: price.effective_from, reverse=True)
    return min(fitting, key=lambda price: (price.tenant_id is None, price.model != model), default=None)


def _priced(number: int, item: UsageItem, price: Price | None, at: datetime) -> PricedItem:
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


def _read(number: int, values: Mapping[str, Any]) -> UsageItem:
    errors: dict[str, list[str]] = {}
    texts = {name: str(values.get(name) or "").strip() for name in MAX_LENGTHS}
    for name, longest in MAX_LENGTHS.items():
        if not texts[name] and name != "description":
            errors[f"items.{number}.{name}"] = ["Give a value."]
        elif len(texts[name]) > longest:
            errors[f"items.{number}.{name}"] = [f"Use at most {longest} characters."]
    if texts["category"] == OVERAGE:
        errors[f"items.{number}.category"] = ["LAD adds overage items itself; choose another category."]
    quantity = _quantity(values.get("quantity"))
    if quantity is None:
        errors[f"items.{number}.quantity"] = ["Give a number of 0 or more with at most 12 digits and 6 decimals."]
    unknown = sorted({*values} - {*MAX_LENGTHS, "quantity"})
    if unknown:
        errors[f"items.{number}"] = [f"Remove the unknown fields: {', '.join(unknown)}."]
    if errors or quantity is None:
        raise Invalid(errors=errors)
    texts["provider"] = texts["provider"].lower()
    texts["unit"] = SINGULAR.get(texts["unit"].lower(), texts["unit"].lower())
    return UsageItem(quantity=quantity, **texts)


def _quantity(value: object) -> Decimal | None:
    """Return the number as given, or None if it is not an exact number within the ledger's range."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        quantity = Decimal(value)
        if not quantity.is_finite() or not 0 <= quantity <= MAX_AMOUNT or quantity != quantity.quantize(money.MICRO):
            return None
    except (ArithmeticError, TypeError, ValueError):
        return None
    return abs(quantity)
