"""A tenant that moves to another time zone gains no second quota, and its windows follow each other."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.entitlements.models import FeatureEntitlement
from billing.entitlements.selectors import with_use
from billing.entitlements.services import quotas
from billing.entitlements.services.quotas import QuotaExceeded
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.billing import FeatureEntitlementFactory

FEATURE = "voice-agent"
SECOND = timedelta(seconds=1)

# The zone before and after, when the quota is used up and the tenant moves, and when the next window begins.
DAYS = [
    # Eastwards: it is tomorrow there already.
    ("UTC", "Pacific/Kiritimati", "2026-03-15T12:00Z", "2026-03-16T00:00Z"),
    ("America/New_York", "Asia/Dubai", "2026-03-15T22:00Z", "2026-03-16T04:00Z"),
    # Eastwards on the same date: the day ends there sooner, but not for the quota.
    ("UTC", "Pacific/Kiritimati", "2026-03-15T09:00Z", "2026-03-16T00:00Z"),
    # Westwards: it is yesterday there still, and the day ends there later.
    ("UTC", "America/New_York", "2026-03-15T02:00Z", "2026-03-16T04:00Z"),
    ("Pacific/Kiritimati", "Pacific/Pago_Pago", "2026-03-15T10:30Z", "2026-03-17T11:00Z"),
    # The first of two midnights ends a day.
    ("America/Havana", "UTC", "2026-10-31T12:00Z", "2026-11-01T04:00Z"),
]
MONTHS = [
    ("UTC", "Pacific/Kiritimati", "2026-03-31T12:00Z", "2026-04-01T00:00Z"),
    ("UTC", "Pacific/Kiritimati", "2026-03-10T12:00Z", "2026-04-01T00:00Z"),
    ("UTC", "America/New_York", "2026-04-01T02:00Z", "2026-05-01T04:00Z"),
    ("Pacific/Kiritimati", "Pacific/Pago_Pago", "2026-03-31T10:30Z", "2026-05-01T11:00Z"),
]
MOVES = [*(("daily_quota", *each) for each in DAYS), *(("monthly_quota", *each) for each in MONTHS)]


@pytest.fixture
def entitled(tenant: Tenant) -> Callable[..., FeatureEntitlement]:
    def make(**quotas_of_it: Decimal | None) -> FeatureEntitlement:
        terms = {"monthly_quota": None, "daily_quota": None, "overage_rate": None, **quotas_of_it}
        with platform_context(tenant_id=tenant.pk):
            return FeatureEntitlementFactory.create(feature_key=FEATURE, **terms)

    return make


def move(tenant: Tenant, zone: str) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)


def take(tenant: Tenant, at: datetime, quantity: int = 1) -> quotas.ConsumedQuota:
    with tenant_context(tenant.pk):
        return quotas.consume(feature_key=FEATURE, quantity=Decimal(quantity), at=at)


def shown(row: FeatureEntitlement, at: datetime) -> tuple[Decimal, Decimal]:
    with platform_context():
        found: Any = with_use(FeatureEntitlement.objects.filter(pk=row.pk), now=at).get()
    return found.used_today, found.used_this_month


@pytest.mark.parametrize(("quota", "before", "after", "moved_at", "begins_at"), MOVES)
def test_the_running_window_goes_on_until_it_is_over_in_both_zones(
    tenant: Tenant,
    entitled: Callable[..., FeatureEntitlement],
    quota: str,
    before: str,
    after: str,
    moved_at: str,
    begins_at: str,
) -> None:
    moved, begins = datetime.fromisoformat(moved_at), datetime.fromisoformat(begins_at)
    move(tenant, before)
    row = entitled(**{quota: Decimal(5)})
    take(tenant, moved - SECOND, 5)
    move(tenant, after)
    for at in (moved, begins - SECOND):
        with pytest.raises(QuotaExceeded) as refused:
            take(tenant, at)
        assert refused.value.extra["resets_at"].astimezone(UTC) == begins
        assert shown(row, at)[quota == "monthly_quota"] == 5
    assert shown(row, begins)[quota == "monthly_quota"] == 0
    take(tenant, begins, 5)
    # Nor does the way back open a window again.
    move(tenant, before)
    with pytest.raises(QuotaExceeded):
        take(tenant, begins + SECOND)


def test_moving_on_at_every_hour_gives_at_most_one_day_more(
    tenant: Tenant, entitled: Callable[..., FeatureEntitlement]
) -> None:
    entitled(daily_quota=Decimal(1))
    start = datetime(2026, 3, 15, tzinfo=UTC)
    zones = ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago", "Asia/Dubai", "America/New_York"]
    taken = 0
    for hours in range(5 * 24):
        move(tenant, zones[hours % len(zones)])
        try:
            take(tenant, start + timedelta(hours=hours))
        except QuotaExceeded:
            continue
        taken += 1
    assert 4 <= taken <= 6


def test_a_tenant_that_moved_before_it_used_anything_has_the_days_of_its_new_zone(
    tenant: Tenant, entitled: Callable[..., FeatureEntitlement]
) -> None:
    entitled(daily_quota=Decimal(1))
    move(tenant, "Asia/Dubai")
    consumed = take(tenant, datetime(2026, 3, 15, 21, tzinfo=UTC))
    assert consumed.day is not None
    assert (consumed.day.begins.day, consumed.day.resets_at.astimezone(UTC)) == (
        16,
        datetime(2026, 3, 16, 20, tzinfo=UTC),
    )


def test_a_clock_that_was_wrong_once_does_not_stop_the_quotas(
    tenant: Tenant, entitled: Callable[..., FeatureEntitlement]
) -> None:
    entitled(daily_quota=Decimal(1), monthly_quota=Decimal(1))
    take(tenant, datetime(2030, 1, 1, tzinfo=UTC))
    move(tenant, "Asia/Dubai")
    assert take(tenant, datetime(2026, 3, 15, tzinfo=UTC)).left_today == 0
