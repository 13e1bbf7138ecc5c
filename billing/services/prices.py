"""The price list: a price that was in force stays what it was, so that past use can be priced again."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from billing.models import Price
from lad import writes
from lad.errors import Conflict, Invalid
from tenants.outbox import emit

SETTLED: Final = frozenset({"category", "provider", "model", "unit", "unit_price", "effective_from"})


class PriceInForce(Conflict):
    """The price has been in force: end it or withdraw it instead."""

    code = "price_in_force"


class PriceEnded(Conflict):
    """The price does not hold at that moment, so nothing can take its place."""

    code = "price_ended"


def is_settled(price: Price, now: datetime) -> bool:
    """Whether use may have been priced with it already."""
    return price.effective_from <= now


class PriceWriter(writes.Writer):
    """Prices to come may be edited; one that has begun may be described, ended from now on, or withdrawn."""

    def update(self, row: Price, values: Mapping[str, Any], *, actor: Any = None) -> Price:
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        now = timezone.now()
        if is_settled(row, now):
            fixed = sorted(SETTLED & changed)
            if fixed:
                says = "It has been in force. Use “Change the price”, which begins a new period."
                raise Invalid(errors={name: [says] for name in fixed})
            if "effective_to" in changed:
                _refuse_past_end(row, values["effective_to"], now)
        updated: Price = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Price, *, actor: Any = None) -> None:
        if is_settled(row, timezone.now()):
            raise PriceInForce
        super().delete(row, actor=actor)


@transaction.atomic
def change(*, price: Price, unit_price: Decimal, effective_from: datetime | None = None, actor: Any = None) -> Price:
    """Give a component a new price from a moment on (now if none is given); returns the new price.

    The present one ends there; the new one holds as long as the present one would have. Emits
    ``billing.price.changed`` for a tenant's own price. Raises PriceEnded when the price does not hold
    then, Invalid for a moment in the past.
    """
    row: Price = Price.objects.select_for_update().get(pk=price.pk)
    now = timezone.now()
    since = effective_from or now
    if since < now:
        raise Invalid(errors={"effective_from": ["What was used already keeps its price: choose a moment to come."]})
    if not row.holds_at(since) or since == row.effective_from:
        raise PriceEnded
    component = {name: getattr(row, name) for name in ("tenant", "category", "provider", "model", "unit")}
    ends = row.effective_to
    row.effective_to = since
    row.save(update_fields=["effective_to"])
    values = {"unit_price": unit_price, "description": row.description, "effective_from": since, "effective_to": ends}
    new: Price = writes.create(Price, {**component, **values}, actor=actor)
    if new.tenant_id is not None:
        told = {"price_id": row.pk, "before": row.unit_price, "after": new.unit_price, "effective_from": since}
        emit("billing.price.changed", aggregate=new, payload=told, actor=actor)
    return new


def _refuse_past_end(row: Price, end: datetime | None, now: datetime) -> None:
    ended = row.effective_to is not None and row.effective_to <= now
    if ended or (end is not None and end < now):
        raise Invalid(errors={"effective_to": ["What was used already keeps its price: end it from now on."]})
