"""Settling payments with the provider: sending automatic ones, and asking after those whose fate is open.

Each is claimed in a transaction of its own, the provider is called outside any, and what it says is
written back. Charging is done once per payment: the provider knows it by its id. A sender that dies in
between leaves a lease to run out; then the provider is asked, and only what it has never heard of is
sent again. What it says was paid is credited whoever learns of it first, once.
"""

import random
import time
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from billing.payments.models import UNFINISHED, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import (
    CardDeclined,
    CardProvider,
    KeyRefused,
    NoResponse,
    PaymentFacts,
    PaymentStage,
    ProviderBusy,
    RequestRefused,
)
from billing.payments.services import auto_topup, payments, purchases
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context

MAX_RUN_SECONDS: Final = 20.0
# Longer than a task may live, so that a lease never runs out under a sender that still works.
LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 8
FIRST_DELAY_SECONDS: Final = 30.0
MAX_DELAY_SECONDS: Final = 6 * 3600.0
# The provider forgets after a day what it was asked for.
RESENDABLE_FOR: Final = timedelta(hours=23)
# The slowest banks take so long; then a person must ask.
GIVE_UP_AFTER: Final = timedelta(days=14)
CLOCK_SKEW: Final = timedelta(minutes=5)
SENDER_CRASHED: Final = "The sender vanished while it was charging the card: it may or may not have been charged."
NEVER_ARRIVED: Final = "The payment never reached the provider."
OUTCOME_UNKNOWN: Final = "The provider still does not say how the payment ended: look it up there."
NEVER_OPENED: Final = "Nobody was sent to the checkout."

log = structlog.get_logger("lad.payments")

