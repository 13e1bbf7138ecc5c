"""Voiding what was used: the money and the quota go back once, and the reason stays."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.usage.models import UsageEvent
from billing.usage.services import charging, usage
from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from tests.billing.usage.metered import COST, available, debit_of, fund, hold, record
from tests.tenants.helpers import events


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
    [told] = events("billing.usage.voided")
    assert told.payload["reason"] == "The call never happened"


def test_a_debit_reversed_in_the_ledger_is_not_given_back_again_by_voiding(inside):
    fund()
    event = usage.charge(event=record())
    ledger.reverse(transaction=debit_of(event), key="by-hand", reason="Mistake")
    assert usage.void(event=event, reason="Mistake").status == "voided"
    assert available() == Decimal(1)


def test_voiding_what_a_hold_paid_gives_the_money_back(inside):
    event = usage.capture_hold(event=record(), hold=hold(fund(), "0.50"))
    assert usage.void(event=event, reason="Mistake").status == "voided"
    assert available() == Decimal(1)


def test_voiding_needs_a_reason_and_what_is_voided_is_not_charged(inside):
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
        with pytest.raises(charging.UsageUnknown):
            usage.void(event=event, reason="Not ours")
        with pytest.raises(charging.UsageUnknown):
            usage.charge(event=event)


@pytest.mark.parametrize("values", [{"void_reason": "Because"}, {"voided_at": timezone.now()}], ids=["why", "when"])
def test_only_a_voided_event_says_why_and_when(values, inside):
    fund()
    event = usage.charge(event=record())
    with pytest.raises(IntegrityError, match="billing_usage_events_void_explained"), transaction.atomic():
        UsageEvent.objects.filter(pk=event.pk).update(**values)
