"""Record what the provider reports about card payments: paid, failed, refunded or disputed.

Nothing here calls the provider. Recording the same report twice has no further effect.
"""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from billing import money
from billing.ledger.errors import CreditSpent, InsufficientBalance
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import UNFINISHED, AutoTopup, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import PaymentFacts, RefundFacts
from lad.errors import Conflict, DomainError
from lad.outbox.emission import emit
from lad.types import Actor
from tenants.accounts.models import User

REFERENCE: Final = ledger.ReferenceKind.STRIPE_PAYMENT
REFUNDED: Final = "Refunded to the card"
IS_DISPUTED: Final = "is disputed"
ERROR_LENGTH: Final = 2000
ATTENTION_LENGTH: Final = 500


class NothingToSettle(Conflict):
    """This payment does not need attention."""

    code = "nothing_to_settle"


class PaymentMismatch(Exception):
    """The provider's report does not match our payment. The message names the difference."""


def locked(payment_id: UUID) -> Payment:
    """Lock the payment until the end of the transaction and return its row."""
    row: Payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    return row


def require_match(payment: Payment, facts: PaymentFacts) -> None:
    """Raise PaymentMismatch unless the provider's report matches the payment."""
    expected = {
        "tenant": (facts.tenant_id, payment.tenant_id),
        "amount": (facts.total, payment.total),
        "currency": (facts.currency, payment.currency),
    }
    if facts.session_id and payment.checkout_session_id:
        expected["checkout session"] = (facts.session_id, payment.checkout_session_id)
    if facts.session_id:
        expected["kind"] = (PaymentKind.CHECKOUT, payment.kind)
    if facts.intent_id and payment.payment_intent_id:
        expected["payment intent"] = (facts.intent_id, payment.payment_intent_id)
    for name, (reported, ours) in expected.items():
        if reported != ours:
            raise PaymentMismatch(f"The {name} is {reported} at the provider but {ours} in LAD.")


@transaction.atomic
def record_session(*, payment: Payment, facts: PaymentFacts) -> Payment:
    """Store the provider's ids for the payment and mark it pending."""
    row = locked(payment.pk)
    row.checkout_session_id = row.checkout_session_id or facts.session_id
    row.payment_intent_id = row.payment_intent_id or facts.intent_id
    changed = ["checkout_session_id", "payment_intent_id"]
    if row.status in UNFINISHED:
        row.status = PaymentStatus.PENDING
        row.checkout_url = facts.url or row.checkout_url
        row.expires_at = facts.expires_at or row.expires_at
        row.error = ""
        changed += ["status", "checkout_url", "expires_at", "error"]
    row.save(update_fields=changed)
    return row


@transaction.atomic
def record_intent(*, payment: Payment, facts: PaymentFacts) -> None:
    """Store the id of a checkout's payment intent, which refunds and disputes refer to."""
    row = locked(payment.pk)
    row.payment_intent_id = row.payment_intent_id or facts.intent_id
    row.save(update_fields=["payment_intent_id"])


@transaction.atomic
def succeed(*, payment: Payment, facts: PaymentFacts, now: datetime) -> Payment:
    """Mark the payment paid and credit its wallet, once per checkout session or automatic payment. Idempotent.

    Emits ``billing.payment.succeeded``. Raises PaymentMismatch if the report is about another payment, and
    what ``ledger.topup`` raises.
    """
    row = locked(payment.pk)
    require_match(row, facts)
    row.checkout_session_id = row.checkout_session_id or facts.session_id
    row.payment_intent_id = row.payment_intent_id or facts.intent_id
    if row.ledger_transaction_id is not None:
        row.save(update_fields=["checkout_session_id", "payment_intent_id"])
        return row
    posted = ledger.topup(
        wallet=row.wallet_id,
        amount=row.amount,
        key=f"stripe_{row.checkout_session_id or row.payment_intent_id}",
        reference=ledger.Reference(REFERENCE, row.pk),
        description=row.description,
        actor=User(pk=row.user_id) if row.user_id else None,
        now=now,
    )
    row.status = PaymentStatus.SUCCEEDED
    row.ledger_transaction_id = posted.id
    row.paid_at = now
    row.error = ""
    row.next_attempt_at = row.lease_until = None
    row.save()
    payload = {"total": row.total, "currency": row.currency, "amount": row.amount, "kind": row.kind}
    emit("billing.payment.succeeded", aggregate=row, payload=payload, actor=row.user_id)
    if row.refunded_total:
        # The refund was reported before the payment.
        _reclaim(row)
        _emit_refund(row, row.refunded_total)
    return row


