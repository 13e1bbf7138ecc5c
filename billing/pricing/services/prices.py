"""Write the price list. A price that has been in force keeps its terms, so that past usage can be priced again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing.pricing.models import COMPONENT, TIERED, Price, PriceScheme
from billing.pricing.services import locks
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values

TERM_FIELDS: Final = ("scheme", "unit_price", "package_size", "tiers")
TERM_CONSTRAINTS: Final = ("billing_pricing_catalog_scheme", "billing_pricing_catalog_not_negative")
FIXED_FIELDS: Final = frozenset({*COMPONENT, *TERM_FIELDS, "effective_from"})


class PriceInForce(Conflict):
    """This price has been in force and cannot be deleted. End or withdraw it instead."""

    code = "price_in_force"


class PriceEnded(Conflict):
    """The price is not in force at that time, so it cannot be replaced then."""

    code = "price_ended"


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The terms of a price: per unit, per package, or by tiers. With tiers ``unit_price`` repeats the first one."""

    unit_price: Decimal = Decimal(0)
    scheme: str = PriceScheme.UNIT
    package_size: Decimal | None = None
    tiers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, price: Price) -> "PriceTerms":
        """Return the terms of a price."""
        return cls(**{name: getattr(price, name) for name in TERM_FIELDS})

    def values(self) -> dict[str, Any]:
        """Return the terms as the columns of a price."""
        return _with_first_tier(Price(), {name: getattr(self, name) for name in TERM_FIELDS})

    def trial(self, of: Price | None = None) -> Price:
        """Return an unsaved price of these terms, for the component of ``of`` if given, to work out costs."""
        component = {name: getattr(of, name) for name in COMPONENT} if of else {}
        return Price(**component, **self.values())


def check_terms(terms: PriceTerms) -> None:
    """Raise Invalid if a price of these terms could not be saved."""
    trial = terms.trial()
    try:
        trial.clean_fields(exclude={field.name for field in Price._meta.fields} - {*TERM_FIELDS})
        for rule in Price._meta.constraints:
            if rule.name in TERM_CONSTRAINTS:
                rule.validate(Price, trial)
    except ValidationError as error:
        raise writes.invalid(error) from error


def has_begun(price: Price, now: datetime) -> bool:
    """Return whether the price has started, so that usage may have been priced with it."""
    return price.effective_from <= now


class PriceWriter(writes.Writer[Price]):
    """Allows edits of future prices. A price that has started can only be described, ended or withdrawn."""

    # Numbers the prices of one component.
    set_by_triggers = ("version",)

    def prepare(self, row: Price | None, values: Values, *, actor: Actor) -> Values:
        locks.lock_price_list()
        values = _with_first_tier(row or Price(), values)
        now = timezone.now()
        if row is not None and has_begun(row, now):
            message = "This price has been in force. Use “Change the price” to start a new period."
            writes.fixed_fields(row, values, FIXED_FIELDS, message)
            if "effective_to" in writes.differing(row, values):
                _require_future_end(row, values["effective_to"], now)
        return values

    def before_delete(self, row: Price, *, actor: Actor) -> None:
        locks.lock_price_list()
        if has_begun(row, timezone.now()):
            raise PriceInForce


@transaction.atomic
def change(
    *,
    price: Price,
    unit_price: Decimal | None = None,
    terms: PriceTerms | None = None,
    effective_from: datetime | None = None,
    description: str | None = None,
    actor: Actor = None,
) -> Price:
    """Replace a price from ``effective_from`` (default: now) and return the new price.

    Pass ``unit_price`` to change only that, or ``terms`` to change all terms. The current price ends there;
    the new one is its next version and ends when the current one would have. Emits ``billing.price.changed``
    for a tenant's own price. Raises PriceEnded if the price is not in force at that time, Invalid for a time
    in the past or invalid terms.
    """
    locks.lock_price_list()
    row: Price = Price.objects.select_for_update().get(pk=price.pk)
    since = resolve_start(price=row, effective_from=effective_from, now=timezone.now())
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
        payload = {"price_id": row.pk, "before": row.unit_price, "after": new.unit_price, "effective_from": since}
        emit("billing.price.changed", aggregate=new, payload=payload, actor=actor)
    return new


def resolve_start(*, price: Price, effective_from: datetime | None, now: datetime) -> datetime:
    """Return when a new price would replace this one. Raises PriceEnded or Invalid if it cannot."""
    since = effective_from or now
    if since < now:
        raise Invalid(
            errors={
                "effective_from": ["This time has passed, and past usage keeps its price. Choose a time in the future."]
            }
        )
    if not price.is_in_force_at(since) or since == price.effective_from:
        raise PriceEnded
    return since


def _at_unit_price(row: Price, unit_price: Decimal | None) -> PriceTerms:
    if unit_price is None:
        raise Invalid(errors={"unit_price": ["Give the new price."]})
    if row.scheme in TIERED:
        raise Invalid(errors={"unit_price": ["This price has tiers. Give the new tiers."]})
    return PriceTerms(unit_price, row.scheme, row.package_size)


def _with_first_tier(row: Price, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with ``unit_price`` set to the first tier's price, if there are tiers."""
    scheme, tiers = (values.get(name, getattr(row, name)) for name in ("scheme", "tiers"))
    if scheme not in TIERED or not ({"scheme", "tiers"} & {*values}):
        return dict(values)
    try:
        return {**values, "unit_price": Decimal(tiers[0]["unit_price"])}
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        # Validating the row reports malformed tiers.
        return {**values, "unit_price": values.get("unit_price") or Decimal(0)}


def _require_future_end(row: Price, end: datetime | None, now: datetime) -> None:
    ended = row.effective_to is not None and row.effective_to <= now
    if ended or (end is not None and end < now):
        raise Invalid(
            errors={
                "effective_to": ["This time has passed, and past usage keeps its price. End the price now or later."]
            }
        )


writes.register(Price, PriceWriter)
