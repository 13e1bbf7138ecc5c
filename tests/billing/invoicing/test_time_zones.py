"""Periods have no gap between them, and a use keeps its period and its window, whatever the time zone becomes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.audit.services import audit_ledger
from billing.entitlements.models import EntitlementUse
from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from billing.ledger.services import ledger, wallets
from billing.usage.services import charging, usage
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.usage.metered import CALL
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory

AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The zone to which the tenant moves from UTC, and how much later than in UTC its months begin.
ZONES = [("America/New_York", 4), ("Asia/Dubai", -4), ("Pacific/Kiritimati", -14), ("Etc/GMT+12", 12)]


def spend(tenant, at, amount="2"):
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        # Repeated, this has no further effect.
        ledger.topup(wallet=wallet, amount=Decimal(100), key="fund", now=AUGUST - 60 * DAY)
        return ledger.debit(wallet=wallet, amount=Decimal(amount), key=f"use {at}", now=at)


def move_to(tenant, zone):
    with platform_context():
        type(tenant).objects.filter(pk=tenant.pk).update(timezone=zone)


def month_ends(at):
    """Run the maintenance every hour around the end of a month."""
    for hours in range(-15, 40):
        invoices.run_maintenance(now=at + hours * HOUR)


def finalise_all(tenant):
    with tenant_context(tenant.pk):
        for row in Invoice.objects.filter(kind="usage", status="draft").order_by("period_start"):
            invoices.finalise(invoice=row)


def invoiced(tenant):
    with platform_context(tenant_id=tenant.pk):
        rows = Invoice.objects.filter(kind="usage").exclude(status="voided").order_by("period_start")
        return [(row.period_start, row.period_end, row.subtotal) for row in rows]


def require_every_charge_invoiced_once():
    results = audit_ledger(now=NOVEMBER).results
    assert not results.findings
    return results


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("zone", "later"), ZONES)
def test_a_period_begins_where_the_last_one_ended(tenant, zone, later):
    spend(tenant, SEPTEMBER + 5 * DAY)
    for hours in range(-30, 31):
        spend(tenant, OCTOBER + hours * HOUR + timedelta(minutes=30), amount="1")
    spend(tenant, OCTOBER + 20 * DAY, amount="3")
    month_ends(OCTOBER)
    finalise_all(tenant)
    move_to(tenant, zone)
    month_ends(NOVEMBER)
    finalise_all(tenant)
    (first, first_end, _), (second, second_end, _) = invoiced(tenant)
    assert (first, first_end, second) == (SEPTEMBER, OCTOBER, OCTOBER)
    assert second_end == NOVEMBER + later * HOUR
    assert sum(subtotal for *_period, subtotal in invoiced(tenant)) == 61 + 2 + 3
    require_every_charge_invoiced_once()


@pytest.mark.django_db(transaction=True)
def test_a_month_drafted_before_the_time_zone_changed_is_redrafted_and_finalised(tenant):
    spend(tenant, OCTOBER - HOUR)
    month_ends(OCTOBER)
    move_to(tenant, "Asia/Dubai")
    spend(tenant, OCTOBER - 2 * HOUR)
    with tenant_context(tenant.pk):
        [found] = invoices.draft_month(month=SEPTEMBER.date(), now=OCTOBER + 3 * DAY)
        assert found.invoice is not None, found.reason
        assert (found.invoice.period_start, found.invoice.period_end) == (SEPTEMBER, OCTOBER)
    finalise_all(tenant)
    assert invoiced(tenant) == [(SEPTEMBER, OCTOBER, Decimal(4))]


def test_a_voided_period_is_drafted_again_with_its_boundaries(tenant):
    spend(tenant, OCTOBER - HOUR)
    month_ends(OCTOBER)
    with tenant_context(tenant.pk):
        invoices.void(invoice=Invoice.objects.get(), reason="Again")
    move_to(tenant, "America/New_York")
    with tenant_context(tenant.pk):
        [found] = invoices.draft_month(month=SEPTEMBER.date(), now=OCTOBER + 3 * DAY)
        assert found.invoice is not None, found.reason
        assert (found.invoice.period_start, found.invoice.period_end) == (SEPTEMBER, OCTOBER)


def test_months_between_without_a_charge_are_left_out_and_charges_in_them_are_not(tenant):
    spend(tenant, AUGUST + DAY)
    month_ends(SEPTEMBER)
    spend(tenant, OCTOBER + DAY)
    month_ends(NOVEMBER)
    assert [period[:2] for period in invoiced(tenant)] == [(AUGUST, SEPTEMBER), (OCTOBER, NOVEMBER)]
    spend(tenant, NOVEMBER + 40 * DAY)
    missed, december, end = NOVEMBER, datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    spend(tenant, missed + DAY)
    # Nobody drafted November in time.
    month_ends(end)
    assert invoiced(tenant)[-1] == (missed, end, Decimal(4))
    assert december < end


def test_a_charge_before_the_first_period_is_in_the_month_before(tenant):
    spend(tenant, SEPTEMBER + HOUR)
    move_to(tenant, "America/New_York")
    month_ends(SEPTEMBER)
    spend(tenant, SEPTEMBER + DAY)
    month_ends(OCTOBER)
    midnight = SEPTEMBER + 4 * HOUR
    assert invoiced(tenant) == [
        (AUGUST + 4 * HOUR, midnight, Decimal(2)),
        (midnight, OCTOBER + 4 * HOUR, Decimal(2)),
    ]


@pytest.fixture
def metered(tenant):
    with platform_context():
        PriceFactory.create(**CALL, unit_price=Decimal("0.5"), effective_from=AUGUST - 400 * DAY)
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(feature_key="voice-agent", quota_unit="minute", daily_quota=Decimal(50))


def used(tenant):
    with platform_context(tenant_id=tenant.pk):
        rows = EntitlementUse.objects.order_by("window_start", "window")
        return [(row.window, f"{row.window_start}", row.used) for row in rows]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("zone", [zone for zone, _later in ZONES])
def test_voiding_after_the_time_zone_changed_gives_back_the_window_that_was_counted(tenant, metered, zone):
    at = OCTOBER - HOUR if zone in ("Asia/Dubai", "Pacific/Kiritimati") else OCTOBER + HOUR
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(100), key="fund", now=AUGUST)
        items = [{**CALL, "quantity": "10"}]
        event = usage.record(feature_key="voice-agent", items=items, key="one", occurred_at=at, now=at)
        charging.charge(event=event, now=at)
    month_ends(OCTOBER)
    finalise_all(tenant)
    before = used(tenant)
    assert [each[2] for each in before] == [10, 10]
    move_to(tenant, zone)
    with tenant_context(tenant.pk):
        usage.void(event=event, reason="Never happened", now=OCTOBER + 3 * DAY)
    assert used(tenant) == [(window, start, 0) for window, start, _used in before]
    month_ends(NOVEMBER)
    finalise_all(tenant)
    # The reversal is on the next invoice, if the charge was on an earlier one.
    assert sum(subtotal for *_period, subtotal in invoiced(tenant)) == 0
    require_every_charge_invoiced_once()


@pytest.mark.django_db(transaction=True)
def test_a_use_keeps_the_day_and_the_month_in_which_it_was_counted_though_they_began_in_different_zones(
    tenant, metered
):
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(100), key="fund", now=AUGUST)

    def use(key, at):
        with tenant_context(tenant.pk):
            items = [{**CALL, "quantity": "10"}]
            event = usage.record(feature_key="voice-agent", items=items, key=key, occurred_at=at, now=at)
            return charging.charge(event=event, now=at)

    use("in UTC", OCTOBER - 9 * DAY)
    move_to(tenant, "Pacific/Kiritimati")
    event = use("in October there, while September goes on", OCTOBER - 6 * HOUR)
    counted = [("month", "2026-09-01", 20), ("day", "2026-09-22", 10), ("day", "2026-10-01", 10)]
    assert used(tenant) == counted
    require_every_charge_invoiced_once()
    with tenant_context(tenant.pk):
        usage.void(event=event, reason="Never happened", now=OCTOBER + DAY)
    assert [each[2] for each in used(tenant)] == [10, 10, 0]
    require_every_charge_invoiced_once()
