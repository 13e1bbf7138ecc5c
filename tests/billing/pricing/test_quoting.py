"""Pricing of usage: which price applies, and how the cost follows from it."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import accumulate
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger.models import WalletStatus
from billing.ledger.services import ledger, wallets
from billing.pricing.models import ANY_MODEL, Price, PriceScheme
from billing.pricing.services import prices, quoting
from billing.pricing.services.quoting import NoPrice, UsageItem
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STT = {"category": "stt", "provider": "openai", "model": "whisper-1", "unit": "second"}
TIERS = [
    {"up_to": "10", "unit_price": "0.5", "flat_fee": "2"},
    {"up_to": "100", "unit_price": "0.3"},
    {"up_to": None, "unit_price": "0.1", "flat_fee": "7"},
]


def listed(tenant=None, **values):
    """Create a price from January, common unless a tenant is given."""
    with platform_context(tenant_id=tenant.pk if tenant else None):
        return PriceFactory.create(tenant=tenant, **{**STT, "effective_from": BEGAN, **values})


def priced(tenant, quantity="1", at=NOON, **item):
    with tenant_context(tenant.pk):
        [found] = quoting.price_items([{**STT, **item, "quantity": quantity}], at=at)
    return found


def cost(quantity, **values):
    return quoting.cost_of(Price(**values), Decimal(quantity))


def test_the_tenants_own_price_of_the_model_takes_precedence(tenant, other_tenant):
    steps = [
        listed(model=ANY_MODEL, unit_price="1"),
        listed(unit_price="2"),
        listed(tenant, model=ANY_MODEL, unit_price="3"),
        listed(tenant, unit_price="4"),
    ]
    listed(other_tenant, unit_price="9")
    for expected in reversed(steps):
        assert priced(tenant).price_id == expected.pk
        with platform_context():
            Price.objects.filter(pk=expected.pk).update(is_active=False)
    with pytest.raises(NoPrice):
        priced(tenant)


def test_a_price_is_in_force_from_its_start_until_before_its_end(tenant):
    first = listed(unit_price="1", effective_to=NOON)
    second = listed(unit_price="2", effective_from=NOON)
    assert priced(tenant, at=BEGAN).price_id == first.pk
    assert priced(tenant, at=NOON - timedelta(microseconds=1)).price_id == first.pk
    assert priced(tenant, at=NOON).price_id == second.pk
    with pytest.raises(NoPrice):
        priced(tenant, at=BEGAN - timedelta(microseconds=1))


def test_usage_is_priced_at_the_time_of_use(tenant):
    old = listed(unit_price="1", effective_to=NOON)
    listed(unit_price="2", effective_from=NOON)
    item = priced(tenant, at=NOON - timedelta(days=3))
    assert (item.price_id, item.price_version, item.cost) == (old.pk, 1, Decimal(1))


def test_a_missing_price_error_names_the_component_and_time(tenant):
    with pytest.raises(NoPrice) as caught:
        priced(tenant, model="whisper-9")
    assert (caught.value.status, caught.value.code) == (422, "no_price")
    assert "stt · openai · whisper-9 per second at 2026-03-01 12:00:00 UTC" in caught.value.detail
    assert caught.value.extra["component"]["model"] == "whisper-9"


def test_all_items_of_a_request_are_priced_by_one_query(tenant):
    for model in ("a", "b", "c", ANY_MODEL):
        listed(model=model)
    items = [{**STT, "model": model, "quantity": "1"} for model in ("a", "b", "c", "other", "another")]
    with tenant_context(tenant.pk), CaptureQueriesContext(connection) as queries:
        assert len(quoting.price_items(items, at=NOON)) == 5
    assert len([query for query in queries if "billing_pricing_catalog" in query["sql"]]) == 1


@pytest.mark.parametrize("unit", ["second", "seconds", "Seconds", " second "])
def test_units_in_the_plural_are_priced_in_the_singular(unit, tenant):
    listed()
    assert priced(tenant, unit=unit).unit == "second"


def test_providers_are_priced_in_lower_case(tenant):
    listed()
    assert priced(tenant, provider="OpenAI").provider == "openai"


@pytest.mark.parametrize(
    "quantity", ["-1", "NaN", "Infinity", "0.0000001", "1000000000000", 1.5, True, None, "two", ""]
)
def test_a_quantity_that_is_not_exact_is_refused(quantity, tenant):
    listed()
    with pytest.raises(Invalid) as caught:
        priced(tenant, quantity)
    assert "items.0.quantity" in caught.value.errors


def test_an_item_with_missing_or_unknown_values_is_refused(tenant):
    with pytest.raises(Invalid) as caught:
        priced(tenant, model=" ", cost="0")
    assert set(caught.value.errors) == {"items.0.model", "items.0"}
    with pytest.raises(Invalid):
        priced(tenant, category="overage")


def test_a_cost_too_large_for_the_ledger_is_refused(tenant):
    listed(unit_price="99999999")
    with pytest.raises(Invalid):
        priced(tenant, "999999999999")


@pytest.mark.parametrize(
    ("quantity", "unit_price", "expected"),
    [
        ("0.0005", "0.001", "0.000001"),
        ("0.0004", "0.001", "0"),
        ("1.5", "0.000003", "0.000005"),
        ("3", "0.013", "0.039"),
    ],
)
def test_a_cost_is_rounded_half_up_to_a_millionth(quantity, unit_price, expected):
    assert cost(quantity, unit_price=Decimal(unit_price)) == Decimal(expected)


def test_a_cost_does_not_depend_on_the_callers_decimal_context():
    quantity, unit_price = Decimal("99999999999.999999"), Decimal("1.0000000001")
    with localcontext(prec=9):
        found = cost(quantity, unit_price=unit_price)
    assert found == Decimal("100000000009.999999")


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "0"), ("0.1", "3"), ("1000", "3"), ("1000.000001", "6"), ("2000", "6")]
)
def test_a_started_package_is_charged_in_full(quantity, expected):
    price = {"scheme": PriceScheme.PACKAGE, "unit_price": Decimal(3), "package_size": Decimal(1000)}
    assert cost(quantity, **price) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "0"), ("1", "2.5"), ("10", "7"), ("11", "7.3"), ("100", "34"), ("101", "41.1")]
)
def test_graduated_units_cost_their_tiers_price_and_each_fee_is_charged_once(quantity, expected):
    assert cost(quantity, scheme=PriceScheme.GRADUATED, tiers=TIERS) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "0"), ("1", "2.5"), ("10", "7"), ("11", "3.3"), ("100", "30"), ("101", "17.1")]
)
def test_volume_prices_charge_all_units_at_the_tier_reached(quantity, expected):
    assert cost(quantity, scheme=PriceScheme.VOLUME, tiers=TIERS) == Decimal(expected)


# A slow machine must not fail the health check.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
figures = st.integers(0, 10**8).map(lambda number: Decimal(number).scaleb(-7))
steps = st.lists(st.tuples(st.integers(1, 20), figures, st.integers(0, 99)), min_size=1, max_size=4)


def as_tiers(widths):
    """Draw tiers with these widths, unit prices and fees, the last one open-ended."""
    ends = [str(end) for end in accumulate(width for width, _price, _fee in widths)][:-1]
    return [
        {"up_to": end, "unit_price": f"{price:f}", "flat_fee": f"{fee}"}
        for end, (_width, price, fee) in zip([*ends, None], widths, strict=True)
    ]


tiered = steps.map(as_tiers)


def tier_of(tiers, unit):
    return next(index for index, tier in enumerate(tiers) if tier["up_to"] is None or unit <= int(tier["up_to"]))


@patient
@given(tiered, st.integers(0, 80))
def test_a_graduated_cost_is_the_sum_of_its_units(tiers, quantity):
    reached = [tier_of(tiers, unit) for unit in range(1, quantity + 1)]
    units = sum((Decimal(tiers[index]["unit_price"]) for index in reached), Decimal(0))
    fees = sum((Decimal(tiers[index]["flat_fee"]) for index in set(reached)), Decimal(0))
    expected = (units + fees).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    assert cost(quantity, scheme=PriceScheme.GRADUATED, tiers=tiers) == expected


@patient
@given(tiered, st.integers(1, 80))
def test_a_volume_cost_is_the_quantity_times_the_last_tiers_price(tiers, quantity):
    tier = tiers[tier_of(tiers, quantity)]
    expected = (quantity * Decimal(tier["unit_price"]) + Decimal(tier["flat_fee"])).quantize(
        Decimal("0.000001"), ROUND_HALF_UP
    )
    assert cost(quantity, scheme=PriceScheme.VOLUME, tiers=tiers) == expected


@patient
@given(st.integers(0, 500 * 10**6).map(lambda number: Decimal(number).scaleb(-6)), st.integers(1, 50), figures)
def test_a_package_cost_uses_the_fewest_packages(quantity, size, unit_price):
    packages = 0
    while packages * size < quantity:
        packages += 1
    expected = (packages * unit_price).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    found = cost(quantity, scheme=PriceScheme.PACKAGE, package_size=Decimal(size), unit_price=unit_price)
    assert found == expected


@patient
@given(tiered, st.integers(0, 80), st.integers(0, 80))
def test_a_graduated_cost_never_falls_with_quantity(tiers, quantity, more):
    few = cost(quantity, scheme=PriceScheme.GRADUATED, tiers=tiers)
    assert few <= cost(quantity + more, scheme=PriceScheme.GRADUATED, tiers=tiers)


@pytest.mark.parametrize(
    "values",
    [
        {"scheme": "package"},
        {"scheme": "package", "package_size": "0"},
        {"scheme": "unit", "package_size": "10"},
        {"scheme": "unit", "tiers": TIERS},
        {"scheme": "graduated"},
        {"scheme": "volume", "tiers": TIERS, "package_size": "10"},
        {"scheme": "volume", "tiers": TIERS[:2]},
        {"scheme": "volume", "tiers": [TIERS[1], TIERS[0], TIERS[2]]},
        {"scheme": "volume", "tiers": [TIERS[2], TIERS[2]]},
        {"scheme": "volume", "tiers": [{"up_to": None, "unit_price": 0.5}]},
        {"scheme": "volume", "tiers": [{"up_to": None, "unit_price": "0.5", "bonus": "1"}]},
        {"scheme": "by_the_moon"},
    ],
    ids=str,
)
def test_invalid_terms_are_refused(values, db):
    with platform_context(), pytest.raises(Invalid):
        writes.create(Price, {**STT, "unit_price": Decimal(1), **values})


def test_a_price_with_tiers_shows_the_first_ones_price(db):
    with platform_context():
        row = writes.create(Price, {**STT, "scheme": "graduated", "tiers": TIERS})
    assert (row.unit_price, row.version) == (Decimal("0.5"), 1)


def test_versions_are_numbered_per_component_and_tenant(tenant):
    assert [listed(effective_to=NOON).version, listed(effective_from=NOON).version] == [1, 2]
    assert listed(tenant).version == 1
    assert listed(model=ANY_MODEL).version == 1
    with platform_context():
        row = Price.objects.filter(tenant__isnull=True, version=2).get()
        assert prices.change(price=row, unit_price=Decimal(5)).version == 3


def test_prices_written_in_bulk_get_versions(db):
    days = [BEGAN + timedelta(days=day) for day in range(3)]
    rows = [
        Price(**STT, unit_price=1, effective_from=day, effective_to=day + timedelta(days=1), version=7) for day in days
    ]
    with platform_context():
        Price.all_objects.bulk_create(rows)
        assert list(Price.objects.order_by("effective_from").values_list("version", flat=True)) == [1, 2, 3]


def test_a_future_price_moved_to_another_component_is_numbered_there(db):
    coming = timezone.now() + timedelta(days=9)
    listed(model="other", effective_to=NOON)
    row = listed(effective_from=coming)
    with platform_context():
        assert writes.update(row, {"model": "other"}).version == 2
        assert writes.update(row, {"description": "Mistyped before"}).version == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_prices_of_a_component_never_get_the_same_version():
    versions: list[int] = []

    def write(number):
        begins = BEGAN + timedelta(days=number)
        versions.append(listed(effective_from=begins, effective_to=begins + timedelta(hours=1)).version)
        connection.close()

    threads = [Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == list(range(1, 9))


def test_a_quote_returns_cost_balance_and_remaining_quotas(tenant, wallet):
    listed(unit_price="0.01")
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key="voice-agent",
            quota_unit="second",
            monthly_quota=100,
            daily_quota=None,
            allow_overages=True,
            overage_rate="0.5",
        )
        ledger.topup(wallet=wallet, amount=Decimal(10), key="opening")
    with tenant_context(tenant.pk):
        found = quoting.quote(
            items=[UsageItem(**STT, quantity=Decimal(104))], feature_key="voice-agent", at=timezone.now()
        )
    assert [item.cost for item in found.items] == [Decimal("1.04"), Decimal(2)]
    assert (found.total, found.wallet.available_balance, found.affordable, found.allowed) == (
        Decimal("3.04"),
        Decimal(10),
        True,
        True,
    )
    assert found.left is not None and found.left.left_this_month == 100


@pytest.mark.parametrize("status", [WalletStatus.SUSPENDED, WalletStatus.CLOSED])
def test_a_quote_is_not_affordable_for_a_wallet_that_pays_nothing(status, tenant, wallet):
    listed(unit_price="2")
    with tenant_context(tenant.pk):
        if status == WalletStatus.SUSPENDED:
            ledger.topup(wallet=wallet, amount=Decimal(10), key="paid")
        wallets.change_status(wallet=wallet, status=status)
        for quantity in ("1", "0"):
            found = quoting.quote(items=[{**STT, "quantity": quantity}], at=timezone.now())
            charged = ledger.post_many(
                [ledger.Posting(ledger.Operation.DEBIT, wallet.pk, found.total, f"use-{quantity}")]
            )
            assert found.affordable == (charged[0].outcome == ledger.PostingOutcome.POSTED)


def test_a_quote_leaves_out_credit_that_has_expired(tenant, wallet):
    listed(unit_price="2")
    now = timezone.now()
    with tenant_context(tenant.pk):
        yesterday, expired = now - timedelta(days=1), now - timedelta(seconds=1)
        ledger.credit(wallet=wallet, amount=Decimal(10), key="granted", expires_at=expired, now=yesterday)
        ledger.topup(wallet=wallet, amount=Decimal(3), key="paid", now=yesterday)
        found = quoting.quote(items=[{**STT, "quantity": "2"}], at=now)
    assert (found.available, found.affordable) == (3, False)


def test_a_quote_beyond_a_hard_quota_is_not_allowed(tenant):
    listed()
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(feature_key="voice-agent", monthly_quota=0, overage_rate=None)
    with tenant_context(tenant.pk):
        found = quoting.quote(items=[{**STT, "quantity": "1"}], feature_key="voice-agent", at=timezone.now())
    assert (found.allowed, found.affordable) == (False, False)


@pytest.mark.parametrize(
    "values",
    [{"unit_price": 9}, {"scheme": "volume", "tiers": TIERS}, {"effective_from": NOON}, {"model": "x"}],
    ids=str,
)
def test_the_database_refuses_to_change_a_price_that_has_started(values, db):
    row = listed()
    with platform_context():
        with pytest.raises(IntegrityError, match="keeps what it began with"), transaction.atomic():
            Price.objects.filter(pk=row.pk).update(**values)
        Price.objects.filter(pk=row.pk).update(description="Speech", effective_to=timezone.now(), is_active=False)
