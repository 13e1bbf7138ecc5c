"""Charging what was used: once, from the wallet that pays, from a hold, or by itself when nobody did."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.ledger.models import LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import charging, usage
from billing.usage.services.charging import ChargeOutcome
from billing.usage.tasks import charge_pending_usage
from lad.tenancy.context import tenant_context
from tests.billing.usage.metered import CALL, COST, as_now, available, debit_of, fund, hold, record, run
from tests.support.waiting import Other, until_somebody_waits


def test_a_charge_is_one_debit_of_the_cost_and_happens_once(inside):
    fund()
    event = record()
    charged = usage.charge(event=event)
    assert usage.charge(event=event).charged_at == charged.charged_at
    debit = LedgerTransaction.objects.get(transaction_type="debit")
    assert (debit.amount, debit.idempotency_key) == (-COST, f"charge_usage_{event.pk}")
    assert (debit.reference_type, debit.reference_id) == ("usage_event", event.pk)
    assert (charged.status, charged.ledger_transaction_id, charged.next_charge_at) == ("charged", debit.pk, None)
    assert available() == Decimal(1) - COST


def test_a_users_own_wallet_pays_for_them_and_the_tenants_for_all_others(inside, member, owner):
    own, common = fund(user=member), fund()
    for user, wallet in ((member, own), (owner, common)):
        assert debit_of(usage.charge(event=record(f"call-{user}", user=user))).wallet_id == wallet.pk


def test_what_the_wallet_cannot_pay_is_kept_as_failed_and_paid_when_it_can(inside):
    fund("0.10")
    now = timezone.now()
    event = usage.charge(event=record(), now=now)
    assert (event.status, event.retry_count, event.ledger_transaction) == ("failed", 1, None)
    assert event.error_message == "The use costs 0.13 USD and 0.1 are available: top the wallet up."
    assert event.next_charge_at == now + charging.FIRST_WAIT
    assert available() == Decimal("0.10")
    ledger.topup(wallet=Wallet.objects.get(), amount=Decimal(1), key="more")
    paid = usage.retry(event=event)
    assert (paid.status, paid.error_message, paid.retry_count, available()) == ("charged", "", 1, Decimal("0.97"))


def test_each_failure_waits_longer_and_in_the_end_it_is_left_to_people(inside):
    event, now, waits = record(), timezone.now(), []
    for _ in range(charging.MOST_TRIES):
        event = usage.charge(event=event, now=now)
        waits.append(event.next_charge_at and event.next_charge_at - now)
    minutes = [5, 10, 20, 40, 80, 160, 320, 640, 1280]
    assert waits[: len(minutes)] == [timedelta(minutes=each) for each in minutes]
    assert set(waits[len(minutes) : -1]) == {timedelta(days=1)}
    assert waits[-1] is None


def test_a_suspended_wallet_pays_nothing(inside):
    wallets.move(wallet=fund(), status=WalletStatus.SUSPENDED)
    event = usage.charge(event=record())
    assert (event.status, available()) == ("failed", Decimal(1))
    assert "suspended" in event.error_message


def test_a_wallet_of_another_currency_pays_nothing(inside):
    wallet = wallets.open_wallet(currency="EUR")
    ledger.topup(wallet=wallet, amount=Decimal(1), key="fund")
    assert usage.charge(event=record()).status == "failed"
    assert available() == Decimal(1)


def test_only_a_failed_charge_is_tried_again(inside):
    fund()
    event = record()
    with pytest.raises(usage.WrongUsageStatus):
        usage.retry(event=event)
    usage.charge(event=event)
    with pytest.raises(usage.WrongUsageStatus):
        usage.retry(event=event)


def test_a_batch_gives_each_event_its_verdict_and_holds_up_none(inside, member):
    fund("0.30")
    done, void = record("done"), record("void")
    usage.charge(event=done)
    usage.void(event=void, reason="Mistake")
    asked = [done, record("pays"), void, record("poor"), record("dear", items=[{**CALL, "quantity": "9000"}])]
    unknown = uuid4()
    verdicts = usage.charge_many(event_ids=[*(event.pk for event in asked), unknown])
    assert [verdict.event_id for verdict in verdicts] == [*(event.pk for event in asked), unknown]
    assert [verdict.outcome for verdict in verdicts] == [
        ChargeOutcome.REPLAYED,
        ChargeOutcome.CHARGED,
        ChargeOutcome.WRONG_STATUS,
        ChargeOutcome.REFUSED,
        ChargeOutcome.REFUSED,
        ChargeOutcome.UNKNOWN,
    ]
    refused = verdicts[4].error
    assert refused is not None and refused.status == 402
    assert refused.extra == {"required": "117.000000", "available": "0.040000", "currency": "USD"}
    assert [as_now(event).status for event in asked] == ["charged", "charged", "voided", "failed", "failed"]
    assert available() == Decimal("0.04")


@pytest.mark.django_db(transaction=True)
def test_simultaneous_charges_of_one_event_take_the_money_once(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()

    def call():
        with tenant_context(tenant.pk):
            usage.charge(event=event)
        connection.close()

    run(call, times=6)
    with tenant_context(tenant.pk):
        assert (available(), as_now(event).status) == (Decimal(1) - COST, "charged")


@pytest.mark.django_db(transaction=True)
def test_a_charge_waits_for_whoever_voids_the_event_and_then_takes_nothing(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()

    def call():
        with tenant_context(tenant.pk):
            usage.charge(event=event)

    with tenant_context(tenant.pk):
        usage.void(event=event, reason="Mistake")
        charging_it = Other(call)
        until_somebody_waits()
    assert not charging_it.ended()
    with tenant_context(tenant.pk):
        assert (type(charging_it.failed), available()) == (usage.WrongUsageStatus, Decimal(1))


def test_what_is_charged_is_not_charged_by_itself_again(inside):
    event = record()
    fund()
    with pytest.raises(IntegrityError, match="billing_usage_events_settled"), transaction.atomic():
        UsageEvent.objects.filter(pk=event.pk).update(
            status="voided", voided_at=timezone.now(), next_charge_at=timezone.now()
        )


def test_a_charged_event_never_becomes_failed_or_pending(inside):
    fund()
    event = usage.charge(event=record())
    for status in ("failed", "pending"):
        with pytest.raises(IntegrityError), transaction.atomic():
            UsageEvent.objects.filter(pk=event.pk).update(
                status=status, error_message="No", ledger_transaction=None, charged_at=None
            )


def test_a_use_is_paid_from_its_hold_and_the_rest_is_given_back(inside):
    wallet = fund()
    held = hold(wallet, "0.50")
    event = usage.capture_hold(event=record(), hold=held)
    assert (event.status, debit_of(event).amount, debit_of(event).hold_id) == ("charged", -COST, held.pk)
    assert usage.capture_hold(event=event, hold=held).charged_at == event.charged_at
    wallet.refresh_from_db()
    assert (wallet.current_balance, wallet.reserved_balance) == (Decimal(1) - COST, Decimal(0))


def test_a_use_that_costs_more_than_was_held_stays_to_be_charged(inside):
    wallet = fund()
    event = record()
    with pytest.raises(ledger.CaptureTooLarge), transaction.atomic():
        usage.capture_hold(event=event, hold=hold(wallet, "0.12"))
    assert as_now(event).status == "pending"


def test_what_nobody_charged_is_charged_by_itself_in_every_tenant(tenant, other_tenant, listed, settings):
    made = []
    for each in (tenant, other_tenant):
        with tenant_context(each.pk):
            fund()
            made += [(each, record(f"call-{number}")) for number in range(3)]
    now = timezone.now()
    assert usage.charge_due(now=now) == 0
    with tenant_context(tenant.pk):
        usage.void(event=made[0][1], reason="Mistake")
    assert usage.charge_due(now=now + settings.BILLING_CHARGE_PENDING_AFTER) == 5
    for each, event in made[1:]:
        with tenant_context(each.pk):
            assert as_now(event).status == "charged"
    assert usage.charge_due(now=now + timedelta(days=9)) == 0


def test_a_failed_charge_is_tried_again_by_itself_when_its_time_has_come(tenant, listed):
    now = timezone.now()
    with tenant_context(tenant.pk):
        event = usage.charge(event=record(), now=now)
        fund()
    assert usage.charge_due(now=now + charging.FIRST_WAIT - timedelta(seconds=1)) == 0
    assert usage.charge_due(now=now + charging.FIRST_WAIT) == 1
    with tenant_context(tenant.pk):
        assert as_now(event).status == "charged"


def test_the_task_charges_what_is_due(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()
        UsageEvent.objects.filter(pk=event.pk).update(next_charge_at=timezone.now())
    charge_pending_usage()
    with tenant_context(tenant.pk):
        assert as_now(event).status == "charged"


def test_a_charge_that_breaks_holds_up_no_other(tenant, listed, monkeypatch):
    with tenant_context(tenant.pk):
        fund()
        made = [record(f"call-{number}") for number in range(5)]
    real = charging.ledger.post_many

    def post_many(batch, *, now=None):
        if any(posting.reference.id == made[2].pk for posting in batch):
            raise RuntimeError("This one breaks.")
        return real(batch, now=now)

    monkeypatch.setattr(charging.ledger, "post_many", post_many)
    later = timezone.now() + timedelta(hours=1)
    assert usage.charge_due(now=later) == 5
    with tenant_context(tenant.pk):
        assert [as_now(event).status for event in made] == ["charged", "charged", "pending", "charged", "charged"]
        assert as_now(made[2]).next_charge_at == later + charging.LONGEST_WAIT


@pytest.mark.django_db(transaction=True)
def test_events_that_somebody_charges_at_the_moment_are_passed_over(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        busy, free = record("busy"), record("free")
    tried = []

    def call():
        tried.append(usage.charge_due(now=timezone.now() + timedelta(hours=1)))
        connection.close()

    with tenant_context(tenant.pk):
        UsageEvent.objects.select_for_update().get(pk=busy.pk)
        run(call, times=1)
    with tenant_context(tenant.pk):
        assert (tried, as_now(busy).status, as_now(free).status) == ([1], "pending", "charged")
