"""Record usage events at the prices of the time of use, and void them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import money, reasons
from billing.entitlements.services import quotas
from billing.ledger.errors import AlreadyReversed, IdempotencyConflict, WalletClosed
from billing.ledger.extensions import PaidWork, register_paid_work
from billing.ledger.models import LedgerTransaction
from billing.ledger.services import ledger
from billing.pricing.services import locks, quoting
from billing.pricing.services.quoting import PricedItem, UsageItem
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import counting
from billing.usage.services.charging import (
    ChargeOutcome,
    ChargeResult,
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
from lad.types import Actor
from tenants.accounts.models import User

__all__ = [
    "ChargeOutcome",
    "ChargeResult",
    "WrongUsageStatus",
    "capture_hold",
    "charge",
    "charge_due",
    "charge_many",
    "record",
    "retry",
    "void",
]

MAX_LENGTHS: Final = {"feature_key": 100, "key": 255}
MAX_REFERENCE_LENGTH: Final = 255
# A meter whose clock runs ahead by no more than this is believed; its use happened now.
MAX_CLOCK_SKEW: Final = timedelta(minutes=1)
# Long enough that two different requests never share a digest.
DIGEST_LENGTH: Final = 24


class UsageInFuture(Invalid):
    """Usage cannot be recorded before it has happened."""

    code = "usage_in_future"


class UsageTooLate(Invalid):
    """The usage is too old to be recorded."""

    code = "usage_too_late"


def record(
    *,
    feature_key: str,
    items: Iterable[UsageItem | Mapping[str, Any]],
    key: str,
    user: User | None = None,
    external_reference_id: str = "",
    occurred_at: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    max_delay: timedelta | None = None,
    now: datetime | None = None,
) -> UsageEvent:
    """Record a usage event at the prices of ``occurred_at`` (default: now) and against the quotas of now.

    A ``key`` records one event, for ever: a repeated call returns the existing event with ``replayed`` set.
    Of simultaneous calls one records the event and the others wait for it. Usage may be recorded until
    ``max_delay`` (default: ``BILLING_LATE_USAGE``) after it happened. Quotas count it when it is recorded,
    so that no choice of ``occurred_at`` gets around them; it is invoiced in the period in which it is
    charged. Units beyond a quota become a separate item.

    Raises IdempotencyConflict if the key recorded something else, NoPrice, UsageInFuture, UsageTooLate,
    QuotaExceeded, NotEntitled or Invalid. The key stays unused when an error is raised.
    """
    now = now or timezone.now()
    requested = quoting.read_items(items)
    values = _checked(feature_key=feature_key, key=key, reference=external_reference_id, metadata=metadata)
    event = UsageEvent(**values, tenant_id=current_tenant_id(), user=user, created_at=now)
    event.intent = _intent(event, requested, occurred_at)
    found = UsageEvent.objects.filter(tenant=current_tenant_id(), idempotency_key=key).first()
    if found is not None:
        return _replay(found, event.intent)
    event.occurred_at = _moment(occurred_at, now, settings.BILLING_LATE_USAGE if max_delay is None else max_delay)
    event.next_charge_at = now + settings.BILLING_CHARGE_PENDING_AFTER
    return _write(event, requested)


@transaction.atomic
def void(*, event: UsageEvent, reason: str, actor: Actor = None, now: datetime | None = None) -> UsageEvent:
    """Void an event: reverse its charge and return its quota. Idempotent.

    What a user's wallet paid that is closed by now comes back to the tenant's wallet. Emits
    ``billing.usage.voided``. Raises Invalid without a reason, or WalletClosed if the tenant's wallet is closed: LAD's
    staff reactivate it first.
    """
    reason, row = reasons.require_reason(reason), locked(event)
    if row.status == UsageStatus.VOIDED:
        return row
    if row.ledger_transaction_id is not None:
        _reverse_charge(row.ledger_transaction_id, row, reason, actor, now)
    counting.give_back(row, row.quota_units)
    before, row.status = row.status, UsageStatus.VOIDED
    row.void_reason, row.voided_at, row.next_charge_at = reason, now or timezone.now(), None
    row.save(update_fields=["status", "void_reason", "voided_at", "next_charge_at"])
    row.refresh_from_db(fields=["updated_at"])
    payload = {"before": before, "reason": reason, "cost": row.total_cost, "currency": row.currency}
    emit("billing.usage.voided", aggregate=row, payload=payload, actor=actor)
    return row


def _write(event: UsageEvent, requested: list[UsageItem]) -> UsageEvent:
    """Price, store and count the event, or return the one that a simultaneous call stored first."""
    with transaction.atomic():
        locks.share_price_list()
        priced = quoting.price_items(requested, at=event.occurred_at)
        event.total_quantity = _sum(item.quantity for item in priced)
        _itemise(event, priced)
        # A simultaneous call with the same key waits here and then finds this row.
        UsageEvent.objects.bulk_create([event], ignore_conflicts=True)
        row: UsageEvent = UsageEvent.objects.get(tenant=event.tenant_id, idempotency_key=event.idempotency_key)
        if row.pk != event.pk:
            return _replay(row, event.intent)
        _take_quota(row, requested, priced)
    return row


def _reverse_charge(debit_id: UUID, row: UsageEvent, reason: str, actor: Actor, now: datetime | None) -> None:
    try:
        ledger.reverse(
            transaction=debit_id,
            key=f"void_usage_{row.pk}",
            reason=reason,
            actor=actor,
            reference=ledger.Reference(ledger.ReferenceKind.USAGE_EVENT, row.pk),
            now=now,
        )
    except AlreadyReversed:
        # The debit was already reversed in the ledger; only the event is left to void.
        return
    except WalletClosed as error:
        raise WalletClosed(
            "The charge goes back to a wallet that is closed. Reactivate it, then void the use."
        ) from error


def _take_quota(row: UsageEvent, requested: Iterable[UsageItem], priced: list[PricedItem]) -> None:
    """Count the usage against the feature's quotas and price the excess at the entitlement's overage rate."""
    units = quoting.quota_units(requested)
    taken = quotas.consume(feature_key=row.feature_key, quantity=units, at=row.created_at)
    if not counting.note(row, taken, taken.quantity):
        return
    if taken.over:
        _itemise(row, [*priced, *counting.beyond(row.feature_key, taken)])
    row.save(update_fields=["quota_units", "quota_unit", "quota_day", "quota_month", "usage_items", "total_cost"])
    row.refresh_from_db(fields=["updated_at"])


def _itemise(row: UsageEvent, priced: list[PricedItem]) -> None:
    row.usage_items = [item.as_json() for item in priced]
    row.total_cost = _sum(item.cost for item in priced)


def _sum(figures: Iterable[Decimal]) -> Decimal:
    total = sum(figures, Decimal(0))
    if total > quoting.MAX_AMOUNT:
        raise Invalid(errors={"items": [f"The items exceed the largest total of {quoting.MAX_AMOUNT:f}."]})
    return total


def _checked(*, feature_key: str, key: str, reference: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    for name, value in (("feature_key", feature_key), ("key", key)):
        if not 0 < len(value) <= MAX_LENGTHS[name]:
            errors[name] = [f"Use 1 to {MAX_LENGTHS[name]} characters."]
    if len(reference) > MAX_REFERENCE_LENGTH:
        errors["external_reference_id"] = [f"Use at most {MAX_REFERENCE_LENGTH} characters."]
    if metadata is not None and not isinstance(metadata, Mapping):
        errors["metadata"] = ["Metadata must be a JSON object."]
    if errors:
        raise Invalid(errors=errors)
    return {
        "feature_key": feature_key,
        "idempotency_key": key,
        "external_reference_id": reference,
        "metadata": dict(metadata or {}),
    }


def _moment(occurred_at: datetime | None, now: datetime, max_delay: timedelta) -> datetime:
    if occurred_at is None:
        return now
    if occurred_at > now + MAX_CLOCK_SKEW:
        message = f"This time is in the future; it is {now:%Y-%m-%d %H:%M:%S} UTC. Record usage after it has happened."
        raise UsageInFuture(errors={"occurred_at": [message]})
    if occurred_at < now - max_delay:
        span = f"{max_delay.days} days" if max_delay.days else f"{max_delay // timedelta(minutes=1)} minutes"
        message = f"Usage can be recorded up to {span} late here. Correct older usage with an adjustment."
        raise UsageTooLate(errors={"occurred_at": [message]})
    return min(occurred_at, now)


def _intent(event: UsageEvent, items: Iterable[UsageItem], occurred_at: datetime | None) -> dict[str, str]:
    """Return a digest of each value of the request. Prices and costs follow from them and are left out."""
    requested = {
        "feature_key": event.feature_key,
        "items": [[*item.key, money.plain(item.quantity), item.description] for item in items],
        "user": event.user_id,
        "external_reference_id": event.external_reference_id,
        "occurred_at": occurred_at.timestamp() if occurred_at else None,
        "metadata": event.metadata,
    }
    try:
        texts = {name: json.dumps(value, sort_keys=True, default=str) for name, value in requested.items()}
    except (TypeError, ValueError) as error:
        raise Invalid(errors={"metadata": ["Metadata must contain only JSON values."]}) from error
    return {name: sha256(text.encode()).hexdigest()[:DIGEST_LENGTH] for name, text in texts.items()}


def _replay(row: UsageEvent, intent: Mapping[str, str]) -> UsageEvent:
    different = sorted(name for name in intent if row.intent.get(name) != intent[name])
    if different:
        fields = ", ".join(different)
        raise IdempotencyConflict(
            f"This key was already used to record usage with a different {fields}. Use a new key.", field=fields
        )
    row.replayed = True
    return row


def _paid_use(row: LedgerTransaction) -> PaidWork | None:
    """Return the charged use that the debit paid for."""
    uses = UsageEvent.objects.filter(tenant=row.tenant_id, ledger_transaction=row, status=UsageStatus.CHARGED)
    use = uses.first()
    if use is None:
        return None
    return PaidWork(
        label=f"the use {use}, which this paid for",
        void=lambda reason, actor: void(event=use, reason=reason, actor=actor),
    )


register_paid_work(_paid_use)
