"""Receipts for card payments: one per payment, finalised and paid at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connections

from billing.invoicing.models import BillingProfile, Invoice
from billing.invoicing.services import invoices
from billing.ledger.services import ledger
from billing.payments.models import Payment
from billing.payments.services.receipts import receipt_for_payment
from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.invoicing.numbers import short
from tests.factories.billing import PaymentFactory
from tests.factories.tenants import TenantFactory
from tests.support.events import events

PAID_AT = datetime(2026, 8, 15, 12, tzinfo=UTC)


@pytest.fixture
def within(tenant):
    with platform_context(tenant_id=tenant.pk):
        yield


def paid(**values):
    """Create a successful payment with its ledger entry."""
    row = PaymentFactory.create(**values)
    entry = ledger.topup(wallet=row.wallet_id, amount=row.amount, key=f"payment {row.pk}")
    row.status, row.paid_at, row.ledger_transaction_id = "succeeded", PAID_AT, entry.id
    row.save()
    return row


def test_a_receipt_lists_credits_fee_and_tax_and_is_paid(within):
    payment = paid(tax=Decimal("4.95"), tax_name="VAT", tax_rate=Decimal("0.05"), total=Decimal("107.94"))
    row = receipt_for_payment(payment)
    assert (row.kind, row.status, short(row.invoice_number), row.payment_id) == (
        "topup",
        "paid",
        "INV-000001",
        payment.pk,
    )
    assert [(line["description"], line["amount"]) for line in row.line_items] == [
        (payment.description, "99"),
        ("Card fee", "3.99"),
    ]
    assert row.tax_lines == [{"name": "VAT", "rate": "0.05", "taxable": "99", "amount": "4.95"}]
    assert (row.subtotal, row.tax, row.total) == (Decimal("102.99"), Decimal("4.95"), payment.total)
    assert (row.finalised_at, row.paid_at, row.payment_method) == (PAID_AT, PAID_AT, "card")
    assert [event.aggregate_id for event in events("billing.invoice.paid")] == [row.pk]


def test_a_receipt_is_in_the_language_of_the_customer(within):
    writes.create(BillingProfile, {"language": "es"})
    payment = paid(description="Starter: 1,000 credits", credits=1000)
    row = receipt_for_payment(payment)
    assert [line["description"] for line in row.line_items] == ["Starter: 1.000 créditos", "Comisión de tarjeta"]


def test_a_receipt_without_fee_and_tax_has_no_lines_for_them(within):
    row = receipt_for_payment(paid(fee=Decimal(0)))
    assert (len(row.line_items), row.tax_lines, row.total) == (1, [], Decimal(99))


def test_a_payment_has_one_receipt(within):
    payment = paid()
    first = receipt_for_payment(payment)
    assert receipt_for_payment(payment) == first
    assert Invoice.objects.count() == 1


def test_an_unpaid_payment_has_no_receipt(within):
    with pytest.raises(invoices.WrongInvoiceStatus):
        receipt_for_payment(PaymentFactory.create())


def test_several_receipts_can_be_written_in_one_transaction(within):
    numbers = [short(receipt_for_payment(paid()).invoice_number) for _ in range(3)]
    assert numbers == ["INV-000001", "INV-000002", "INV-000003"]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_events_of_a_payment_create_one_receipt():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        payment = paid()
    together = threading.Barrier(4)

    def receive(_number):
        try:
            with tenant_context(tenant.pk):
                row = Payment.objects.get(pk=payment.pk)
                together.wait(30)
                return short(receipt_for_payment(row).invoice_number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(receive, range(4))) == {"INV-000001"}
    with platform_context(tenant_id=tenant.pk):
        assert Invoice.objects.count() == 1
