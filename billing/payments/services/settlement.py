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
from billing.payments.providers.cards import Busy, CardProvider, Declined, Facts, KeyRefused, NoAnswer, Refused, Stage
from billing.payments.services import auto_topup, payments, purchases
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context

SETTLE_SECONDS: Final = 20.0
# Longer than a task may live, so that a lease never runs out under a sender that still works.
LEASE: Final = timedelta(seconds=120)
MAX_SENDINGS: Final = 8
FIRST_DELAY_SECONDS: Final = 30.0
LONGEST_DELAY_SECONDS: Final = 6 * 3600.0
# The provider forgets after a day what it was asked for.
RESENDABLE: Final = timedelta(hours=23)
# The slowest banks take so long; then a person must ask.
PATIENCE: Final = timedelta(days=14)
CLOCK_SKEW: Final = timedelta(minutes=5)
VANISHED: Final = "The sender vanished while it was charging the card: it may or may not have been charged."
UNHEARD: Final = "The payment never reached the provider."
UNSETTLED: Final = "The provider still does not say how the payment ended: look it up there."
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


def settle_due(*, cards: CardProvider, now: datetime | None = None, seconds: float = SETTLE_SECONDS) -> int:
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
            status=PaymentStatus.UNKNOWN, error=VANISHED, lease_until=None, next_attempt_at=Now()
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
        facts = _ask(payment, cards, now)
    except Declined as error:
        _end(payment, error.detail, now)
    except (Busy, KeyRefused) as error:
        _later(payment, error.detail, now)
    except Refused as error:
        _end(payment, error.detail, now, stays=payment.status != PaymentStatus.CREATED)
    except NoAnswer as error:
        _later(payment, error.detail, now, status=PaymentStatus.UNKNOWN)
    else:
        _write_back(payment, facts, now)
    log.info("payment settled", payment=str(payment.pk), kind=payment.kind, attempts=payment.attempts)


def _ask(payment: Payment, cards: CardProvider, now: datetime) -> Facts | None:
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


def _write_back(payment: Payment, facts: Facts | None, now: datetime) -> None:
    if facts is None:
        _unheard_of(payment, now)
        return
    refused = ""
    with tenant_context(payment.tenant_id):
        try:
            with transaction.atomic():
                payments.check(payments.locked(payment.pk), facts)
                if facts.stage == Stage.PAID:
                    payments.succeed(payment=payment, facts=facts, now=now)
                    return
        except (payments.NotOurs, DomainError) as refusal:
            refused = f"The provider's word was refused. {refusal}"
            payments.doubt(payment=payment, reason=refused)
    if refused:
        _later(payment, refused, now)
    elif facts.stage == Stage.OPEN:
        with tenant_context(payment.tenant_id):
            payments.note(payment=payment, facts=facts)
        _later(payment, "", now)
    else:
        _end(payment, facts.error, now, expired=facts.stage == Stage.EXPIRED)


def _unheard_of(payment: Payment, now: datetime) -> None:
    """Neither paid nor under way: an automatic payment is sent again while the provider would know it again."""
    if payment.kind == PaymentKind.CHECKOUT:
        if now - payment.created_at < RESENDABLE:
            # Whoever began it may still repeat the request.
            _later(payment, "", now)
        else:
            _end(payment, NEVER_OPENED, now, expired=True)
        return
    with tenant_context(payment.tenant_id):
        again = now - payment.created_at < RESENDABLE and auto_topup.still_wanted(payment=payment, now=now)
    if again:
        _later(payment, UNHEARD, now, status=PaymentStatus.CREATED, at_once=True)
    else:
        _end(payment, UNHEARD, now, declined=False)


def _end(
    payment: Payment, reason: str, now: datetime, *, stays: bool = False, expired: bool = False, declined: bool = True
) -> None:
    """End the payment, unless it ``stays`` open because only the question about it was refused."""
    if stays:
        _later(payment, reason, now)
        return
    with tenant_context(payment.tenant_id):
        if payment.kind == PaymentKind.AUTOMATIC and declined:
            auto_topup.decline(payment=payment, reason=reason, now=now)
        else:
            status = PaymentStatus.EXPIRED if expired else PaymentStatus.FAILED
            payments.fail(payment=payment, reason=reason, status=status)


def _later(
    payment: Payment, reason: str, now: datetime, *, status: PaymentStatus | None = None, at_once: bool = False
) -> None:
    """Look again later, unless another attempt has begun; what was sent too often fails."""
    unsent = (status or payment.status) == PaymentStatus.CREATED and payment.kind == PaymentKind.AUTOMATIC
    if unsent and payment.attempts >= MAX_SENDINGS:
        _end(payment, reason, now, declined=False)
        return
    if now - payment.created_at > PATIENCE:
        with tenant_context(payment.tenant_id):
            payments.doubt(payment=payment, reason=UNSETTLED)
        next_attempt = None
    else:
        next_attempt = now if at_once else _next(payment, now)
    values: dict[str, Any] = {"lease_until": None, "next_attempt_at": next_attempt}
    if reason:
        values["error"] = reason
    if status is not None and status != payment.status and payment.kind == PaymentKind.AUTOMATIC:
        values["status"] = status
    with platform_context():
        Payment.objects.filter(pk=payment.pk, attempts=payment.attempts, status__in=UNFINISHED).update(**values)


def _next(payment: Payment, now: datetime) -> datetime:
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**payment.attempts)
    seconds = random.uniform(FIRST_DELAY_SECONDS, longest)  # noqa: S311  (spreads load, no secret)
    return now + timedelta(seconds=seconds)
