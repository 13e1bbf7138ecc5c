"""Metered use: recorded once with the prices of the moment it happened, charged, paid from a hold, or voided."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import money as amounts
from billing import reasons
from billing.entitlements.models import USE
from billing.entitlements.services import quotas as entitlements
from billing.ledger.services import ledger
from billing.pricing.services import quoting as pricing
from billing.pricing.services.quoting import Item, PricedItem
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services.charging import (
    ChargeOutcome,
    ChargeVerdict,
    WrongUsageStatus,
    capture_hold,
    charge,
    charge_due,
    charge_many,
    locked,
    retry,
)
from lad.errors import Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from tenants.accounts.models import User

__all__ = [
    "ChargeOutcome",
    "ChargeVerdict",
    "WrongUsageStatus",
    "capture_hold",
    "charge",
    "charge_due",
    "charge_many",
    "record",
    "retry",
    "void",
]

LENGTHS: Final = {"feature_key": 100, "key": 255}
LONGEST_REFERENCE: Final = 255
# Of each thing that was asked for so many characters of its digest are kept: enough never to meet by chance.
DIGEST: Final = 24


class UsageInFuture(Invalid):
    """Use is recorded when it has happened: the moment lies ahead."""

    code = "usage_in_future"


class UsageTooLate(Invalid):
    """The use is too long ago to be recorded."""

    code = "usage_too_late"


def record(
    *,
    feature_key: str,
    items: Iterable[Item | Mapping[str, Any]],
    key: str,
    user: User | None = None,
    external_reference_id: str = "",
    occurred_at: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> UsageEvent:
    """Record what was used, at the prices and against the quotas of ``occurred_at`` (now if none is given).

    Once per ``key`` for ever: the same use again answers the event as it is now, with ``replayed`` set;
    of simultaneous calls one records and the others wait for it. Use may be recorded until
    ``BILLING_LATE_USAGE`` after it happened; it then stands on the invoice of the time it is charged. What
    goes beyond a quota becomes an item of its own. Raises IdempotencyConflict for another use under the
    same key, NoPrice, UsageInFuture, UsageTooLate, QuotaExceeded, NotEntitled or Invalid; the key stays free.
    """
    now = now or timezone.now()
    asked = pricing.read_items(items)
    values = _checked(feature_key=feature_key, key=key, reference=external_reference_id, metadata=metadata)
    event = UsageEvent(**values, tenant_id=current_tenant_id(), user=user, created_at=now)
    event.intent = _intent(event, asked, occurred_at)
    found = UsageEvent.objects.filter(tenant=current_tenant_id(), idempotency_key=key).first()
    if found is not None:
        return _replay(found, event.intent)
    event.occurred_at = _moment(occurred_at, now)
    event.next_charge_at = now + settings.BILLING_CHARGE_PENDING_AFTER
    return _written(event, asked)


@transaction.atomic
def void(*, event: UsageEvent, reason: str, actor: Any = None, now: datetime | None = None) -> UsageEvent:
    """Take a use back, saying why: a charge is reversed and the quota is given back. Idempotent.

    Emits ``billing.usage.voided``. Raises Invalid without a reason, WalletClosed when the money can go
    back nowhere.
    """
    reason, row = reasons.given(reason), locked(event)
    if row.status == UsageStatus.VOIDED:
        return row
    if row.ledger_transaction_id is not None:
        _give_back(row.ledger_transaction_id, row, reason, actor, now)
    if row.quota_units:
        entitlements.give_back(feature_key=row.feature_key, quantity=row.quota_units, at=row.occurred_at)
    before, row.status = row.status, UsageStatus.VOIDED
    row.void_reason, row.voided_at, row.next_charge_at = reason, now or timezone.now(), None
    row.save(update_fields=["status", "void_reason", "voided_at", "next_charge_at"])
    row.refresh_from_db(fields=["updated_at"])
    told = {"before": before, "reason": reason, "cost": row.total_cost, "currency": row.currency}
    emit("billing.usage.voided", aggregate=row, payload=told, actor=actor)
    return row


def _written(event: UsageEvent, asked: list[Item]) -> UsageEvent:
    """The event, priced and counted; or the one that a simultaneous call under its key wrote first."""
    priced = pricing.price_items(asked, at=event.occurred_at)
    event.total_quantity = _sum(item.quantity for item in priced)
    _itemise(event, priced)
    with transaction.atomic():
        # A simultaneous call under the same key waits here, and finds the row when this one has committed.
        UsageEvent.objects.bulk_create([event], ignore_conflicts=True)
        row: UsageEvent = UsageEvent.objects.get(tenant=event.tenant_id, idempotency_key=event.idempotency_key)
        if row.pk != event.pk:
            return _replay(row, event.intent)
        _take_quota(row, asked, priced)
    return row


def _give_back(debit_id: UUID, row: UsageEvent, reason: str, actor: Any, now: datetime | None) -> None:
    try:
        ledger.reverse(
            transaction=debit_id,
            key=f"void_usage_{row.pk}",
            reason=reason,
            actor=actor,
            reference=ledger.Reference("usage_event", row.pk),
            now=now,
        )
    except ledger.AlreadyReversed:
        # Somebody took the money back in the ledger; what is left to do is to say so here.
        return


def _take_quota(row: UsageEvent, asked: Iterable[Item], priced: list[PricedItem]) -> None:
    """Take what was used from the feature's quotas; what goes beyond them is priced by the entitlement."""
    units = pricing.quota_units(asked)
    taken = entitlements.consume(feature_key=row.feature_key, quantity=units, at=row.occurred_at)
    if taken.unit == USE and not (taken.day or taken.month):
        return
    row.quota_units = taken.quantity
    if taken.over:
        rate = taken.overage_rate or Decimal(0)
        beyond = pricing.overage(feature_key=row.feature_key, unit=taken.unit, quantity=taken.over, rate=rate)
        _itemise(row, [*priced, beyond])
    row.save(update_fields=["quota_units", "usage_items", "total_cost"])
    row.refresh_from_db(fields=["updated_at"])


