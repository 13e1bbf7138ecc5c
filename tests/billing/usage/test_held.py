"""Uses whose quantity is known only afterwards: held at most, charged as used, never above."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.entitlements.models import EntitlementUse
from billing.ledger.models import Hold, HoldStatus, Wallet
from billing.ledger.services import ledger, wallets
from billing.pricing.services.quoting import UsageItem
from billing.usage.models import UsageEvent
from billing.usage.services import held
from billing.usage.services.held import PlannedUse
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory

PRICES = {"llm_prompt": Decimal("0.001"), "llm_completion": Decimal("0.01")}
FEATURE = "ai-icp-assistant"
TTL = timedelta(hours=1)


@pytest.fixture(autouse=True)
def funded(tenant):
    since = timezone.now() - timedelta(days=1)
    with platform_context():
        for category, price in PRICES.items():
            PriceFactory.create(
                category=category, provider="lad", model="*", unit="token", unit_price=price, effective_from=since
            )
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(10), key="fund")
        yield


def hold(prompt=1_000, completion=100, reference="turn"):
    first, second = (
        UsageItem(category, "lad", "small", "token", Decimal(quantity))
        for category, quantity in zip(PRICES, (prompt, completion), strict=True)
    )
    [found] = held.hold_many(uses=[PlannedUse(reference, first, FEATURE, further=(second,))], ttl=TTL).values()
    assert found.error is None


def settle(*quantities, reference="turn"):
    amounts = {reference: tuple(map(Decimal, quantities))}
    return held.settle_many(used=[reference], unused=[], reason="unused", quantities=amounts)


@pytest.mark.parametrize(
    ("quantities", "cost", "stored"),
    [
        ((600, 40), "1.0", ["600", "40"]),
        ((1_000, 100), "2.0", ["1000", "100"]),
        # What was held is the most that is charged.
        ((5_000, 100), "2.0", ["1000", "100"]),
        ((5_000, 10), "1.1", ["1000", "10"]),
        ((0, 7), "0.07", ["0", "7"]),
    ],
)
def test_a_use_costs_what_was_used_and_at_most_what_was_held(quantities, cost, stored):
    hold()
    assert Hold.objects.get().amount == Decimal(2)
    assert settle(*quantities).paid == 1
    event = UsageEvent.objects.get()
    assert (event.status, event.total_cost) == ("charged", Decimal(cost))
    assert [item["quantity"] for item in event.usage_items] == stored
    wallet = Wallet.objects.get(user=None)
    assert (wallet.available_balance, wallet.reserved_balance) == (10 - Decimal(cost), 0)
    # Once more changes nothing.
    settle(1, 1)
    assert Wallet.objects.get(user=None).available_balance == 10 - Decimal(cost)
    assert not Hold.objects.filter(status=HoldStatus.HELD).exists()


def test_components_that_are_paid_together_are_one_use_of_a_quota(tenant):
    _limit(tenant, "use", 2)
    hold(reference="one")
    hold(reference="two")
    with pytest.raises(AssertionError):
        hold(reference="three")
    assert UsageEvent.objects.count() == 2


def test_tokens_that_were_not_used_go_back_to_the_quota(tenant):
    _limit(tenant, "token", 1_500)
    hold(reference="one")
    with pytest.raises(AssertionError):
        hold(reference="two")
    settle(200, 50, reference="one")
    assert EntitlementUse.objects.get(window="month").used == 250
    hold(reference="two")


def _limit(tenant, unit, many):
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key=FEATURE, monthly_quota=Decimal(many), quota_unit=unit, overage_rate=None
        )
