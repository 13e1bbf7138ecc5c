"""Settle card payments with the provider: send automatic payments and look up open ones.

Each payment is claimed in its own transaction, the provider is called outside any transaction, and the result
is written back. The payment's id is the idempotency key, so a card is charged once. If a worker dies, its
lease expires; the provider is then asked, and only a payment it does not know is sent again. A paid payment is
credited once, whether the webhook or this module learns of it first.
"""

import random
import time
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.db.models import Q
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
# Longer than a task may run, so that a lease never expires while its worker is alive.
LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 8
FIRST_DELAY_SECONDS: Final = 30.0
MAX_DELAY_SECONDS: Final = 6 * 3600.0
# The provider forgets idempotency keys after a day.
RESENDABLE_FOR: Final = timedelta(hours=23)
# The slowest banks take this long. After that staff must look the payment up.
GIVE_UP_AFTER: Final = timedelta(days=14)
CLOCK_SKEW: Final = timedelta(minutes=5)
SENDER_CRASHED: Final = "LAD was interrupted while it charged the card, which may or may not have been charged."
NEVER_ARRIVED: Final = "The payment never reached the provider."
OUTCOME_UNKNOWN: Final = "The provider has not reported how the payment ended. Look it up there."
NEVER_OPENED: Final = "The checkout was never opened."

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


def has_work() -> bool:
    """Return whether a payment is due or was left by its worker. Needs a platform scope."""
    due = Q(next_attempt_at__lte=Now()) | Q(lease_until__lt=Now())
    found: bool = Payment.objects.filter(due, status__in=UNFINISHED).exists()
    return found


def settle_due(*, cards: CardProvider, now: datetime | None = None, seconds: float = MAX_RUN_SECONDS) -> int:
    """Settle due payments until none is left or the time is up, and return how many were handled."""
    deadline = time.monotonic() + seconds
    settled = 0
    expire_leases()
    while time.monotonic() < deadline and (payment := claim(now=now or timezone.now())) is not None:
        settle(payment=payment, cards=cards, now=now or timezone.now())
        settled += 1
    return settled


def expire_leases() -> int:
    """Schedule an immediate look-up of payments whose worker died."""
    may_be_charged = {"kind": PaymentKind.AUTOMATIC, "status": PaymentStatus.CREATED}
    with platform_context():
        vanished = Payment.objects.filter(lease_until__lt=Now(), status__in=UNFINISHED)
        count: int = vanished.filter(**may_be_charged).update(
            status=PaymentStatus.UNKNOWN, error=SENDER_CRASHED, lease_until=None, next_attempt_at=Now()
        )
        # The others only wait for a look-up, which can safely be repeated.
        vanished.update(lease_until=None, next_attempt_at=Now())
    if count:
        log.error("payments with unknown outcome", count=count)
    return count


def claim(*, now: datetime) -> Payment | None:
    """Claim one due payment. The claim is committed before the provider is called."""
    with transaction.atomic(durable=True), platform_context():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE.total_seconds(), now])
            row = cursor.fetchone()
        return Payment.objects.get(pk=row[0]) if row else None


def settle(*, payment: Payment, cards: CardProvider, now: datetime) -> None:
    """Charge a claimed payment or look it up, and write back the result."""
    try:
        facts = _call_provider(payment, cards, now)
    except CardDeclined as error:
        _end(payment, error.detail, now)
    except (ProviderBusy, KeyRefused) as error:
        _reschedule(payment, error.detail, now)
    except RequestRefused as error:
        _end(payment, error.detail, now, keep_open=payment.status != PaymentStatus.CREATED)
    except NoResponse as error:
        _reschedule(payment, error.detail, now, status=PaymentStatus.UNKNOWN)
    else:
        _write_back(payment, facts, now)
    log.info("payment settled", payment=str(payment.pk), kind=payment.kind, attempts=payment.attempts)


def _call_provider(payment: Payment, cards: CardProvider, now: datetime) -> PaymentFacts | None:
    """Return the provider's report, or None if it does not know the payment."""
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
    problem = ""
    with tenant_context(payment.tenant_id):
        try:
            with transaction.atomic():
                payments.require_match(payments.locked(payment.pk), facts)
                if facts.stage == PaymentStage.PAID:
                    payments.succeed(payment=payment, facts=facts, now=now)
                    return
        except (payments.PaymentMismatch, DomainError) as error:
            problem = f"The provider's report could not be accepted. {error}"
            payments.flag_for_attention(payment=payment, reason=problem)
    if problem:
        _reschedule(payment, problem, now)
    elif facts.stage == PaymentStage.OPEN:
        with tenant_context(payment.tenant_id):
            payments.record_session(payment=payment, facts=facts)
        _reschedule(payment, "", now)
    else:
        _end(payment, facts.error, now, expired=facts.stage == PaymentStage.EXPIRED)


def _retry_or_end_unknown(payment: Payment, now: datetime) -> None:
    """Handle a payment the provider does not know: resend an automatic one while its key is still remembered."""
    if payment.kind == PaymentKind.CHECKOUT:
        if now - payment.created_at < RESENDABLE_FOR:
            # The client may still repeat the request.
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
    payment: Payment,
    reason: str,
    now: datetime,
    *,
    keep_open: bool = False,
    expired: bool = False,
    declined: bool = True,
) -> None:
    """End the payment, or ``keep_open`` if the provider only refused the look-up."""
    if keep_open:
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
    """Schedule the next attempt unless another one has started. Fail a payment that was sent too often."""
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
