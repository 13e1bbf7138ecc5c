"""Metered use: recorded once, charged once, voided once, at the prices of when it happened."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from threading import Thread
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.models import Hold, LedgerTransaction, Price, UsageEvent, Wallet, WalletStatus
from billing.services import charging, entitlements, ledger, pricing, usage, wallets
from billing.services.charging import ChargeOutcome
from billing.tasks import charge_pending_usage
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory
from tests.tenants.helpers import events

CALL = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute"}
ITEMS = [{**CALL, "quantity": "10"}]
COST = Decimal("0.13")


@pytest.fixture
def listed(db):
    """A common price of a minute, since long."""
    with platform_context():
        return PriceFactory.create(
            **CALL, unit_price=Decimal("0.013"), effective_from=timezone.now() - timedelta(days=400)
        )


@pytest.fixture
def inside(tenant, listed):
    """Work inside the tenant."""
    with tenant_context(tenant.pk):
        yield


def record(key="call-1", **values):
    return usage.record(**{"feature_key": "voice-agent", "items": ITEMS, "key": key, **values})


def fund(amount="1", user=None):
    wallet = wallets.open_wallet(user=user)
    ledger.topup(wallet=wallet, amount=Decimal(amount), key=f"fund-{wallet.pk}")
    return wallet


def available():
    return sum(wallet.available_balance for wallet in Wallet.objects.all())


def as_now(event):
    return UsageEvent.objects.get(pk=event.pk)


def debit_of(event):
    assert event.ledger_transaction is not None
    return event.ledger_transaction


def entitle(tenant, **values):
    with platform_context(tenant_id=tenant.pk):
        return FeatureEntitlementFactory.create(
            **{"feature_key": "voice-agent", "overage_rate": None, "monthly_quota": Decimal(15), **values}
        )


def test_use_is_recorded_with_the_price_that_held_its_version_and_its_cost(inside, listed, member):
    event = as_now(record(user=member, external_reference_id="call 7", metadata={"a": 1}))
    [item] = event.usage_items
    assert item == {
        **CALL,
        "quantity": "10",
        "unit_price": "0.013",
        "cost": "0.13",
        "scheme": "unit",
        "price_id": str(listed.pk),
        "price_version": 1,
    }
    assert (event.total_cost, event.total_quantity, event.status, event.user) == (COST, Decimal(10), "pending", member)
    event.full_clean()


def test_the_same_use_again_is_the_same_event_whatever_prices_are_by_then(inside, listed):
    first = record()
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(is_active=False)
    again = record(items=[{**CALL, "unit": "minutes", "quantity": Decimal("10.000")}])
    assert (again.pk, again.total_cost, first.replayed, again.replayed) == (first.pk, COST, False, True)
    assert UsageEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("feature_key", {"feature_key": "campaigns"}),
        ("items", {"items": [{**CALL, "quantity": "11"}]}),
        ("items", {"items": [*ITEMS, *ITEMS]}),
        ("external_reference_id", {"external_reference_id": "other"}),
        ("metadata", {"metadata": {"a": 1}}),
        ("occurred_at", {"occurred_at": timezone.now() - timedelta(days=1)}),
        ("feature_key, metadata", {"feature_key": "campaigns", "metadata": {"a": 1}}),
    ],
)
def test_another_use_under_the_same_key_is_a_conflict_that_names_what_differs(field, values, inside):
    record()
    with pytest.raises(ledger.IdempotencyConflict) as caught:
        record(**values)
    assert (caught.value.extra["field"], caught.value.status) == (field, 409)
    assert UsageEvent.objects.count() == 1


def test_another_user_under_the_same_key_is_a_conflict(inside, member, owner):
    record(user=member)
    with pytest.raises(ledger.IdempotencyConflict) as caught:
        record(user=owner)
    assert caught.value.extra["field"] == "user"


def test_what_could_not_be_recorded_leaves_its_key_free(inside, tenant):
    with pytest.raises(pricing.NoPrice):
        record(items=[{**CALL, "model": "fax", "quantity": "1"}])
    entitle(tenant, monthly_quota=Decimal(0), quota_unit="minute")
    with pytest.raises(entitlements.QuotaExceeded):
        record()
    assert not UsageEvent.objects.exists()
    assert record(feature_key="campaigns").replayed is False


def test_a_key_of_one_tenant_is_free_in_another(inside, other_tenant):
    first = record()
    with tenant_context(other_tenant.pk):
        assert record().pk != first.pk


@pytest.mark.parametrize("values", [{"key": ""}, {"key": "x" * 256}, {"feature_key": ""}, {"items": []}])
def test_use_that_says_too_little_or_too_much_is_refused(values, inside):
    with pytest.raises(Invalid):
        record(**values)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_duplicates_wait_and_get_the_same_event(tenant, listed):
    found, failed = [], []

    def call():
        try:
            with tenant_context(tenant.pk):
                found.append(record())
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    run(call, times=8)
    assert failed == []
    assert len({event.pk for event in found}) == 1
    assert sum(not event.replayed for event in found) == 1


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_under_one_key_the_other_ones_are_conflicts(tenant, listed):
    outcomes, numbers = [], count()

    def call():
        try:
            with tenant_context(tenant.pk):
                record(external_reference_id=str(next(numbers)))
            outcomes.append("recorded")
        except ledger.IdempotencyConflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    run(call, times=6)
    assert sorted(outcomes) == ["conflict"] * 5 + ["recorded"]


def test_late_use_is_priced_and_counted_as_of_when_it_happened(inside, tenant, listed):
    now = timezone.now()
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(effective_to=now - timedelta(days=10))
        PriceFactory.create(**CALL, unit_price=Decimal("0.5"), effective_from=now - timedelta(days=10))
    assert record(occurred_at=now - timedelta(days=20)).total_cost == COST
    assert record("call-2").total_cost == Decimal(5)


def test_use_is_recorded_neither_before_it_happened_nor_too_long_after(inside, settings):
    now = timezone.now()
    with pytest.raises(usage.UsageInFuture) as early:
        record(occurred_at=now + timedelta(seconds=1), now=now)
    with pytest.raises(usage.UsageTooLate) as late:
        record(occurred_at=now - settings.BILLING_LATE_USAGE - timedelta(seconds=1), now=now)
    assert "record use when it has happened" in early.value.errors["occurred_at"][0]
    assert "until 40 days after it happened" in late.value.errors["occurred_at"][0]
    assert record(occurred_at=now - settings.BILLING_LATE_USAGE, now=now)


def test_what_was_recorded_in_time_is_answered_however_late_it_is_asked_again(inside):
    now = timezone.now()
    first = record(occurred_at=now, now=now)
    assert record(occurred_at=now, now=now + timedelta(days=100)).pk == first.pk


def test_use_beyond_a_soft_quota_becomes_an_item_at_the_overage_rate(inside, tenant):
    entitle(tenant, quota_unit="minute", allow_overages=True, overage_rate=Decimal("0.15"))
    record()
    event = as_now(record("call-2"))
    assert event.usage_items[1] == {
        "category": "overage",
        "provider": "lad",
        "model": "voice-agent",
        "unit": "minute",
        "quantity": "5",
        "unit_price": "0.15",
        "cost": "0.75",
        "scheme": "unit",
    }
    assert (event.total_cost, event.quota_units, event.total_quantity) == (COST + Decimal("0.75"), 10, 10)
    event.full_clean()


def test_a_hard_quota_is_not_passed_and_voiding_gives_it_back(inside, tenant):
    entitle(tenant, quota_unit="minute")
    first = record()
    with pytest.raises(entitlements.QuotaExceeded):
        record("call-2")
    usage.void(event=first, reason="Wrong number")
    usage.void(event=first, reason="Again")
    assert record("call-2")
    assert entitlements.left(feature_key="voice-agent", now=timezone.now()).left_this_month == 5


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
    outcomes = []

    def call():
        try:
            with tenant_context(tenant.pk):
                usage.charge(event=event)
        except Exception as error:
            outcomes.append(type(error))
        finally:
            connection.close()

    charging_thread = Thread(target=call)
    with tenant_context(tenant.pk):
        usage.void(event=event, reason="Mistake")
        charging_thread.start()
        charging_thread.join(timeout=1)
    charging_thread.join(timeout=20)
    with tenant_context(tenant.pk):
        assert (outcomes, available()) == ([usage.WrongUsageStatus], Decimal(1))


@pytest.mark.parametrize("values", [{"void_reason": "Because"}, {"voided_at": timezone.now()}], ids=["why", "when"])
def test_only_a_voided_event_says_why_and_when(values, inside):
    fund()
    event = usage.charge(event=record())
    with pytest.raises(IntegrityError, match="billing_usage_events_void_explained"), transaction.atomic():
        UsageEvent.objects.filter(pk=event.pk).update(**values)


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


def hold(wallet, amount):
    posted = ledger.reserve(wallet=wallet, amount=Decimal(amount), key=f"hold-{amount}", ttl=timedelta(minutes=5))
    return Hold.objects.get(pk=posted.hold_id)


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


def run(call, times):
    threads = [Thread(target=call, daemon=True) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
