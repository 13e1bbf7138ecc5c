"""Voiding usage returns its charge and quota once and keeps the reason."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.audit.checks.search import Finding, run_checks
from billing.ledger.errors import WalletClosed
from billing.ledger.models import (
    GRANTED_FIRST,
    PURCHASED_LATER,
    CreditLot,
    LedgerTransaction,
    Wallet,
    WalletStatus,
)
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import charging, usage
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.usage.metered import CALL, COST, available, debit_of, fund, hold, record
from tests.support.database import refuses
from tests.support.events import events


def audited() -> list[Finding]:
    with platform_context(), connection.cursor() as cursor:
        return run_checks(cursor).findings


def test_voiding_a_charge_reverses_its_debit_and_keeps_the_reason(inside, owner):
    fund()
    event = usage.charge(event=record())
    voided = usage.void(event=event, reason="The call never happened", actor=owner)
    assert (voided.status, voided.void_reason, voided.ledger_transaction_id) == (
        "voided",
        "The call never happened",
        event.ledger_transaction_id,
    )
    reversal = LedgerTransaction.objects.get(reverses=event.ledger_transaction_id)
    assert (reversal.amount, reversal.description, available()) == (COST, "The call never happened", Decimal(1))
    usage.void(event=event, reason="Twice")
    assert available() == Decimal(1)
    [announced] = events("billing.usage.voided")
    assert announced.payload["reason"] == "The call never happened"


def test_voiding_does_not_reverse_a_debit_twice(inside):
    fund()
    event = usage.charge(event=record())
    ledger.reverse(transaction=debit_of(event), key="by-hand", reason="Mistake")
    assert usage.void(event=event, reason="Mistake").status == "voided"
    assert available() == Decimal(1)


def test_voiding_use_that_a_closed_wallet_paid_returns_the_money_to_the_tenant(inside, member):
    now = timezone.now()
    lasts = now + timedelta(days=9)
    own = wallets.open_wallet(user=member)
    ledger.credit(wallet=own, amount=Decimal("0.1"), key="granted", expires_at=lasts)
    ledger.topup(wallet=own, amount=Decimal("0.03"), key="paid")
    event = usage.charge(event=record(user=member))
    wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    assert usage.void(event=event, reason="The call never happened").status == "voided"
    assert usage.void(event=event, reason="Again").status == "voided"
    own.refresh_from_db()
    tenants = Wallet.objects.get(user=None)
    assert (own.current_balance, tenants.available_balance) == (0, COST)
    assert LedgerTransaction.objects.get(reverses=event.ledger_transaction_id).wallet_id == own.pk
    lots = CreditLot.objects.filter(wallet=tenants, is_open=True).order_by("priority")
    assert [(lot.priority, lot.remaining, lot.expires_at) for lot in lots] == [
        (GRANTED_FIRST, Decimal("0.1"), lasts),
        (PURCHASED_LATER, Decimal("0.03"), None),
    ]
    assert audited() == []


def test_credit_that_expired_meanwhile_does_not_come_back_from_a_closed_wallet(inside, member):
    start = timezone.now() - timedelta(days=2)
    own = wallets.open_wallet(user=member)
    ledger.credit(wallet=own, amount=Decimal("0.13"), key="granted", expires_at=start + timedelta(days=1), now=start)
    event = usage.charge(event=record(user=member, now=start), now=start)
    wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    assert usage.void(event=event, reason="The call never happened").status == "voided"
    assert available() == 0
    assert audited() == []


def test_free_use_of_a_closed_wallet_is_voided(inside, listed, member):
    own = wallets.open_wallet(user=member)
    event = usage.charge(event=record(user=member, items=[{**CALL, "quantity": "0"}]))
    wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    assert usage.void(event=event, reason="The call never happened").status == "voided"
    assert audited() == []


def test_use_that_a_closed_wallet_of_the_tenant_paid_is_voided_once_the_wallet_is_reactivated(inside):
    own = wallets.open_wallet()
    ledger.topup(wallet=own, amount=COST, key="paid")
    event = usage.charge(event=record())
    wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    with refuses(WalletClosed, "Reactivate it"):
        usage.void(event=event, reason="Mistake")
    assert UsageEvent.objects.get().status == "charged"
    wallets.change_status(wallet=own, status=WalletStatus.ACTIVE, reason="To give a charge back")
    assert usage.void(event=event, reason="Mistake").status == "voided"
    with refuses(wallets.WalletNotEmpty):
        wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    ledger.adjust(wallet=own, amount=-COST, key="paid back", reason="Paid back by bank transfer")
    wallets.change_status(wallet=own, status=WalletStatus.CLOSED)
    assert audited() == []


def test_voiding_usage_paid_from_a_hold_returns_the_money(inside):
    event = usage.capture_hold(event=record(), hold=hold(fund(), "0.50"))
    assert usage.void(event=event, reason="Mistake").status == "voided"
    assert available() == Decimal(1)


def test_voiding_needs_a_reason_and_voided_usage_is_not_charged(inside):
    fund()
    event = record()
    with pytest.raises(Invalid):
        usage.void(event=event, reason="  ")
    usage.void(event=event, reason="Test")
    with pytest.raises(usage.WrongUsageStatus):
        usage.charge(event=event)
    with pytest.raises(usage.WrongUsageStatus):
        usage.capture_hold(event=event, hold=hold(Wallet.objects.get(), "0.5"))
    assert available() == Decimal("0.5")


def test_an_event_of_another_tenant_is_unknown(inside, other_tenant):
    event = record()
    with tenant_context(other_tenant.pk):
        with pytest.raises(charging.UsageNotFound):
            usage.void(event=event, reason="Not ours")
        with pytest.raises(charging.UsageNotFound):
            usage.charge(event=event)


@pytest.mark.parametrize("values", [{"void_reason": "Because"}, {"voided_at": timezone.now()}], ids=["why", "when"])
def test_only_a_voided_event_has_a_void_time_and_reason(values, inside):
    fund()
    event = usage.charge(event=record())
    with pytest.raises(IntegrityError, match="billing_usage_events_void_explained"), transaction.atomic():
        UsageEvent.objects.filter(pk=event.pk).update(**values)
