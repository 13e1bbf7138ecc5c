"""Start automatic top-ups: create a payment when a wallet falls below its rule's threshold.

This module only writes rows. ``settlement`` calls the provider, outside of any transaction.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from billing import money
from billing.invoicing.models import profile_of
from billing.ledger.models import Wallet, WalletStatus
from billing.payments.models import UNFINISHED, AutoTopup, CreditPackage, Payment, PaymentKind
from billing.payments.services import payments, purchases
from lad import writes
from lad.errors import DomainError, Invalid
from lad.notifier import WorkerNotifier
from lad.outbox.emission import emit
from lad.tenancy.context import tenant_context
from lad.types import Actor, Values

PAUSE_AFTER_DECLINE: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MAX_RULES_PER_RUN: Final = 500

log = structlog.get_logger("lad.payments")

_notifier = WorkerNotifier("billing.settle_payments")


class AutoTopupWriter(writes.Writer[AutoTopup]):
    """Keeps a rule's wallet fixed, and requires an active package in its currency or an amount a card can pay."""

    def prepare(self, row: AutoTopup | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            message = "The wallet of a rule cannot be changed. Create another rule."
            writes.fixed_fields(row, values, {"wallet"}, message)
        wallet = row.wallet if row is not None else values.get("wallet")
        if values.get("package") is not None:
            _check_package(wallet, values["package"])
        if wallet is not None and isinstance(values.get("amount"), Decimal):
            _check_amount(values["amount"], wallet.currency)
        return values


def start_due_topups(*, wallet_ids: Collection[UUID] | None = None, now: datetime) -> int:
    """Start an automatic payment for each rule that calls for one, and return how many were started.

    Checks all rules, or those of the given wallets. Call it as the platform.
    """
    rules = _rules_to_run(now)
    if wallet_ids is not None:
        rules = rules.filter(wallet__in=wallet_ids)
    started = 0
    for rule_id, tenant_id in list(rules.values_list("pk", "tenant_id")[:MAX_RULES_PER_RUN]):
        with tenant_context(tenant_id):
            started += start_topup(rule_id=rule_id, now=now) is not None
    return started


@transaction.atomic
def start_topup(*, rule_id: UUID, now: datetime) -> Payment | None:
    """Create an automatic payment if the rule calls for one and its limits allow it; otherwise return None.

    The lock on the rule makes the count of earlier payments exact. A unique key in the database allows one
    open payment per wallet.
    """
    rule = AutoTopup.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
    if rule is None or not _rules_to_run(now).filter(pk=rule_id).exists() or _limit_reached(rule, now):
        return None
    try:
        payment = _new_payment(rule, now)
    except DomainError as error:
        _pause(rule, reason=error.detail, now=now)
        return None
    Payment.objects.bulk_create([payment], ignore_conflicts=True)
    if not Payment.objects.filter(pk=payment.pk).exists():
        return None
    _notifier.notify_on_commit()
    return payment


def still_wanted(*, payment: Payment, now: datetime) -> bool:
    """Return whether the wallet of an unsent automatic payment still needs the top-up."""
    return _rules_below_threshold(now).filter(wallet=payment.wallet_id).exists()


@transaction.atomic
def decline(*, payment: Payment, reason: str, now: datetime) -> Payment:
    """Fail an automatic payment whose card was declined, and pause the rule for an hour.

    Emits ``billing.auto_topup.declined``.
    """
    # Lock the rule before the payment, as ``start_topup`` does, to avoid deadlocks.
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


def _rules_below_threshold(now: datetime) -> Any:
    """Return the enabled rules whose active wallet is below the threshold."""
    return AutoTopup.objects.filter(
        Q(paused_until__isnull=True) | Q(paused_until__lte=now),
        is_enabled=True,
        wallet__status=WalletStatus.ACTIVE,
        threshold__gt=F("wallet__current_balance") - F("wallet__reserved_balance"),
    )


def _rules_to_run(now: datetime) -> Any:
    """Return the rules below their threshold that have no open payment."""
    under_way = Payment.objects.filter(
        tenant=OuterRef("tenant"), wallet=OuterRef("wallet"), kind=PaymentKind.AUTOMATIC, status__in=UNFINISHED
    )
    return _rules_below_threshold(now).filter(~Exists(under_way))


def _limit_reached(rule: AutoTopup, now: datetime) -> bool:
    """Return whether the rule has reached a limit. Payments count whether or not they were paid."""
    recent = Payment.objects.filter(wallet=rule.wallet_id, kind=PaymentKind.AUTOMATIC, created_at__gt=now - DAY)
    times = list(recent.order_by("-created_at").values_list("created_at", flat=True)[: rule.most_per_day])
    too_soon = bool(times) and times[0] > now - timedelta(minutes=rule.minutes_between)
    return too_soon or len(times) >= rule.most_per_day


def _new_payment(rule: AutoTopup, now: datetime) -> Payment:
    wallet, profile = rule.wallet, profile_of(rule.tenant_id)
    if rule.package is None:
        terms = purchases.amount_terms(rule.amount, wallet=wallet, profile=profile)
    elif not rule.package.is_active:
        raise Invalid(f"{rule.package} is no longer sold. Choose another package.")
    else:
        terms = purchases.package_terms(rule.package, wallet=wallet, profile=profile)
    payment = purchases.new_payment(
        terms=terms,
        wallet=wallet,
        kind=PaymentKind.AUTOMATIC,
        key="",
        package=rule.package,
        # A retry must send the same values even if the rule has changed.
        customer_id=rule.customer_id,
        payment_method_id=rule.payment_method_id,
        next_attempt_at=now,
        created_at=now,
    )
    payment.idempotency_key = f"automatic:{payment.pk}"
    return payment


def _check_amount(amount: Decimal, currency: str) -> None:
    if not money.is_payable(amount, currency):
        raise Invalid(errors={"amount": [money.not_payable(currency)]})


def _check_package(wallet: Wallet | None, package: CreditPackage) -> None:
    if wallet is None:
        return
    if not package.is_active:
        raise Invalid(errors={"package": ["This package is no longer sold. Choose another one."]})
    if package.currency != wallet.currency:
        raise Invalid(
            errors={"package": [f"This package is sold in {package.currency}, but the wallet holds {wallet.currency}."]}
        )


writes.register(AutoTopup, AutoTopupWriter)
