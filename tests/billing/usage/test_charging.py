"""Charging usage once: from the paying wallet, from a hold, or automatically."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.ledger.errors import CaptureTooLarge
from billing.ledger.models import LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from billing.usage.services import charging, usage
from billing.usage.services.charging import ChargeOutcome
from billing.usage.tasks import charge_pending_usage
from lad.tenancy.context import tenant_context
from tests.billing.usage.metered import CALL, COST, available, debit_of, fund, hold, record, run
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import stored


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


def test_a_users_own_wallet_pays_for_them_and_the_tenants_wallet_for_everyone_else(inside, member, owner):
    own, common = fund(user=member), fund()
    for user, wallet in ((member, own), (owner, common)):
        assert debit_of(usage.charge(event=record(f"call-{user}", user=user))).wallet_id == wallet.pk


def test_a_charge_beyond_the_balance_fails_and_succeeds_after_a_top_up(inside):
    fund("0.10")
    now = timezone.now()
    event = usage.charge(event=record(), now=now)
    assert (event.status, event.retry_count, event.ledger_transaction) == ("failed", 1, None)
    assert event.error_message == "The usage costs 0.13 USD, but only 0.1 is available. Top up the wallet."
    assert event.next_charge_at == now + charging.FIRST_RETRY_DELAY
    assert available() == Decimal("0.10")
    ledger.topup(wallet=Wallet.objects.get(), amount=Decimal(1), key="more")
    paid = usage.retry(event=event)
    assert (paid.status, paid.error_message, paid.retry_count, available()) == ("charged", "", 1, Decimal("0.97"))


def test_retries_are_spaced_out_further_each_time_and_stop_in_the_end(inside):
    event, now, waits = record(), timezone.now(), []
    for _ in range(charging.MAX_ATTEMPTS):
        event = usage.charge(event=event, now=now)
        waits.append(event.next_charge_at and event.next_charge_at - now)
    minutes = [5, 10, 20, 40, 80, 160, 320, 640, 1280]
    assert waits[: len(minutes)] == [timedelta(minutes=each) for each in minutes]
    assert set(waits[len(minutes) : -1]) == {timedelta(days=1)}
    assert waits[-1] is None


def test_a_suspended_wallet_pays_nothing(inside):
    wallets.change_status(wallet=fund(), status=WalletStatus.SUSPENDED)
    event = usage.charge(event=record())
    assert (event.status, available()) == ("failed", Decimal(1))
    assert "suspended" in event.error_message


def test_a_wallet_of_another_currency_pays_nothing(inside):
    wallet = wallets.open_wallet(currency="EUR")
    ledger.topup(wallet=wallet, amount=Decimal(1), key="fund")
    assert usage.charge(event=record()).status == "failed"
    assert available() == Decimal(1)


def test_only_a_failed_charge_is_retried(inside):
    fund()
    event = record()
    with pytest.raises(usage.WrongUsageStatus):
        usage.retry(event=event)
    usage.charge(event=event)
    with pytest.raises(usage.WrongUsageStatus):
        usage.retry(event=event)


def test_a_batch_returns_a_result_for_each_event_and_a_failure_does_not_block_the_rest(inside, member):
    fund("0.30")
    done, void = record("done"), record("void")
    usage.charge(event=done)
    usage.void(event=void, reason="Mistake")
    events = [done, record("pays"), void, record("poor"), record("dear", items=[{**CALL, "quantity": "9000"}])]
    unknown = uuid4()
    results = usage.charge_many(event_ids=[*(event.pk for event in events), unknown])
    assert [result.event_id for result in results] == [*(event.pk for event in events), unknown]
    assert [result.outcome for result in results] == [
        ChargeOutcome.REPLAYED,
        ChargeOutcome.CHARGED,
        ChargeOutcome.WRONG_STATUS,
        ChargeOutcome.REFUSED,
        ChargeOutcome.REFUSED,
        ChargeOutcome.UNKNOWN,
    ]
    refused = results[4].error
    assert refused is not None and refused.status == 402
    assert refused.extra == {"required": "117.000000", "available": "0.040000", "currency": "USD"}
    assert [stored(event).status for event in events] == ["charged", "charged", "voided", "failed", "failed"]
    assert available() == Decimal("0.04")


@pytest.mark.django_db(transaction=True)
def test_simultaneous_charges_of_one_event_debit_it_once(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()

    def call():
        with tenant_context(tenant.pk):
            usage.charge(event=event)
        connection.close()

    run(call, times=6)
    with tenant_context(tenant.pk):
        assert (available(), stored(event).status) == (Decimal(1) - COST, "charged")


@pytest.mark.django_db(transaction=True)
def test_a_charge_waits_for_a_simultaneous_void_and_then_debits_nothing(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()

    def call():
        with tenant_context(tenant.pk):
            usage.charge(event=event)

    with tenant_context(tenant.pk):
        usage.void(event=event, reason="Mistake")
        charging_it = ConcurrentWork(call)
        wait_until_blocked()
    assert not charging_it.succeeded()
    with tenant_context(tenant.pk):
        assert (type(charging_it.error), available()) == (usage.WrongUsageStatus, Decimal(1))


def test_a_charged_event_has_no_next_charge(inside):
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


def test_usage_is_paid_from_its_hold_and_the_rest_is_released(inside):
    wallet = fund()
    held = hold(wallet, "0.50")
    event = usage.capture_hold(event=record(), hold=held)
    assert (event.status, debit_of(event).amount, debit_of(event).hold_id) == ("charged", -COST, held.pk)
    assert usage.capture_hold(event=event, hold=held).charged_at == event.charged_at
    wallet.refresh_from_db()
    assert (wallet.current_balance, wallet.reserved_balance) == (Decimal(1) - COST, Decimal(0))


def test_usage_that_costs_more_than_its_hold_stays_pending(inside):
    wallet = fund()
    event = record()
    with pytest.raises(CaptureTooLarge), transaction.atomic():
        usage.capture_hold(event=event, hold=hold(wallet, "0.12"))
    assert stored(event).status == "pending"


def test_pending_usage_of_every_tenant_is_charged_automatically(tenant, other_tenant, listed, settings):
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
    assert len(made) == 6
    for each, event in made[1:]:
        with tenant_context(each.pk):
            assert stored(event).status == "charged"
    assert usage.charge_due(now=now + timedelta(days=9)) == 0


def test_a_failed_charge_is_retried_automatically_when_it_is_due(tenant, listed):
    now = timezone.now()
    with tenant_context(tenant.pk):
        event = usage.charge(event=record(), now=now)
        fund()
    assert usage.charge_due(now=now + charging.FIRST_RETRY_DELAY - timedelta(seconds=1)) == 0
    assert usage.charge_due(now=now + charging.FIRST_RETRY_DELAY) == 1
    with tenant_context(tenant.pk):
        assert stored(event).status == "charged"


def test_the_task_charges_what_is_due(tenant, listed):
    with tenant_context(tenant.pk):
        fund()
        event = record()
        UsageEvent.objects.filter(pk=event.pk).update(next_charge_at=timezone.now())
    charge_pending_usage()
    with tenant_context(tenant.pk):
        assert stored(event).status == "charged"


def test_an_event_whose_charge_raises_does_not_block_the_rest(tenant, listed, monkeypatch):
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
        assert [stored(event).status for event in made] == ["charged", "charged", "pending", "charged", "charged"]
        assert stored(made[2]).next_charge_at == later + charging.MAX_RETRY_DELAY


@pytest.mark.django_db(transaction=True)
def test_events_that_another_worker_has_locked_are_skipped(tenant, listed):
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
        assert (tried, stored(busy).status, stored(free).status) == ([1], "pending", "charged")