def _itemise(row: UsageEvent, priced: list[PricedItem]) -> None:
    row.usage_items = [item.as_json() for item in priced]
    row.total_cost = _sum(item.cost for item in priced)


def _sum(figures: Iterable[Decimal]) -> Decimal:
    total = sum(figures, Decimal(0))
    if total > pricing.GREATEST:
        raise Invalid(errors={"items": [f"Together they come to more than {pricing.GREATEST:f}."]})
    return total


def _checked(*, feature_key: str, key: str, reference: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    for name, value in (("feature_key", feature_key), ("key", key)):
        if not 0 < len(value) <= LENGTHS[name]:
            errors[name] = [f"It has 1 to {LENGTHS[name]} characters."]
    if len(reference) > LONGEST_REFERENCE:
        errors["external_reference_id"] = [f"It has at most {LONGEST_REFERENCE} characters."]
    if metadata is not None and not isinstance(metadata, Mapping):
        errors["metadata"] = ["It must be an object."]
    if errors:
        raise Invalid(errors=errors)
    return {
        "feature_key": feature_key,
        "idempotency_key": key,
        "external_reference_id": reference,
        "metadata": dict(metadata or {}),
    }


def _moment(occurred_at: datetime | None, now: datetime) -> datetime:
    if occurred_at is None:
        return now
    if occurred_at > now:
        says = f"It is {now:%Y-%m-%d %H:%M:%S} UTC now: record use when it has happened."
        raise UsageInFuture(errors={"occurred_at": [says]})
    late: Any = settings.BILLING_LATE_USAGE
    if occurred_at < now - late:
        says = f"Use may be recorded until {late.days} days after it happened; correct older use by an adjustment."
        raise UsageTooLate(errors={"occurred_at": [says]})
    return occurred_at


def _intent(event: UsageEvent, items: Iterable[Item], occurred_at: datetime | None) -> dict[str, str]:
    """A digest of each thing the caller asked for; not of prices and costs, which follow from it."""
    asked = {
        "feature_key": event.feature_key,
        "items": [[*item.key, amounts.plain(item.quantity), item.description] for item in items],
        "user": event.user_id,
        "external_reference_id": event.external_reference_id,
        "occurred_at": occurred_at.timestamp() if occurred_at else None,
        "metadata": event.metadata,
    }
    try:
        texts = {name: json.dumps(value, sort_keys=True, default=str) for name, value in asked.items()}
    except (TypeError, ValueError) as error:
        raise Invalid(errors={"metadata": ["It must be JSON."]}) from error
    return {name: sha256(text.encode()).hexdigest()[:DIGEST] for name, text in texts.items()}


def _replay(row: UsageEvent, intent: Mapping[str, str]) -> UsageEvent:
    different = sorted(name for name in intent if row.intent.get(name) != intent[name])
    if different:
        named = ", ".join(different)
        raise ledger.IdempotencyConflict(
            f"This key recorded a use with something else as its {named} before; use a new one.", field=named
        )
    row.replayed = True
    return row
