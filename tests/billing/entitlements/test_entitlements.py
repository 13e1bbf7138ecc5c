"""Quotas: never passed by one unit, and counted by the tenant's own calendar."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.entitlements.models import EntitlementUse, FeatureEntitlement, QuotaWindow
from billing.entitlements.services import quotas as entitlements
from billing.entitlements.services import windows as quota_windows
from billing.entitlements.services.quotas import NotEntitled, QuotaExceeded
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.billing import FeatureEntitlementFactory
from tests.factories.tenants import TenantFactory
from tests.support.waiting import Other, until_somebody_waits

FEATURE = "voice-agent"
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
ONE = Decimal(1)


def entitle(tenant: Tenant, **values: Any) -> FeatureEntitlement:
    terms = {"monthly_quota": None, "daily_quota": None, "overage_rate": None, **values}
    with platform_context(tenant_id=tenant.pk):
        return FeatureEntitlementFactory.create(feature_key=FEATURE, **terms)


def change(row: FeatureEntitlement, **values: Any) -> None:
    with platform_context(tenant_id=row.tenant_id):
        FeatureEntitlement.objects.filter(pk=row.pk).update(**values)


def move_to(tenant: Tenant, zone: str) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)


def take(tenant: Tenant, quantity: int | str = 1, at: datetime = NOON) -> entitlements.Consumed:
    with tenant_context(tenant.pk):
        return entitlements.consume(feature_key=FEATURE, quantity=Decimal(quantity), at=at)


def used(tenant: Tenant) -> dict[tuple[str, date], Decimal]:
    with tenant_context(tenant.pk):
        return {(row.window, row.window_start): row.used for row in EntitlementUse.objects.all()}


def told(tenant: Tenant) -> list[tuple[str, str]]:
    with platform_context():
        rows = DomainEvent.objects.filter(tenant=tenant, event_type__startswith="billing.entitlement.")
        return [(row.event_type.split(".")[-1], row.payload["window"]) for row in rows.order_by("created_at", "pk")]


def test_the_answer_says_what_is_left_and_when_there_is_more(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(100))
    answer = take(tenant, 4)
    assert (answer.within, answer.over) == (4, 0)
    assert (answer.left_today, answer.left_this_month) == (6, 96)
    assert answer.day_resets_at == datetime(2026, 3, 16, tzinfo=UTC)
    assert answer.month_resets_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_feature_without_an_entitlement_has_no_limit(tenant: Tenant) -> None:
    answer = take(tenant, 1_000_000)
    assert (answer.within, answer.over, answer.left_today, answer.left_this_month) == (1_000_000, 0, None, None)
    assert used(tenant) == {}


def test_an_entitlement_without_quotas_counts_and_lets_everything_through(tenant: Tenant) -> None:
    entitle(tenant)
    assert take(tenant, 1000).left_today is None
    assert set(used(tenant).values()) == {1000}


def test_a_disabled_entitlement_refuses(tenant: Tenant) -> None:
    entitle(tenant, enabled=False)
    with pytest.raises(NotEntitled):
        take(tenant)
    assert used(tenant) == {}


def test_the_last_unit_is_taken_and_not_one_more(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(3))
    assert take(tenant, 3).left_today == 0
    with pytest.raises(QuotaExceeded) as refusal:
        take(tenant)
    assert refusal.value.extra["left_today"] == 0
    assert refusal.value.extra["resets_at"] == datetime(2026, 3, 16, tzinfo=UTC)


def test_more_than_the_whole_quota_is_refused_on_an_untouched_day(tenant: Tenant) -> None:
    entitle(tenant, monthly_quota=Decimal(3))
    with pytest.raises(QuotaExceeded):
        take(tenant, "3.000001")
    assert used(tenant).get((QuotaWindow.MONTH, date(2026, 3, 1)), 0) == 0


def test_a_refusal_leaves_both_windows_as_they_were_also_when_the_caller_goes_on(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(5))
    take(tenant, 4)
    before = used(tenant)
    with tenant_context(tenant.pk):
        with pytest.raises(QuotaExceeded) as refusal:
            entitlements.consume(feature_key=FEATURE, quantity=Decimal(2), at=NOON)
        assert (refusal.value.extra["left_today"], refusal.value.extra["left_this_month"]) == (6, 1)
        assert entitlements.consume(feature_key=FEATURE, quantity=ONE, at=NOON).left_this_month == 0
    assert used(tenant) == {key: value + 1 for key, value in before.items()}


def test_of_several_units_the_entitlement_counts_its_own(tenant: Tenant) -> None:
    entitle(tenant, quota_unit="minute", monthly_quota=Decimal(10))
    with tenant_context(tenant.pk):
        units = {"use": ONE, "minute": Decimal("2.5"), "token": Decimal(900)}
        answer = entitlements.consume(feature_key=FEATURE, quantity=units, at=NOON)
        none = entitlements.consume(feature_key=FEATURE, quantity={"use": ONE}, at=NOON)
    assert (answer.unit, answer.quantity, answer.left_this_month) == ("minute", Decimal("2.5"), Decimal("7.5"))
    assert (none.quantity, none.left_this_month) == (0, Decimal("7.5"))


def test_beyond_a_soft_quota_use_is_split_and_priced(tenant: Tenant) -> None:
    entitle(tenant, monthly_quota=Decimal(10), allow_overages=True, overage_rate=Decimal("0.05"))
    assert (take(tenant, 8).within, take(tenant, 5).over) == (8, 3)
    answer = take(tenant, 2)
    assert (answer.within, answer.over, answer.overage_rate) == (0, 2, Decimal("0.05"))
    assert answer.left_this_month == 0
    assert used(tenant)[QuotaWindow.MONTH, date(2026, 3, 1)] == 15


def test_over_is_what_is_beyond_either_window(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(5), monthly_quota=Decimal(7), allow_overages=True, overage_rate=ONE)
    assert take(tenant, 6).over == 1
    assert take(tenant, 3, at=datetime(2026, 3, 16, tzinfo=UTC)).over == 2


def test_a_quota_changed_in_the_middle_of_a_window_holds_at_once(tenant: Tenant) -> None:
    row = entitle(tenant, monthly_quota=Decimal(10))
    take(tenant, 8)
    change(row, monthly_quota=Decimal(5))
    with pytest.raises(QuotaExceeded):
        take(tenant)
    with tenant_context(tenant.pk):
        assert entitlements.left(feature_key=FEATURE, now=NOON).left_this_month == 0
        entitlements.give_back(feature_key=FEATURE, quantity=Decimal(2), at=NOON)
    change(row, monthly_quota=Decimal(20))
    assert take(tenant, 14).left_this_month == 0


def test_what_is_given_back_can_be_taken_again_and_never_becomes_less_than_nothing(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(3), monthly_quota=Decimal(3))
    take(tenant, 3)
    with tenant_context(tenant.pk):
        entitlements.give_back(feature_key=FEATURE, quantity=Decimal(2), at=NOON)
    assert take(tenant, 2).left_today == 0
    with tenant_context(tenant.pk):
        entitlements.give_back(feature_key=FEATURE, quantity=Decimal(9), at=NOON)
    assert set(used(tenant).values()) == {0}


def test_giving_back_reaches_the_windows_of_then(tenant: Tenant) -> None:
    entitle(tenant, monthly_quota=Decimal(3))
    take(tenant, 2, at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    take(tenant, 2)
    with tenant_context(tenant.pk):
        entitlements.give_back(feature_key=FEATURE, quantity=ONE, at=datetime(2026, 2, 28, 13, tzinfo=UTC))
    assert used(tenant)[QuotaWindow.MONTH, date(2026, 2, 1)] == 1
    assert used(tenant)[QuotaWindow.MONTH, date(2026, 3, 1)] == 2


@pytest.mark.parametrize("quantity", [Decimal(-1), {"use": Decimal(-1)}])
def test_nothing_negative_is_taken_or_given_back(tenant: Tenant, quantity: Any) -> None:
    entitle(tenant, monthly_quota=Decimal(3))
    with tenant_context(tenant.pk):
        for service in (entitlements.consume, entitlements.give_back):
            with pytest.raises(ValueError, match="negative"):
                service(feature_key=FEATURE, quantity=quantity, at=NOON)


# Zone, moment, the day and month it lies in, and when the next day begins.
CALENDAR = [
    ("Asia/Dubai", "2026-03-31T19:59:59Z", "2026-03-31", "2026-03-01", "2026-03-31T20:00:00Z"),
    ("Asia/Dubai", "2026-03-31T20:00:00Z", "2026-04-01", "2026-04-01", "2026-04-01T20:00:00Z"),
    ("America/New_York", "2026-03-01T04:59:59Z", "2026-02-28", "2026-02-01", "2026-03-01T05:00:00Z"),
    # 23 hours long, and 25.
    ("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08", "2026-03-01", "2026-03-09T04:00:00Z"),
    ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-08", "2026-03-01", "2026-03-09T04:00:00Z"),
    ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-01", "2026-11-01", "2026-11-02T05:00:00Z"),
    ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01", "2026-11-01", "2026-11-02T05:00:00Z"),
    # Midnight does not exist there, or happens twice.
    ("Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-23", "2026-04-01", "2026-04-23T22:00:00Z"),
    ("America/Havana", "2026-10-31T12:00:00Z", "2026-10-31", "2026-10-01", "2026-11-01T04:00:00Z"),
    ("America/Havana", "2026-11-01T04:30:00Z", "2026-11-01", "2026-11-01", "2026-11-02T05:00:00Z"),
    # Leap day and the end of a year.
    ("Pacific/Kiritimati", "2028-02-28T10:00:00Z", "2028-02-29", "2028-02-01", "2028-02-29T10:00:00Z"),
    ("Pacific/Kiritimati", "2026-12-31T10:00:00Z", "2027-01-01", "2027-01-01", "2027-01-01T10:00:00Z"),
]


@pytest.mark.parametrize(("zone", "at", "day", "month", "next_day"), CALENDAR)
def test_days_and_months_are_those_of_the_tenant(
    tenant: Tenant, zone: str, at: str, day: str, month: str, next_day: str
) -> None:
    move_to(tenant, zone)
    entitle(tenant, daily_quota=Decimal(5))
    answer = take(tenant, at=datetime.fromisoformat(at))
    expected = {(QuotaWindow.DAY, date.fromisoformat(day)), (QuotaWindow.MONTH, date.fromisoformat(month))}
    assert set(used(tenant)) == expected
    assert answer.day_resets_at is not None
    assert answer.day_resets_at.astimezone(UTC) == datetime.fromisoformat(next_day)


@pytest.mark.parametrize(("zone", "at", "day", "month", "next_day"), CALENDAR)
def test_a_window_ends_at_the_very_moment_that_was_said(
    tenant: Tenant, zone: str, at: str, day: str, month: str, next_day: str
) -> None:
    move_to(tenant, zone)
    entitle(tenant, daily_quota=ONE)
    take(tenant, at=datetime.fromisoformat(at))
    with pytest.raises(QuotaExceeded):
        take(tenant, at=datetime.fromisoformat(at))
    assert take(tenant, at=datetime.fromisoformat(next_day)).left_today == 0


def test_every_time_zone_that_may_be_chosen_is_known_to_the_database(tenant: Tenant) -> None:
    from lad import timezones

    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    assert timezones.names() - known == set()


def test_the_tenant_is_told_once_per_window_that_a_quota_ends(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(20))
    take(tenant, 7)
    assert told(tenant) == []
    take(tenant, 1)
    assert told(tenant) == [("nearly_used", "day")]
    take(tenant, 2)
    assert told(tenant) == [("nearly_used", "day"), ("used_up", "day")]
    with tenant_context(tenant.pk):
        entitlements.give_back(feature_key=FEATURE, quantity=Decimal(5), at=NOON)
    take(tenant, 5)
    assert told(tenant) == [("nearly_used", "day"), ("used_up", "day")]
    take(tenant, 10, at=datetime(2026, 3, 16, tzinfo=UTC))
    assert told(tenant)[2:] == [("used_up", "day"), ("used_up", "month")]


def test_a_refusal_is_no_news(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(9))
    with tenant_context(tenant.pk), pytest.raises(QuotaExceeded):
        entitlements.consume(feature_key=FEATURE, quantity=Decimal(10), at=NOON)
    assert told(tenant) == []


def test_taking_is_one_statement(tenant: Tenant, django_assert_num_queries: Callable[..., Any]) -> None:
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(100))
    with tenant_context(tenant.pk), django_assert_num_queries(1):
        entitlements.consume(feature_key=FEATURE, quantity=ONE, at=NOON)


def test_one_tenants_use_is_not_anothers(tenant: Tenant, other_tenant: Tenant) -> None:
    for each in (tenant, other_tenant):
        entitle(each, daily_quota=ONE)
        take(each)
    with pytest.raises(QuotaExceeded):
        take(tenant)
    assert set(used(other_tenant).values()) == {1}


def test_the_database_refuses_what_a_careless_statement_would_let_through(tenant: Tenant) -> None:
    entitle(tenant, daily_quota=Decimal(2))
    take(tenant, 2)
    with tenant_context(tenant.pk):
        with pytest.raises(IntegrityError, match="within_quota"), transaction.atomic():
            EntitlementUse.objects.filter(window=QuotaWindow.DAY).update(used=3)
        careless = quota_windows.TAKE.replace("WHERE EXCLUDED.quota IS NULL OR", "WHERE true OR")
        parameters = quota_windows._parameters(FEATURE, ONE, NOON)
        with pytest.raises(IntegrityError, match="within_quota"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(careless, parameters)


@pytest.mark.django_db(transaction=True)
def test_sixty_four_takers_at_once_never_pass_a_quota_by_one_unit() -> None:
    with platform_context():
        tenant = TenantFactory.create(timezone="Asia/Dubai")
    entitle(tenant, daily_quota=Decimal(200), monthly_quota=Decimal(150))
    together = threading.Barrier(64, timeout=60)

    def taker(number: int) -> Decimal:
        taken = Decimal(0)
        together.wait()
        try:
            for step in range(6):
                try:
                    taken += take(tenant, 1 + (number + step) % 2).quantity
                except QuotaExceeded:
                    continue
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(64) as pool:
        taken = sum(pool.map(taker, range(64)))
    assert taken == 150
    assert set(used(tenant).values()) == {150}
    assert sorted(told(tenant)) == [("nearly_used", "month"), ("used_up", "month")]


@pytest.mark.django_db(transaction=True)
def test_two_that_take_from_the_same_days_in_another_order_do_not_stop_each_other() -> None:
    with platform_context():
        tenant = TenantFactory.create()
    entitle(tenant, daily_quota=Decimal(10), monthly_quota=Decimal(10))
    day_after = NOON + timedelta(days=1)
    for at in (NOON, day_after):
        take(tenant, at=at)

    def other_way_round() -> None:
        with tenant_context(tenant.pk):
            for at in (day_after, NOON):
                entitlements.consume(feature_key=FEATURE, quantity=ONE, at=at)

    with tenant_context(tenant.pk):
        entitlements.consume(feature_key=FEATURE, quantity=ONE, at=NOON)
        other = Other(other_way_round)
        until_somebody_waits()
        entitlements.consume(feature_key=FEATURE, quantity=ONE, at=day_after)
    assert other.ended(), other.failed
    assert set(used(tenant).values()) == {3, 6}
