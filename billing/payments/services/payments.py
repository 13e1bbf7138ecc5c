"""Card payments as rows: what follows when the provider says that one was paid, failed or went back.

Nothing here calls the provider. Whatever is told twice changes nothing the second time.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from billing import money as amounts
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import UNFINISHED, AutoTopup, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import Facts, Refund
from lad.errors import Conflict, DomainError
from lad.outbox.emission import emit
from tenants.accounts.models import User

REFERENCE: Final = "stripe_payment"
REFUNDED: Final = "Refunded to the card"
ERROR_LENGTH: Final = 2000
ATTENTION_LENGTH: Final = 500


class NothingToSettle(Conflict):
    """Nobody has to look into this payment."""

    code = "nothing_to_settle"


class NotOurs(Exception):
    """What the provider says of a payment does not fit our own record of it; the message says what."""


def locked(payment_id: UUID) -> Payment:
    """The payment, its row locked until the end of the transaction."""
    row: Payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    return row


def check(payment: Payment, facts: Facts) -> None:
    """Hold what the provider says against the payment. Raises NotOurs."""
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
    for what, (told, ours) in expected.items():
        if told != ours:
            raise NotOurs(f"The {what} is {told} at the provider, and {ours} here.")


@transaction.atomic
def note(*, payment: Payment, facts: Facts) -> Payment:
    """Keep the provider's names for the payment, and that it is under way."""
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
def note_intent(*, payment: Payment, facts: Facts) -> None:
    """Keep the name of what a checkout is paid with: refunds and disputes go by it."""
    row = locked(payment.pk)
    row.payment_intent_id = row.payment_intent_id or facts.intent_id
    row.save(update_fields=["payment_intent_id"])


@transaction.atomic
def succeed(*, payment: Payment, facts: Facts, now: datetime) -> Payment:
    """Credit the wallet, once for the checkout session or the automatic payment. Idempotent.

    Emits ``billing.payment.succeeded``. Raises NotOurs when the facts are of another payment, and
    what ``ledger.topup`` raises.
    """
    row = locked(payment.pk)
    check(row, facts)
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
    told = {"total": row.total, "currency": row.currency, "amount": row.amount, "kind": row.kind}
    emit("billing.payment.succeeded", aggregate=row, payload=told, actor=row.user_id)
    if row.refunded_total:
        # The refund came before the news of the payment.
        _take_back(row)
        _tell_of_refund(row, row.refunded_total)
    return row


@transaction.atomic
def fail(*, payment: Payment, reason: str, status: PaymentStatus = PaymentStatus.FAILED) -> Payment:
    """Record that nothing will be paid: failed, or expired. Does nothing to a payment that has ended.

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
        told = {"reason": row.error, "total": row.total, "currency": row.currency, "kind": row.kind}
        emit("billing.payment.failed", aggregate=row, payload=told, actor=row.user_id)
    return row


@transaction.atomic
def keep_card(*, payment: Payment, facts: Facts) -> AutoTopup | None:
    """Keep the card of a checkout for the wallet's automatic top-ups, where the payer agreed to that."""
    if not (payment.keep_card and facts.customer_id and facts.card_id):
        return None
    rule, _made = AutoTopup.objects.get_or_create(tenant_id=payment.tenant_id, wallet_id=payment.wallet_id)
    rule.customer_id, rule.payment_method_id, rule.paused_until = facts.customer_id, facts.card_id, None
    rule.save(update_fields=["customer_id", "payment_method_id", "paused_until"])
    return rule


@transaction.atomic
def refund(*, payment: Payment, facts: Refund) -> Payment:
    """Take out of the wallet what went back to the card. Idempotent.

    The share of the credits that the refund is of the total is taken; the whole is a reversal. What is
    spent cannot be taken: then a person must look into it. Emits ``billing.payment.refunded``.
    Raises NotOurs for more than was paid, or another currency.
    """
    row = locked(payment.pk)
    if facts.currency != row.currency or facts.refunded > row.total:
        raise NotOurs(f"{facts.refunded} {facts.currency} were refunded of {row.total} {row.currency}.")
    returned = facts.refunded - row.refunded_total
    if returned <= 0:
        return row
    row.refunded_total = facts.refunded
    if row.ledger_transaction_id is None:
        row.save(update_fields=["refunded_total"])
        _ask_for_attention(row, f"{REFUNDED} before the payment was credited: {amounts.plain(facts.refunded)}.")
        return row
    _take_back(row)
    _tell_of_refund(row, returned)
    return row


