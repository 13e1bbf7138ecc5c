"""Charge a call for what it used: from its hold where that covers it, else as a whole, and again when more is known.

A call has one live usage event at most. What was charged never changes: it is reversed, and the call is charged anew.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from billing.pricing.services import quoting
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import charging, held, usage
from lad.errors import DomainError
from voice.calls.models import CallLog
from voice.calls.services import write_details
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import Price
from voice.charging import breakdowns
from voice.charging.components import Payee, payee_of, tells_usage, used
from voice.charging.selling import Key, Sale, key_of, sell
from voice.dialer.facts import facts_of, price_of
from voice.dialer.models import CallPlacement
from voice.features import VOICE_AGENT

REFERENCE: Final = "call:"
NOTHING_USED: Final = "Nobody answered, or the call was not placed"
USED_OTHERWISE: Final = "The call is charged for what it used"
# A carrier may tell what a call used long after it.
MAX_DELAY: Final = timedelta(days=365)
ZERO: Final = Decimal(0)

log = structlog.get_logger("voice.charging")


def reference_of(call_id: UUID) -> str:
    """Return what a call's usage events are known by."""
    return f"{REFERENCE}{call_id}"


def settle(call: CallLog, placement: CallPlacement | None, *, wait: bool, now: datetime) -> None:
    """Charge the call for what it used, as ``services.settle`` says. Call it in a transaction."""
    row = CallLog.objects.select_for_update(no_key=True).get(pk=call.pk)
    settle_locked(row, placement, wait=wait, now=now)
    for name in ("cost", "currency", "cost_breakdown"):
        setattr(call, name, getattr(row, name))


def settle_locked(row: CallLog, placement: CallPlacement | None, *, wait: bool, now: datetime) -> None:
    """Charge a call that the caller has locked and read since, as ``settle`` does."""
    facts, payee = facts_of(row, placement), _payee(row, placement)
    uses = used(row, facts, payee)
    events = list(UsageEvent.objects.filter(tenant=row.tenant_id, external_reference_id=reference_of(row.pk)))
    event = next((each for each in events if each.status != UsageStatus.VOIDED), None)
    if wait and uses and event is not None and _is_held(event) and not tells_usage(facts):
        return
    sale = sell(uses, at=event.occurred_at if event is not None else row.started_at or now)
    event = _charged(row, event, sale, len(events), now)
    _write_cost(row, event, sale, price_of(facts) if payee.own else None, payee)


def _charged(row: CallLog, event: UsageEvent | None, sale: Sale, earlier: int, now: datetime) -> UsageEvent | None:
    """Charge what was sold, and return the usage event that says so; None if nothing was."""
    if event is None:
        return None if sale.is_free else _record(row, sale, earlier, None, now)
    if _is_held(event) and (sale.is_free or _fits(event, sale)):
        return _settle_held(event, sale, now)
    if not _is_held(event) and _quantities(event) == _sold(sale):
        return event
    try:
        with transaction.atomic():
            _undo(event, now)
            return None if sale.is_free else _record(row, sale, earlier, event.occurred_at, now)
    except DomainError as error:
        # The plan does not cover it, or a wallet was closed. The tenant pays what was held, or was charged, for it.
        log.warning("call not charged in whole", call=str(row.pk), reason=error.code)
        return _settle_held(event, sale, now) if _is_held(event) else event


def _is_held(event: UsageEvent) -> bool:
    return event.status == UsageStatus.PENDING and event.next_charge_at is None


def _fits(event: UsageEvent, sale: Sale) -> bool:
    """Return whether what was held covers all that was used."""
    planned = _quantities(event)
    return all(key in planned and quantity <= planned[key] for key, quantity in _sold(sale).items())


def _settle_held(event: UsageEvent, sale: Sale, now: datetime) -> UsageEvent | None:
    reference, sold = event.external_reference_id, _sold(sale)
    quantities = {reference: tuple(sold.get(key, ZERO) for key in _quantities(event))}
    held.settle_many(
        used=[] if sale.is_free else [reference],
        unused=[reference] if sale.is_free else [],
        reason=NOTHING_USED,
        quantities=quantities,
        now=now,
    )
    found: UsageEvent = UsageEvent.objects.get(pk=event.pk)
    return None if sale.is_free else found


def _undo(event: UsageEvent, now: datetime) -> None:
    """Give back what is held or was charged."""
    if _is_held(event):
        held.settle_many(used=[], unused=[event.external_reference_id], reason=USED_OTHERWISE, now=now)
    else:
        usage.void(event=event, reason=USED_OTHERWISE, now=now)


def _record(row: CallLog, sale: Sale, earlier: int, at: datetime | None, now: datetime) -> UsageEvent:
    """Record the whole use at the prices of the time at which the call began, and charge it."""
    event = usage.record(
        feature_key=VOICE_AGENT,
        items=sale.items,
        key=f"{reference_of(row.pk)}:{earlier}",
        external_reference_id=reference_of(row.pk),
        occurred_at=min(at or row.started_at or now, now),
        metadata={"call": str(row.pk)},
        max_delay=MAX_DELAY,
        now=now,
    )
    return charging.charge(event=event, now=now)


def _quantities(event: UsageEvent) -> dict[Key, Decimal]:
    items = (item for item in event.usage_items if item["category"] != quoting.OVERAGE)
    return {key_of(item): Decimal(item["quantity"]) for item in items}


def _sold(sale: Sale) -> dict[Key, Decimal]:
    return {item.key: item.quantity for item in sale.items}


def _payee(row: CallLog, placement: CallPlacement | None) -> Payee:
    number = row.from_number
    telephony = number.provider if number else ""
    if placement is not None and placement.carrier_account_id is not None:
        return payee_of(placement.carrier_account, telephony)
    account_id = number.carrier_account_id if number else None
    account = CarrierAccount.all_objects.only("pk", "carrier", "tenant").filter(pk=account_id).first()
    return payee_of(account, telephony)


def _write_cost(row: CallLog, event: UsageEvent | None, sale: Sale, price: Price | None, payee: Payee) -> None:
    shown = breakdowns.lines(event.usage_items if event is not None else [], sale)
    cost, currency = (event.total_cost, event.currency) if event is not None else (ZERO, quoting.LIST_CURRENCY)
    if price is not None and price.currency == currency:
        shown, cost = [*shown, *breakdowns.carrier_lines(price, payee)], cost + price.amount
    write_details(row, cost=cost, currency=currency, cost_breakdown=shown)
