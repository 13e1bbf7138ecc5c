"""Automatic top-ups: when a wallet falls below its rule's threshold, an automatic payment is written down.

Writing it down is all that happens here; ``charges`` asks the provider, outside of any transaction.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from billing.invoicing.models import profile_of
from billing.ledger.models import Wallet, WalletStatus
from billing.payments.models import UNFINISHED, AutoTopup, Payment, PaymentKind
from billing.payments.services import payments, purchases
from lad import writes
from lad.errors import DomainError, Invalid
from lad.outbox.emission import emit
from lad.outbox.notifier import Doorbell
from lad.tenancy.context import tenant_context

PAUSE_AFTER_DECLINE: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
RULES_AT_ONCE: Final = 500

log = structlog.get_logger("lad.payments")

_doorbell = Doorbell("billing.settle_payments")


class AutoTopupWriter(writes.Writer):
    """A rule keeps its wallet, and buys what is sold, in the wallet's currency."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> AutoTopup:
        _check(values.get("wallet"), values)
        row: AutoTopup = super().create(values, actor=actor)
        return row

    def update(self, row: AutoTopup, values: Mapping[str, Any], *, actor: Any = None) -> AutoTopup:
        if "wallet" in values and values["wallet"].pk != row.wallet_id:
            raise Invalid(errors={"wallet": ["A rule keeps its wallet; make another rule."]})
        _check(row.wallet, values)
        updated: AutoTopup = super().update(row, values, actor=actor)
        return updated


def consider(*, wallet_ids: Collection[UUID] | None = None, now: datetime) -> int:
    """Begin an automatic payment for each wallet whose rule wants one; returns how many were begun.

    All rules, or those of the wallets given. Called as the platform.
    """
    rules = _hungry(now)
    if wallet_ids is not None:
        rules = rules.filter(wallet__in=wallet_ids)
    begun = 0
    for rule_id, tenant_id in list(rules.values_list("pk", "tenant_id")[:RULES_AT_ONCE]):
        with tenant_context(tenant_id):
            begun += begin(rule_id=rule_id, now=now) is not None
    return begun


@transaction.atomic
def begin(*, rule_id: UUID, now: datetime) -> Payment | None:
    """Write down an automatic payment if the rule wants one now and its limits let it; None if not.

    The lock on the rule makes the count of what was begun before exact, and a key in the database
    lets no second payment begin while one is under way.
    """
    rule = AutoTopup.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
    if rule is None or not _hungry(now).filter(pk=rule_id).exists() or _limited(rule, now):
        return None
    try:
        payment = _payment(rule, now)
    except DomainError as refusal:
        _pause(rule, reason=refusal.detail, now=now)
        return None
    Payment.objects.bulk_create([payment], ignore_conflicts=True)
    if not Payment.objects.filter(pk=payment.pk).exists():
        return None
    transaction.on_commit(_doorbell.ring, robust=True)
    return payment


def still_wanted(*, payment: Payment, now: datetime) -> bool:
    """Whether the wallet of an automatic payment, which may never have been asked for, still needs it."""
    return _low(now).filter(wallet=payment.wallet_id).exists()


@transaction.atomic
def decline(*, payment: Payment, reason: str, now: datetime) -> Payment:
    """End an automatic payment that the card did not pay, and leave the card alone for an hour.

    Emits ``billing.auto_topup.declined``.
    """
    # The rule before the payment, as when one begins: in another order the two could wait for each other.
    rule = AutoTopup.objects.select_for_update(no_key=True).filter(wallet=payment.wallet_id).first()
    before = payments.locked(payment.pk).status
    row = payments.fail(payment=payment, reason=reason or "The card was declined.")
    if rule is not None and before in UNFINISHED:
        _pause(rule, reason=row.error, now=now)
    return row


def _pause(rule: AutoTopup, *, reason: str, now: datetime) -> None:
    rule.paused_until = now + PAUSE_AFTER_DECLINE
    rule.save(update_fields=["paused_until"])
    emit("billing.auto_topup.declined", aggregate=rule, payload={"reason": reason, "paused_until": rule.paused_until})


def _low(now: datetime) -> Any:
    """Rules whose wallet is below the threshold, and may be filled up."""
    return AutoTopup.objects.filter(
        Q(paused_until__isnull=True) | Q(paused_until__lte=now),
        is_enabled=True,
        wallet__status=WalletStatus.ACTIVE,
        threshold__gt=F("wallet__current_balance") - F("wallet__reserved_balance"),
    )


def _hungry(now: datetime) -> Any:
    """Those of them without a payment under way."""
    under_way = Payment.objects.filter(
        tenant=OuterRef("tenant"), wallet=OuterRef("wallet"), kind=PaymentKind.AUTOMATIC, status__in=UNFINISHED
    )
    return _low(now).filter(~Exists(under_way))


def _limited(rule: AutoTopup, now: datetime) -> bool:
    """Whether the rule has begun as many payments as it may, paid or not."""
    begun = Payment.objects.filter(wallet=rule.wallet_id, kind=PaymentKind.AUTOMATIC, created_at__gt=now - DAY)
    times = list(begun.order_by("-created_at").values_list("created_at", flat=True)[: rule.most_per_day])
    too_soon = bool(times) and times[0] > now - timedelta(minutes=rule.minutes_between)
    return too_soon or len(times) >= rule.most_per_day


def _payment(rule: AutoTopup, now: datetime) -> Payment:
    wallet, profile = rule.wallet, profile_of(rule.tenant_id)
    if rule.package is None:
        terms = purchases.amount_terms(rule.amount, wallet=wallet, profile=profile)
    elif not rule.package.is_active:
        raise Invalid(f"{rule.package} is no longer sold: choose another package.")
    else:
        terms = purchases.package_terms(rule.package, wallet=wallet, profile=profile)
    payment = purchases.new(
        terms=terms,
        wallet=wallet,
        kind=PaymentKind.AUTOMATIC,
        key="",
        package=rule.package,
        # A repetition must ask for the very same, whatever becomes of the rule.
        customer_id=rule.customer_id,
        payment_method_id=rule.payment_method_id,
        next_attempt_at=now,
        created_at=now,
    )
    payment.idempotency_key = f"automatic:{payment.pk}"
    return payment


def _check(wallet: Wallet | None, values: Mapping[str, Any]) -> None:
    package = values.get("package")
    if package is None or wallet is None:
        return
    if not package.is_active:
        raise Invalid(errors={"package": ["It is no longer sold."]})
    if package.currency != wallet.currency:
        raise Invalid(errors={"package": [f"It is sold in {package.currency}; the wallet holds {wallet.currency}."]})


writes.register(AutoTopup, AutoTopupWriter)