@transaction.atomic
def fail(*, payment: Payment, reason: str, status: PaymentStatus = PaymentStatus.FAILED) -> Payment:
    """Mark the payment failed or expired. Does nothing if it has already ended.

    Emits ``billing.payment.failed``.
    """
    row = locked(payment.pk)
    if row.status not in UNFINISHED:
        return row
    row.status = status
    row.error = reason[:ERROR_LENGTH]
    row.next_attempt_at = row.lease_until = None
    row.save()
    if status == PaymentStatus.FAILED:
        payload = {"reason": row.error, "total": row.total, "currency": row.currency, "kind": row.kind}
        emit("billing.payment.failed", aggregate=row, payload=payload, actor=row.user_id)
    return row


@transaction.atomic
def keep_card(*, payment: Payment, facts: PaymentFacts) -> AutoTopup | None:
    """Save the checkout's card for automatic top-ups, if the payer agreed."""
    if not (payment.keep_card and facts.customer_id and facts.card_id):
        return None
    rule, _made = AutoTopup.objects.get_or_create(tenant_id=payment.tenant_id, wallet_id=payment.wallet_id)
    rule.customer_id, rule.payment_method_id, rule.paused_until = facts.customer_id, facts.card_id, None
    rule.save(update_fields=["customer_id", "payment_method_id", "paused_until"])
    return rule


@transaction.atomic
def refund(*, payment: Payment, facts: RefundFacts) -> Payment:
    """Record a refund to the card and reclaim the credits from the wallet. Idempotent.

    A partial refund reclaims its share of the credits; a full refund reverses the top-up. If some of the credits
    are already spent, the rest is reclaimed and the payment is flagged for attention. Emits
    ``billing.payment.refunded``. Raises PaymentMismatch if more than the total was refunded or the currency differs.
    """
    row = locked(payment.pk)
    if facts.currency != row.currency or facts.refunded > row.total:
        raise PaymentMismatch(f"{facts.refunded} {facts.currency} was refunded of {row.total} {row.currency}.")
    returned = facts.refunded - row.refunded_total
    if returned <= 0:
        return row
    row.refunded_total = facts.refunded
    if row.ledger_transaction_id is None:
        row.save(update_fields=["refunded_total"])
        _request_attention(row, f"{REFUNDED} before the payment was credited: {money.plain(facts.refunded)}.")
        return row
    _reclaim(row)
    _emit_refund(row, returned)
    return row


@transaction.atomic
def reclaim(*, payment: Payment, actor: Actor = None) -> Payment:
    """Try again to reclaim refunded credits from the wallet. Raises NothingToSettle."""
    row = locked(payment.pk)
    if row.ledger_transaction_id is None or _amount_to_reclaim(row) <= 0:
        raise NothingToSettle("The refunded credits have already been reclaimed.")
    _reclaim(row, actor=actor)
    return row


@transaction.atomic
def dispute(*, payment: Payment, amount: Decimal, reason: str) -> Payment:
    """Suspend the wallet of a disputed payment until staff have reviewed it. Idempotent.

    Emits ``billing.payment.disputed``.
    """
    row = locked(payment.pk)
    text = f"{money.plain(amount)} {row.currency} {IS_DISPUTED}: {reason or 'no reason given'}."
    wallet = Wallet.objects.select_for_update(no_key=True).get(pk=row.wallet_id)
    # A wallet that staff suspended for another reason stays suspended when the dispute is won.
    row.suspended_wallet = wallet.status == WalletStatus.ACTIVE or _disputes_of(wallet).exists()
    if wallet.status == WalletStatus.ACTIVE:
        wallets.change_status(
            wallet=wallet, status=WalletStatus.SUSPENDED, reason=f"A card payment is disputed. {text}"
        )
    row.save(update_fields=["suspended_wallet"])
    _request_attention(row, text)
    payload = {"amount": amount, "currency": row.currency, "reason": reason}
    emit("billing.payment.disputed", aggregate=row, payload=payload)
    return row


@transaction.atomic
def end_dispute(*, payment: Payment, won: bool, amount: Decimal) -> Payment:
    """Record how a dispute ended. Idempotent.

    One that was won reactivates the wallet, unless another dispute or staff keep it suspended, and clears the flag.
    One that was lost is left to staff. Emits ``billing.payment.settled`` or ``.attention_needed``.
    """
    row = locked(payment.pk)
    if not won:
        return flag_for_attention(
            payment=row, reason=f"{money.plain(amount)} {row.currency} {IS_DISPUTED}, and the dispute was lost."
        )
    wallet = Wallet.objects.select_for_update(no_key=True).get(pk=row.wallet_id)
    suspended, row.suspended_wallet = row.suspended_wallet, False
    row.save(update_fields=["suspended_wallet"])
    if suspended and wallet.status == WalletStatus.SUSPENDED and not _disputes_of(wallet).exists():
        wallets.change_status(wallet=wallet, status=WalletStatus.ACTIVE, reason="The disputed card payment was won.")
    if IS_DISPUTED in row.attention:
        before, row.attention = row.attention, ""
        row.save(update_fields=["attention"])
        payload = {"before": before, "reason": "The dispute was won."}
        emit("billing.payment.settled", aggregate=row, payload=payload)
    return row