CLAIM: Final = """
UPDATE billing_payments
SET attempts = attempts + 1, lease_until = clock_timestamp() + %s * interval '1 second', next_attempt_at = NULL
WHERE id = (
    SELECT id FROM billing_payments
    WHERE next_attempt_at <= %s AND status IN ('created', 'pending', 'unknown')
    ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def settle_due(*, cards: CardProvider, now: datetime | None = None, seconds: float = MAX_RUN_SECONDS) -> int:
    """Settle what is due until nothing is or the time is up; returns how many were looked at."""
    deadline = time.monotonic() + seconds
    settled = 0
    expire_leases()
    while time.monotonic() < deadline and (payment := claim(now=now or timezone.now())) is not None:
        settle(payment=payment, cards=cards, now=now or timezone.now())
        settled += 1
    return settled


def expire_leases() -> int:
    """Have what a vanished sender left asked after, at once."""
    may_be_charged = {"kind": PaymentKind.AUTOMATIC, "status": PaymentStatus.CREATED}
    with platform_context():
        vanished = Payment.objects.filter(lease_until__lt=Now(), status__in=UNFINISHED)
        count: int = vanished.filter(**may_be_charged).update(
            status=PaymentStatus.UNKNOWN, error=SENDER_CRASHED, lease_until=None, next_attempt_at=Now()
        )
        # To ask twice does no harm.
        vanished.update(lease_until=None, next_attempt_at=Now())
    if count:
        log.error("payments of unknown fate", count=count)
    return count


def claim(*, now: datetime) -> Payment | None:
    """Take one payment that is due; committed before the provider is called."""
    with transaction.atomic(durable=True), platform_context():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE.total_seconds(), now])
            row = cursor.fetchone()
        return Payment.objects.get(pk=row[0]) if row else None


def settle(*, payment: Payment, cards: CardProvider, now: datetime) -> None:
    """Charge a claimed payment, or ask after it, and write back what the provider says."""
    try:
        facts = _call_provider(payment, cards, now)
    except CardDeclined as error:
        _end(payment, error.detail, now)
    except (ProviderBusy, KeyRefused) as error:
        _reschedule(payment, error.detail, now)
    except RequestRefused as error:
        _end(payment, error.detail, now, stays=payment.status != PaymentStatus.CREATED)
    except NoResponse as error:
        _reschedule(payment, error.detail, now, status=PaymentStatus.UNKNOWN)
    else:
        _write_back(payment, facts, now)
    log.info("payment settled", payment=str(payment.pk), kind=payment.kind, attempts=payment.attempts)


def _call_provider(payment: Payment, cards: CardProvider, now: datetime) -> PaymentFacts | None:
    """What the provider says; None when it has never heard of the payment."""
    if payment.kind == PaymentKind.CHECKOUT:
        return cards.checkout(payment.checkout_session_id) if payment.checkout_session_id else None
    if payment.payment_intent_id:
        return cards.payment(payment.payment_intent_id)
    if payment.status == PaymentStatus.CREATED:
        return cards.charge(
            purchases.order_of(payment),
            description=payment.description,
            customer_id=payment.customer_id,
            card_id=payment.payment_method_id,
        )
    return cards.find_charge(payment.pk, customer_id=payment.customer_id, since=payment.created_at - CLOCK_SKEW)


def _write_back(payment: Payment, facts: PaymentFacts | None, now: datetime) -> None:
    if facts is None:
        _retry_or_end_unknown(payment, now)
        return
    refused = ""
    with tenant_context(payment.tenant_id):
        try:
            with transaction.atomic():
                payments.require_match(payments.locked(payment.pk), facts)
                if facts.stage == PaymentStage.PAID:
                    payments.succeed(payment=payment, facts=facts, now=now)
                    return
        except (payments.PaymentMismatch, DomainError) as refusal:
            refused = f"The provider's word was refused. {refusal}"
            payments.flag_for_attention(payment=payment, reason=refused)
    if refused:
        _reschedule(payment, refused, now)
    elif facts.stage == PaymentStage.OPEN:
        with tenant_context(payment.tenant_id):
            payments.record_session(payment=payment, facts=facts)
        _reschedule(payment, "", now)
    else:
        _end(payment, facts.error, now, expired=facts.stage == PaymentStage.EXPIRED)


def _retry_or_end_unknown(payment: Payment, now: datetime) -> None:
    """Neither paid nor under way: an automatic payment is sent again while the provider would know it again."""
    if payment.kind == PaymentKind.CHECKOUT:
        if now - payment.created_at < RESENDABLE_FOR:
            # Whoever began it may still repeat the request.
            _reschedule(payment, "", now)
        else:
            _end(payment, NEVER_OPENED, now, expired=True)
        return
    with tenant_context(payment.tenant_id):
        again = now - payment.created_at < RESENDABLE_FOR and auto_topup.still_wanted(payment=payment, now=now)
    if again:
        _reschedule(payment, NEVER_ARRIVED, now, status=PaymentStatus.CREATED, at_once=True)
    else:
        _end(payment, NEVER_ARRIVED, now, declined=False)


def _end(
    payment: Payment, reason: str, now: datetime, *, stays: bool = False, expired: bool = False, declined: bool = True
) -> None:
    """End the payment, unless it ``stays`` open because only the question about it was refused."""
    if stays:
        _reschedule(payment, reason, now)
        return
    with tenant_context(payment.tenant_id):
        if payment.kind == PaymentKind.AUTOMATIC and declined:
            auto_topup.decline(payment=payment, reason=reason, now=now)
        else:
            status = PaymentStatus.EXPIRED if expired else PaymentStatus.FAILED
            payments.fail(payment=payment, reason=reason, status=status)


def _reschedule(
    payment: Payment, reason: str, now: datetime, *, status: PaymentStatus | None = None, at_once: bool = False
) -> None:
    """Look again later, unless another attempt has begun; what was sent too often fails."""
    unsent = (status or payment.status) == PaymentStatus.CREATED and payment.kind == PaymentKind.AUTOMATIC
    if unsent and payment.attempts >= MAX_ATTEMPTS:
        _end(payment, reason, now, declined=False)
        return
    if now - payment.created_at > GIVE_UP_AFTER:
        with tenant_context(payment.tenant_id):
            payments.flag_for_attention(payment=payment, reason=OUTCOME_UNKNOWN)
        next_attempt = None
    else:
        next_attempt = now if at_once else _next_attempt(payment, now)
    values: dict[str, Any] = {"lease_until": None, "next_attempt_at": next_attempt}
    if reason:
        values["error"] = reason
    if status is not None and status != payment.status and payment.kind == PaymentKind.AUTOMATIC:
        values["status"] = status
    with platform_context():
        Payment.objects.filter(pk=payment.pk, attempts=payment.attempts, status__in=UNFINISHED).update(**values)


def _next_attempt(payment: Payment, now: datetime) -> datetime:
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**payment.attempts)
    seconds = random.uniform(FIRST_DELAY_SECONDS, longest)  # noqa: S311  (spreads load, no secret)
    return now + timedelta(seconds=seconds)
