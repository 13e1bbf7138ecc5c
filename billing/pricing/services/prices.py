"""The price list: a price that was in force stays what it was, so that past use can be priced again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing.pricing.models import COMPONENT, TIERED, Price, PriceScheme
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit

TERMS: Final = ("scheme", "unit_price", "package_size", "tiers")
TERM_RULES: Final = ("billing_pricing_catalog_scheme", "billing_pricing_catalog_not_negative")
SETTLED: Final = frozenset({*COMPONENT, *TERMS, "effective_from"})


class PriceInForce(Conflict):
    """The price has been in force: end it or withdraw it instead."""

    code = "price_in_force"


class PriceEnded(Conflict):
    """The price does not hold at that moment, so nothing can take its place."""

    code = "price_ended"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a price asks: of one unit, of a package, or by tiers, whose first one ``unit_price`` then repeats."""

    unit_price: Decimal = Decimal(0)
    scheme: str = PriceScheme.UNIT
    package_size: Decimal | None = None
    tiers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, price: Price) -> "Terms":
        """The terms of a price."""
        return cls(**{name: getattr(price, name) for name in TERMS})

    def values(self) -> dict[str, Any]:
        """As the columns of a price hold them."""
        return _with_first_tier(Price(), {name: getattr(self, name) for name in TERMS})

    def trial(self, of: Price | None = None) -> Price:
        """A price of these terms that is on no list, to work out costs with; of the same component as another."""
        component = {name: getattr(of, name) for name in COMPONENT} if of else {}
        return Price(**component, **self.values())


def check_terms(terms: Terms) -> None:
    """Raise Invalid for terms that make no sense, as writing a price of them would."""
    trial = terms.trial()
    try:
        trial.clean_fields(exclude={field.name for field in Price._meta.fields} - {*TERMS})
        for rule in Price._meta.constraints:
            if rule.name in TERM_RULES:
                rule.validate(Price, trial)
    except ValidationError as error:
        raise writes.invalid(error) from error


def is_settled(price: Price, now: datetime) -> bool:
    """Whether use may have been priced with it already."""
    return price.effective_from <= now


class PriceWriter(writes.Writer):
    """Prices to come may be edited; one that has begun may be described, ended from now on, or withdrawn."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Price:
        row: Price = super().create(_with_first_tier(Price(), values), actor=actor)
        return row

    def update(self, row: Price, values: Mapping[str, Any], *, actor: Any = None) -> Price:
        values = _with_first_tier(row, values)
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        now = timezone.now()
        if is_settled(row, now):
            fixed = sorted(SETTLED & changed)
            if fixed:
                says = "It has been in force. Use “Change the price”, which begins a new period."
                raise Invalid(errors={name: [says] for name in fixed})
            if "effective_to" in changed:
                _refuse_past_end(row, values["effective_to"], now)
        if changed & {*COMPONENT}:
            # It is counted among the prices of the other component by the database.
            row.version = 0
        updated: Price = super().update(row, values, actor=actor)
        updated.refresh_from_db(fields=["version"])
        return updated

    def delete(self, row: Price, *, actor: Any = None) -> None:
        if is_settled(row, timezone.now()):
            raise PriceInForce
        super().delete(row, actor=actor)


@transaction.atomic
def change(
    *,
    price: Price,
    unit_price: Decimal | None = None,
    terms: Terms | None = None,
    effective_from: datetime | None = None,
    description: str | None = None,
    actor: Any = None,
) -> Price:
    """Give a component a new price from a moment on (now if none is given); returns the new price.

    ``unit_price`` changes that alone, ``terms`` everything the price asks. The present one ends there; the
    new one, its next version, holds as long as the present one would have. Emits ``billing.price.changed``
    for a tenant's own price. Raises PriceEnded when the price does not hold then, Invalid for a moment in
    the past or terms that make no sense.
    """
    row: Price = Price.objects.select_for_update().get(pk=price.pk)
    since = begin_of(price=row, effective_from=effective_from, now=timezone.now())
    if terms is None:
        terms = _at_unit_price(row, unit_price)
    ends = row.effective_to
    row.effective_to = since
    row.save(update_fields=["effective_to"])
    component = {name: getattr(row, name) for name in ("tenant", *COMPONENT)}
    period = {"effective_from": since, "effective_to": ends}
    values = {**terms.values(), **period, "description": row.description if description is None else description}
    new: Price = writes.create(Price, {**component, **values}, actor=actor)
    if new.tenant_id is not None:
        told = {"price_id": row.pk, "before": row.unit_price, "after": new.unit_price, "effective_from": since}
        emit("billing.price.changed", aggregate=new, payload=told, actor=actor)
    return new


def begin_of(*, price: Price, effective_from: datetime | None, now: datetime) -> datetime:
    """When a new price would take this one's place. Raises PriceEnded or Invalid when it cannot."""
    since = effective_from or now
    if since < now:
        raise Invalid(errors={"effective_from": ["What was used already keeps its price: choose a moment to come."]})
    if not price.holds_at(since) or since == price.effective_from:
        raise PriceEnded
    return since


def _at_unit_price(row: Price, unit_price: Decimal | None) -> Terms:
    if unit_price is None:
        raise Invalid(errors={"unit_price": ["Say what it costs from then on."]})
    if row.scheme in TIERED:
        raise Invalid(errors={"unit_price": ["This price has tiers: give the new ones."]})
    return Terms(unit_price, row.scheme, row.package_size)


def _with_first_tier(row: Price, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the unit price that the first tier says, where there are tiers."""
    scheme, tiers = (values.get(name, getattr(row, name)) for name in ("scheme", "tiers"))
    if scheme not in TIERED or not ({"scheme", "tiers"} & {*values}):
        return dict(values)
    try:
        return {**values, "unit_price": Decimal(tiers[0]["unit_price"])}
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        # The shape of the tiers is refused, with what is wrong, when the row is checked.
        return {**values, "unit_price": values.get("unit_price") or Decimal(0)}


def _refuse_past_end(row: Price, end: datetime | None, now: datetime) -> None:
    ended = row.effective_to is not None and row.effective_to <= now
    if ended or (end is not None and end < now):
        raise Invalid(errors={"effective_to": ["What was used already keeps its price: end it from now on."]})


writes.register(Price, PriceWriter)