def _disputes_of(wallet: Wallet) -> QuerySet[Payment]:
    """Return the payments with an open dispute for which the wallet is suspended."""
    return Payment.objects.filter(tenant=wallet.tenant_id, wallet=wallet, suspended_wallet=True)


@transaction.atomic
def flag_for_attention(*, payment: Payment, reason: str) -> Payment:
    """Flag the payment for review by staff. Emits ``billing.payment.attention_needed``."""
    row = locked(payment.pk)
    if row.attention != reason[:ATTENTION_LENGTH]:
        _request_attention(row, reason)
    return row


def schedule_check(*, payment: Payment, now: datetime) -> None:
    """Schedule an immediate look-up of an open payment at the provider, unless one is in progress."""
    open_payments = Payment.objects.filter(pk=payment.pk, status__in=UNFINISHED, lease_until__isnull=True)
    open_payments.update(next_attempt_at=now)


@transaction.atomic
def resolve_attention(*, payment: Payment, reason: str, actor: Actor = None) -> Payment:
    """Clear the payment's flag after a review.

    Emits ``billing.payment.settled``. Raises NothingToSettle if the payment is not flagged.
    """
    row = locked(payment.pk)
    if not row.attention:
        raise NothingToSettle
    before, row.attention, row.suspended_wallet = row.attention, "", False
    row.save(update_fields=["attention", "suspended_wallet"])
    emit("billing.payment.settled", aggregate=row, payload={"before": before, "reason": reason}, actor=actor)
    return row


def _amount_to_reclaim(row: Payment) -> Decimal:
    """Return the credits that refunds have yet to reclaim from the wallet."""
    share = (
        row.amount
        if row.refunded_total == row.total
        else money.round_amount(row.amount * row.refunded_total / row.total)
    )
    return share - row.reclaimed_amount


def _reclaim(row: Payment, *, actor: Actor = None) -> None:
    """Reclaim what is due, or as much of it as is left in the wallet, and save the row. Flag what is missing."""
    reason = f"{REFUNDED}: {money.plain(row.refunded_total)} of {money.plain(row.total)} {row.currency}"
    try:
        _take_back(row, reason, actor)
    except InsufficientBalance as error:
        left = Decimal(error.extra["available"])
        if left > 0:
            with transaction.atomic():
                _adjust(row, left, reason, actor)
        problem = error.detail
    except DomainError as error:
        problem = error.detail
    else:
        problem = ""
    missing = _amount_to_reclaim(row)
    if missing > 0:
        text = f"{reason}, but {money.plain(missing)} of the credits could not be reclaimed. {problem}"
        row.attention = text[:ATTENTION_LENGTH]
    elif row.attention.startswith(REFUNDED):
        row.attention = ""
    if row.refunded_total == row.total:
        row.status = PaymentStatus.REFUNDED
    row.save(update_fields=["status", "refunded_total", "reclaimed_amount", "attention"])
    if row.attention.startswith(REFUNDED):
        emit("billing.payment.attention_needed", aggregate=row, payload={"reason": row.attention})


def _take_back(row: Payment, reason: str, actor: Actor) -> None:
    """Take all that is due from the wallet: reverse the top-up, or if its credits were touched, take other credits."""
    due = _amount_to_reclaim(row)
    if due == row.amount and row.ledger_transaction_id is not None:
        with suppress(CreditSpent), transaction.atomic():
            ledger.reverse(transaction=row.ledger_transaction_id, key=_refund_key(row), **_posting(row, reason, actor))
            row.reclaimed_amount += due
            return
    if due > 0:
        with transaction.atomic():
            _adjust(row, due, reason, actor)


def _adjust(row: Payment, amount: Decimal, reason: str, actor: Actor) -> None:
    ledger.adjust(wallet=row.wallet_id, amount=-amount, key=_refund_key(row), **_posting(row, reason, actor))
    row.reclaimed_amount += amount


def _refund_key(row: Payment) -> str:
    """Return the ledger's key of the next attempt: a later one takes what an earlier one could not."""
    taken = f"_{money.plain(row.reclaimed_amount)}" if row.reclaimed_amount else ""
    return f"stripe_refund_{row.pk}_{money.plain(row.refunded_total)}{taken}"


def _posting(row: Payment, reason: str, actor: Actor) -> dict[str, Any]:
    return {"reference": ledger.Reference(REFERENCE, row.pk), "reason": reason, "actor": actor}


def _emit_refund(row: Payment, returned: Decimal) -> None:
    """Emit ``billing.payment.refunded``. ``returned`` is the amount of this refund alone."""
    payload = {"returned": returned, "refunded": row.refunded_total, "currency": row.currency}
    emit("billing.payment.refunded", aggregate=row, payload=payload)


def _request_attention(row: Payment, reason: str) -> None:
    row.attention = reason[:ATTENTION_LENGTH]
    row.save(update_fields=["attention"])
    emit("billing.payment.attention_needed", aggregate=row, payload={"reason": row.attention})
