"""Recording usage once, at the prices of the time of use and against the quotas of the time of recording."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing.audit.checks.search import Finding, run_checks
from billing.entitlements.models import FeatureEntitlement
from billing.entitlements.selectors import with_use
from billing.entitlements.services import quotas
from billing.ledger.errors import IdempotencyConflict
from billing.pricing.models import Price
from billing.pricing.services import quoting
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.usage.metered import CALL, COST, ITEMS, record, run
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory
from tests.support.database import stored


def entitle(tenant, **values):
    with platform_context(tenant_id=tenant.pk):
        return FeatureEntitlementFactory.create(
            **{"feature_key": "voice-agent", "overage_rate": None, "monthly_quota": Decimal(15), **values}
        )


def audited() -> list[Finding]:
    with platform_context(), connection.cursor() as cursor:
        return run_checks(cursor).findings


def test_usage_is_recorded_with_its_price_version_and_cost(inside, listed, member):
    event = stored(record(user=member, external_reference_id="call 7", metadata={"a": 1}))
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


def test_a_repeated_request_returns_the_same_event_after_prices_have_changed(inside, listed):
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
def test_different_usage_under_the_same_key_is_a_conflict_that_names_the_field(field, values, inside):
    record()
    with pytest.raises(IdempotencyConflict) as caught:
        record(**values)
    assert (caught.value.extra["field"], caught.value.status) == (field, 409)
    assert UsageEvent.objects.count() == 1


def test_another_user_under_the_same_key_is_a_conflict(inside, member, owner):
    record(user=member)
    with pytest.raises(IdempotencyConflict) as caught:
        record(user=owner)
    assert caught.value.extra["field"] == "user"


def test_a_failed_recording_leaves_its_key_unused(inside, tenant):
    with pytest.raises(quoting.NoPrice):
        record(items=[{**CALL, "model": "fax", "quantity": "1"}])
    entitle(tenant, monthly_quota=Decimal(0), quota_unit="minute")
    with pytest.raises(quotas.QuotaExceeded):
        record()
    assert not UsageEvent.objects.exists()
    assert record(feature_key="campaigns").replayed is False


def test_a_key_of_one_tenant_is_free_in_another(inside, other_tenant):
    first = record()
    with tenant_context(other_tenant.pk):
        assert record().pk != first.pk


@pytest.mark.parametrize("values", [{"key": ""}, {"key": "x" * 256}, {"feature_key": ""}, {"items": []}])
def test_usage_with_missing_or_unknown_values_is_refused(values, inside):
    with pytest.raises(Invalid):
        record(**values)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_duplicates_get_the_same_event(tenant, listed):
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
def test_one_of_several_simultaneous_requests_with_one_key_wins_and_the_rest_are_conflicts(tenant, listed):
    outcomes, numbers = [], count()

    def call():
        try:
            with tenant_context(tenant.pk):
                record(external_reference_id=str(next(numbers)))
            outcomes.append("recorded")
        except IdempotencyConflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    run(call, times=6)
    assert sorted(outcomes) == ["conflict"] * 5 + ["recorded"]


def test_late_usage_has_the_price_of_the_time_of_use(inside, tenant, listed):
    now = timezone.now()
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(effective_to=now - timedelta(days=10))
        PriceFactory.create(**CALL, unit_price=Decimal("0.5"), effective_from=now - timedelta(days=10))
    assert record(occurred_at=now - timedelta(days=20)).total_cost == COST
    assert record("call-2").total_cost == Decimal(5)


def test_usage_in_the_future_or_too_far_in_the_past_is_refused(inside, settings):
    now = timezone.now()
    with pytest.raises(usage.UsageInFuture) as early:
        record(occurred_at=now + usage.MAX_CLOCK_SKEW + timedelta(seconds=1), now=now)
    with pytest.raises(usage.UsageTooLate) as late:
        record(occurred_at=now - settings.BILLING_LATE_USAGE - timedelta(seconds=1), now=now)
    assert "Record usage after it has happened" in early.value.errors["occurred_at"][0]
    assert "up to 40 days late" in late.value.errors["occurred_at"][0]
    assert record(occurred_at=now - settings.BILLING_LATE_USAGE, now=now)


def test_a_clock_that_runs_ahead_gets_neither_the_price_nor_the_quota_of_tomorrow(inside, tenant, listed):
    now = timezone.now().replace(hour=23, minute=59, second=59, microsecond=0)
    midnight = now + timedelta(seconds=1)
    with platform_context():
        Price.objects.filter(pk=listed.pk).update(effective_to=midnight)
        PriceFactory.create(**CALL, unit_price=Decimal("0.001"), effective_from=midnight)
    entitle(tenant, quota_unit="minute", daily_quota=Decimal(10))
    ahead = stored(record(occurred_at=midnight, now=now))
    assert (ahead.occurred_at, ahead.total_cost) == (now, COST)
    with pytest.raises(quotas.QuotaExceeded):
        record("call-2", occurred_at=midnight, now=now)


def test_a_used_up_quota_is_not_evaded_by_the_time_of_use(inside, tenant):
    entitle(tenant, quota_unit="minute", monthly_quota=None, daily_quota=Decimal(10))
    now = timezone.now()
    first = record(now=now)
    for days in (1, 2, 39):
        with pytest.raises(quotas.QuotaExceeded):
            record("call-2", occurred_at=now - timedelta(days=days), now=now)
    usage.void(event=first, reason="Wrong number", now=now + timedelta(days=3))
    late = record("call-2", occurred_at=now - timedelta(days=1), now=now)
    assert quotas.remaining(feature_key="voice-agent", now=now).left_today == 0
    usage.void(event=late, reason="Wrong number", now=now)
    assert quotas.remaining(feature_key="voice-agent", now=now).left_today == 10


def test_another_unit_of_a_quota_begins_a_new_count(inside, tenant):
    row = entitle(tenant, quota_unit="minute", monthly_quota=Decimal(15))
    calls = [record(key) for key in ("call-1",)]
    assert quotas.remaining(feature_key="voice-agent", now=timezone.now()).left_this_month == 5
    with platform_context(tenant_id=tenant.pk):
        writes.update(row, {"quota_unit": "use", "monthly_quota": Decimal(2)})
    calls += [record("call-2"), record("call-3")]
    with pytest.raises(quotas.QuotaExceeded):
        record("call-4")
    left = quotas.remaining(feature_key="voice-agent", now=timezone.now())
    assert (left.unit, left.left_this_month) == ("use", 0)
    assert [(stored(call).quota_units, stored(call).quota_unit) for call in calls] == [
        (10, "minute"),
        (1, "use"),
        (1, "use"),
    ]
    assert audited() == []
    usage.void(event=calls[0], reason="Wrong number")
    assert quotas.remaining(feature_key="voice-agent", now=timezone.now()).left_this_month == 0
    usage.void(event=calls[1], reason="Wrong number")
    assert quotas.remaining(feature_key="voice-agent", now=timezone.now()).left_this_month == 1
    assert audited() == []
    with platform_context(tenant_id=tenant.pk):
        writes.update(stored(row), {"quota_unit": "minute", "monthly_quota": Decimal(15)})
        shown: Any = with_use(FeatureEntitlement.objects.all(), now=timezone.now()).get()
    assert quotas.remaining(feature_key="voice-agent", now=timezone.now()).left_this_month == 15
    assert shown.used_this_month == 0


def test_a_repeated_request_is_answered_after_the_recording_limit_has_passed(inside):
    now = timezone.now()
    first = record(occurred_at=now, now=now)
    assert record(occurred_at=now, now=now + timedelta(days=100)).pk == first.pk


def test_usage_beyond_a_soft_quota_becomes_an_item_at_the_overage_rate(inside, tenant):
    entitle(tenant, quota_unit="minute", allow_overages=True, overage_rate=Decimal("0.15"))
    record()
    event = stored(record("call-2"))
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


def test_a_hard_quota_refuses_more_usage_until_some_is_voided(inside, tenant):
    entitle(tenant, quota_unit="minute")
    first = record()
    with pytest.raises(quotas.QuotaExceeded):
        record("call-2")
    usage.void(event=first, reason="Wrong number")
    usage.void(event=first, reason="Again")
    assert record("call-2")
    assert quotas.remaining(feature_key="voice-agent", now=timezone.now()).left_this_month == 5
