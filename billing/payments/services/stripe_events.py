"""Process Stripe's webhook events, each once, in the transaction that records it.

An event that does not match our records is refused and flagged for staff, because repeating it would not help.
An event whose processing raises is recorded as failed and raised, so that Stripe sends it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import Q

from billing.payments.models import UNFINISHED, EventOutcome, Payment, PaymentKind, PaymentStatus, StripeEvent
from billing.payments.providers.cards import (
    CardProvider,
    DisputeFacts,
    PaymentFacts,
    PaymentStage,
    ProviderEvent,
    RefundFacts,
)
from billing.payments.services import auto_topup, payments
from lad.db.identifiers import uuid7
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context

DETAIL_LENGTH: Final = 2000
UNKNOWN_TYPE: Final = "LAD ignores events of this type."
NO_PAYMENT: Final = "The event names no payment of LAD."

log = structlog.get_logger("lad.payments")

# A simultaneous delivery of the same event waits here until the first one has committed or failed.
RECORD: Final = """
INSERT INTO billing_stripe_events AS known
    (id, event_id, type, object_id, outcome, detail, deliveries, received_at, created_at, updated_at)
VALUES (%s, %s, %s, %s, 'failed', '', 1, %s, %s, %s)
ON CONFLICT (event_id) DO UPDATE SET deliveries = known.deliveries + 1
RETURNING id, outcome
"""


@dataclass(frozen=True, slots=True)
class EventResult:
    """The outcome of an event."""

    outcome: EventOutcome
    detail: str = ""
    payment: Payment | None = None


def receive(*, payload: bytes, signature: str, cards: CardProvider, now: datetime) -> EventOutcome:
    """Process a Stripe webhook once. Call it outside of any scope.

    Raises SignatureRefused. After any other exception everything is rolled back and Stripe should send the
    event again.
    """
    event = cards.read_event(payload, signature)
    try:
        with platform_context():
            outcome = _once(event, cards, now)
    except Exception as error:
        _note_failure(event, error, now)
        raise
    log.info("stripe event", stripe_event=event.id, kind=event.type, outcome=str(outcome))
    return outcome


def _once(event: ProviderEvent, cards: CardProvider, now: datetime) -> EventOutcome:
    row_id, known = _record(event, now)
    if known != EventOutcome.FAILED:
        return EventOutcome(known)
    result = _act(event, cards, now)
    StripeEvent.objects.filter(pk=row_id).update(
        outcome=result.outcome,
        detail=result.detail[:DETAIL_LENGTH],
        payment_id=result.payment.pk if result.payment else None,
        tenant=result.payment.tenant_id if result.payment else None,
    )
    return result.outcome


def _act(event: ProviderEvent, cards: CardProvider, now: datetime) -> EventResult:
    action = ACTIONS.get(event.type)
    if action is None:
        return EventResult(EventOutcome.IGNORED, UNKNOWN_TYPE)
    facts = cards.facts(event.subject)
    payment = _payment(facts)
    if facts is None or payment is None:
        # The Stripe account may sell other products. Disputes, and events that name our payments, need a review.
        suspicious = isinstance(facts, DisputeFacts) or getattr(facts, "payment_id", None) is not None
        return EventResult(EventOutcome.REFUSED if suspicious else EventOutcome.IGNORED, NO_PAYMENT)
    with tenant_context(payment.tenant_id):
        try:
            with transaction.atomic():
                done = action(payment, facts, now)
        except (payments.PaymentMismatch, DomainError) as error:
            reason = f"{event.type} {event.id} was refused. {error}"
            payments.flag_for_attention(payment=payment, reason=reason)
            return EventResult(EventOutcome.REFUSED, str(error), payment)
    return EventResult(EventOutcome.PROCESSED if done else EventOutcome.IGNORED, "", payment)


def _payment(facts: PaymentFacts | RefundFacts | DisputeFacts | None) -> Payment | None:
    """Return the payment that the report is about, found by our id or by the payment intent."""
    if facts is None:
        return None
    payment_id = getattr(facts, "payment_id", None)
    named = Q(pk=payment_id) if payment_id else Q(payment_intent_id=facts.intent_id) & ~Q(payment_intent_id="")
    found: Payment | None = Payment.objects.filter(named).first()
    return found


def _checkout(payment: Payment, facts: PaymentFacts, now: datetime) -> bool:
    """Handle a completed checkout, which a slow bank may not have paid yet."""
    if facts.stage == PaymentStage.PAID:
        payments.succeed(payment=payment, facts=facts, now=now)
        return True
    payments.require_match(payment, facts)
    payments.record_session(payment=payment, facts=facts)
    return payment.status in UNFINISHED


def _checkout_failed(payment: Payment, facts: PaymentFacts, now: datetime) -> bool:
    payments.require_match(payment, facts)
    payments.fail(payment=payment, reason="The payment failed.")
    return payment.status in UNFINISHED


def _checkout_expired(payment: Payment, facts: PaymentFacts, now: datetime) -> bool:
    payments.require_match(payment, facts)
    payments.fail(payment=payment, reason="Nobody paid in time.", status=PaymentStatus.EXPIRED)
    return payment.status in UNFINISHED


def _paid(payment: Payment, facts: PaymentFacts, now: datetime) -> bool:
    """Handle a paid payment intent: of an automatic payment, or of a checkout, whose card it contains."""
    if payment.kind == PaymentKind.AUTOMATIC:
        payments.succeed(payment=payment, facts=facts, now=now)
        return True
    payments.require_match(payment, facts)
    payments.record_intent(payment=payment, facts=facts)
    return payments.keep_card(payment=payment, facts=facts) is not None


def _not_paid(payment: Payment, facts: PaymentFacts, now: datetime) -> bool:
    """Handle a declined card. At a checkout the payer can try another one, so nothing is recorded."""
    payments.require_match(payment, facts)
    if payment.kind != PaymentKind.AUTOMATIC or payment.status not in UNFINISHED:
        return False
    auto_topup.decline(payment=payment, reason=facts.error, now=now)
    return True


def _refunded(payment: Payment, facts: RefundFacts, now: datetime) -> bool:
    before = payment.refunded_total
    return payments.refund(payment=payment, facts=facts).refunded_total > before


def _disputed(payment: Payment, facts: DisputeFacts, now: datetime) -> bool:
    payments.dispute(payment=payment, amount=facts.amount, reason=facts.reason)
    return True


def _dispute_ended(payment: Payment, facts: DisputeFacts, now: datetime) -> bool:
    payments.end_dispute(payment=payment, won=facts.won, amount=facts.amount)
    return True


ACTIONS: Final[dict[str, Callable[..., bool]]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "checkout.session.async_payment_failed": _checkout_failed,
    "checkout.session.expired": _checkout_expired,
    "payment_intent.succeeded": _paid,
    "payment_intent.payment_failed": _not_paid,
    "charge.refunded": _refunded,
    "charge.dispute.created": _disputed,
    "charge.dispute.closed": _dispute_ended,
}


def _record(event: ProviderEvent, now: datetime) -> tuple[object, str]:
    with connection.cursor() as cursor:
        subject_id = str(event.subject.get("id", ""))
        cursor.execute(RECORD, [uuid7(), event.id, event.type, subject_id, now, now, now])
        row_id, outcome = cursor.fetchone()
    return row_id, outcome


def _note_failure(event: ProviderEvent, error: Exception, now: datetime) -> None:
    """Record in its own transaction that processing the event failed."""
    log.error("stripe event failed", stripe_event=event.id, kind=event.type, exc_info=error)
    with platform_context():
        row_id, outcome = _record(event, now)
        if outcome == EventOutcome.FAILED:
            reason = f"{type(error).__name__}: {error}"[:DETAIL_LENGTH]
            StripeEvent.objects.filter(pk=row_id).update(detail=reason)
