"""What time does to invoices: the unpaid fall overdue, and months that are over are drafted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.invoicing import services as invoices
from billing.invoicing import tasks
from billing.invoicing.models import Invoice
from billing.ledger.services import ledger, wallets
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import InvoiceFactory
from tests.tenants.helpers import events

AUGUST, SEPTEMBER = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
NOON = datetime(2026, 8, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def spend(tenant, amount="2", at=NOON, key="use", currency="USD"):
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet(currency=currency)
        ledger.topup(wallet=wallet, amount=Decimal(100), key=f"fund {key}", now=AUGUST - 60 * DAY)
        ledger.debit(wallet=wallet, amount=Decimal(amount), key=key, now=at)


def drafted(tenant):
    with platform_context(tenant_id=tenant.pk):
        rows = Invoice.objects.filter(kind="usage").order_by("period_start")
        return [(row.period_start, row.period_end, row.subtotal, row.status) for row in rows]


def move_to(tenant, zone):
    with platform_context():
        type(tenant).objects.filter(pk=tenant.pk).update(timezone=zone)


def test_the_unpaid_fall_overdue_when_they_are_due(tenant, other_tenant):
    due = NOON + DAY
    with platform_context(tenant_id=tenant.pk):
        row = InvoiceFactory.create(status="pending", due_at=due)
        paid = InvoiceFactory.create(status="paid", due_at=due)
    with platform_context(tenant_id=other_tenant.pk):
        other = InvoiceFactory.create(status="pending", due_at=due + DAY)
    invoices.tend(now=due)
    with platform_context():
        assert [Invoice.objects.get(pk=each.pk).status for each in (row, paid, other)] == ["overdue", "paid", "pending"]
        [told] = events("billing.invoice.overdue")
    assert told.aggregate_id == row.pk


def test_last_month_is_drafted_for_each_tenant_that_was_charged(tenant, other_tenant):
    spend(tenant)
    spend(other_tenant, "3", at=SEPTEMBER)
    invoices.tend(now=SEPTEMBER + timedelta(hours=1))
    assert drafted(tenant) == [(AUGUST, SEPTEMBER, Decimal(2), "draft")]
    assert drafted(other_tenant) == []


def test_a_month_is_drafted_once(tenant):
    spend(tenant)
    for hours in (1, 2, 30):
        invoices.tend(now=SEPTEMBER + timedelta(hours=hours))
    assert len(drafted(tenant)) == 1
    assert len(events("billing.invoice.drafted")) == 1


def test_a_month_ends_in_the_tenants_time_zone(tenant):
    move_to(tenant, "Asia/Dubai")
    spend(tenant)
    end = datetime(2026, 8, 31, 20, tzinfo=UTC)
    invoices.tend(now=end - timedelta(microseconds=1))
    assert drafted(tenant) == []
    invoices.tend(now=end)
    assert drafted(tenant) == [(datetime(2026, 7, 31, 20, tzinfo=UTC), end, Decimal(2), "draft")]


@pytest.mark.parametrize(
    ("zone", "now", "start", "end"),
    [
        ("UTC", datetime(2026, 1, 1, tzinfo=UTC), "2025-12-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
        ("Europe/Berlin", datetime(2026, 4, 2, tzinfo=UTC), "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"),
        (
            "America/New_York",
            datetime(2026, 3, 1, tzinfo=UTC),
            "2026-01-01T00:00:00-05:00",
            "2026-02-01T00:00:00-05:00",
        ),
    ],
)
def test_the_last_month_is_that_of_the_calendar_whatever_the_clocks_do(zone, now, start, end):
    found = invoices.last_month(ZoneInfo(zone), now)
    assert [moment.isoformat() for moment in found] == [start, end]


def test_a_month_is_made_up_for_a_week(tenant, other_tenant):
    spend(tenant)
    invoices.tend(now=SEPTEMBER + 7 * DAY)
    assert len(drafted(tenant)) == 1
    spend(other_tenant)
    invoices.tend(now=SEPTEMBER + 7 * DAY + timedelta(seconds=1))
    assert drafted(other_tenant) == []


def test_a_month_whose_invoice_was_voided_is_left_to_people(tenant):
    spend(tenant)
    invoices.tend(now=SEPTEMBER + DAY)
    with platform_context(tenant_id=tenant.pk):
        invoices.void(invoice=Invoice.objects.get(kind="usage"), reason="Start again")
    invoices.tend(now=SEPTEMBER + 2 * DAY)
    assert [row[3] for row in drafted(tenant)] == ["voided"]


def test_currencies_are_invoiced_apart(tenant):
    spend(tenant, currency="EUR")
    invoices.tend(now=SEPTEMBER + DAY)
    with platform_context(tenant_id=tenant.pk):
        assert Invoice.objects.get(kind="usage").currency == "EUR"


def test_one_tenant_that_fails_holds_up_no_other(tenant, other_tenant, caplog):
    spend(tenant)
    spend(other_tenant)
    move_to(tenant, "Nowhere/Land")
    invoices.tend(now=SEPTEMBER + DAY)
    assert len(drafted(other_tenant)) == 1
    move_to(tenant, "UTC")
    invoices.tend(now=SEPTEMBER + DAY)
    assert len(drafted(tenant)) == 1


def test_the_task_tends_as_of_now(tenant):
    with platform_context(tenant_id=tenant.pk):
        row = InvoiceFactory.create(status="pending", due_at=NOON)
    tasks.tend_invoices()
    with platform_context():
        assert Invoice.objects.get(pk=row.pk).status == "overdue"