@transaction.atomic
def take_back(*, payment: Payment, actor: Any = None) -> Payment:
    """Try again to take out of the wallet what was refunded. Raises NothingToSettle."""
    row = locked(payment.pk)
    if row.ledger_transaction_id is None or _due_back(row) <= 0:
        raise NothingToSettle("What was refunded has been taken out of the wallet.")
    _take_back(row, actor=actor)
    return row


@transaction.atomic
def dispute(*, payment: Payment, amount: Decimal, reason: str) -> Payment:
    """Suspend the wallet of a disputed payment until a person has looked into it. Idempotent.

    Emits ``billing.payment.disputed``.
    """
    row = locked(payment.pk)
    text = f"{amounts.plain(amount)} {row.currency} are disputed: {reason or 'no reason given'}."
    wallet = Wallet.objects.get(pk=row.wallet_id)
    if wallet.status == WalletStatus.ACTIVE:
        wallets.move(wallet=wallet, status=WalletStatus.SUSPENDED, reason=f"A card payment is disputed. {text}")
    _ask_for_attention(row, text)
    told = {"amount": amount, "currency": row.currency, "reason": reason}
    emit("billing.payment.disputed", aggregate=row, payload=told)
    return row


@transaction.atomic
def doubt(*, payment: Payment, reason: str) -> Payment:
    """Have a person look into the payment. Emits ``billing.payment.attention_needed``."""
    row = locked(payment.pk)
    if row.attention != reason[:ATTENTION_LENGTH]:
        _ask_for_attention(row, reason)
    return row


def ask_soon(*, payment: Payment, now: datetime) -> None:
    """Have the provider asked how an open payment stands, unless somebody is asking already."""
    open_payments = Payment.objects.filter(pk=payment.pk, status__in=UNFINISHED, lease_until__isnull=True)
    open_payments.update(next_attempt_at=now)


@transaction.atomic
def settle(*, payment: Payment, reason: str, actor: Any = None) -> Payment:
    """Note that a person has looked into the payment, and how it ended.

    Emits ``billing.payment.settled``. Raises NothingToSettle.
    """
    row = locked(payment.pk)
    if not row.attention:
        raise NothingToSettle
    before, row.attention = row.attention, ""
    row.save(update_fields=["attention"])
    emit("billing.payment.settled", aggregate=row, payload={"before": before, "reason": reason}, actor=actor)
    return row


def _due_back(row: Payment) -> Decimal:
    """What of the wallet's credit is still to be taken for what was refunded."""
    share = (
        row.amount if row.refunded_total == row.total else amounts.to_line(row.amount * row.refunded_total / row.total)
    )
    return share - row.reclaimed_amount


def _take_back(row: Payment, *, actor: Any = None) -> None:
    """Take what is due, or ask for attention; saves the row."""
    due = _due_back(row)
    reason = f"{REFUNDED}: {amounts.plain(row.refunded_total)} of {amounts.plain(row.total)} {row.currency}"
    key = f"stripe_refund_{row.pk}_{amounts.plain(row.refunded_total)}"
    said: dict[str, Any] = {"reference": ledger.Reference(REFERENCE, row.pk), "reason": reason, "actor": actor}
    try:
        with transaction.atomic():
            if due == row.amount and row.ledger_transaction_id is not None:
                ledger.reverse(transaction=row.ledger_transaction_id, key=key, **said)
            elif due > 0:
                ledger.adjust(wallet=row.wallet_id, amount=-due, key=key, **said)
            row.reclaimed_amount += due
            if row.attention.startswith(REFUNDED):
                row.attention = ""
    except DomainError as refusal:
        row.attention = f"{reason}, but the credits could not be taken back. {refusal.detail}"[:ATTENTION_LENGTH]
    if row.refunded_total == row.total:
        row.status = PaymentStatus.REFUNDED
    row.save(update_fields=["status", "refunded_total", "reclaimed_amount", "attention"])
    if row.attention.startswith(REFUNDED):
        emit("billing.payment.attention_needed", aggregate=row, payload={"reason": row.attention})


def _tell_of_refund(row: Payment, returned: Decimal) -> None:
    """``returned`` is what went back to the card just now."""
    told = {"returned": returned, "refunded": row.refunded_total, "currency": row.currency}
    emit("billing.payment.refunded", aggregate=row, payload=told)


def _ask_for_attention(row: Payment, reason: str) -> None:
    row.attention = reason[:ATTENTION_LENGTH]
    row.save(update_fields=["attention"])
    emit("billing.payment.attention_needed", aggregate=row, payload={"reason": row.attention})
