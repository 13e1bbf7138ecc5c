"""Metered use: recorded once, at the prices and against the quotas of when it happened."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection
from django.utils import timezone

from billing.entitlements.services import quotas as entitlements
from billing.ledger.services import ledger
from billing.pricing.models import Price
from billing.pricing.services import quoting as pricing
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.usage.metered import CALL, COST, ITEMS, as_now, record, run
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory


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
