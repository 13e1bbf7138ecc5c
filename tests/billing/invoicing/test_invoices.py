"""Invoices from draft to paid. A finalised invoice never changes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tests.billing.invoicing.numbers import short
from tests.billing.profiles import set_profile
from tests.factories.billing import InvoiceFactory
from tests.support.database import refuses, stored
from tests.support.events import events

LINES = [
    {"description": "Plan", "quantity": "1", "unit_price": "249", "amount": "249"},
    {"description": "Credits", "quantity": "2", "unit_price": "99.5", "amount": "199"},
]
# The factory's invoice: 199 and 5 % tax.
TOTAL = Decimal("208.95")


@pytest.fixture
def within(tenant):
    with platform_context(tenant_id=tenant.pk):
        yield


@pytest.fixture
def draft(within):
    return InvoiceFactory.create()


@pytest.fixture
def issued(draft):
    return invoices.finalise(invoice=draft)


def test_the_sums_of_a_draft_follow_from_its_lines_and_the_tax_rate(draft):
    row = writes.update(draft, {"line_items": LINES})
    assert (row.subtotal, row.tax, row.total) == (Decimal(448), Decimal("22.40"), Decimal("470.40"))
    assert row.tax_lines == [{"name": "VAT", "rate": "0.05", "taxable": "448", "amount": "22.4"}]
    now = timezone.now()
    made = writes.create(Invoice, {"line_items": LINES, "period_start": now, "period_end": now + timedelta(days=1)})
    assert (made.total, made.status, made.kind, made.invoice_number) == (Decimal("470.40"), "draft", "manual", "")


@pytest.mark.parametrize(("amount", "tax"), [("0.1", "0.01"), ("0.09", "0"), ("99.9", "5"), ("100.1", "5.01")])
def test_tax_is_rounded_half_up_to_the_cent(amount, tax, draft):
    line = {"description": "Advice", "quantity": "1", "unit_price": amount, "amount": amount}
    assert writes.update(draft, {"line_items": [line]}).tax == Decimal(tax)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("Plan, 249", "must be a list"),
        ([{"description": "Plan", "quantity": "1", "unit_price": "249"}], "[0] is missing amount"),
        ([{**LINES[0], "amount": 249.1}], "[0].amount must be"),
        ([{**LINES[0], "amount": "a lot"}], "[0].amount has the wrong format"),
        ([LINES[1], {**LINES[0], "amount": "248.99"}], "[1].amount must be 249 USD, quantity × unit price."),
    ],
)
def test_wrong_lines_are_refused_with_their_position(lines, message, draft):
    with pytest.raises(Invalid) as caught:
        writes.update(draft, {"line_items": lines})
    assert message in caught.value.errors["line_items"][0]


@pytest.mark.parametrize(
    ("currency", "amount"), [("USD", "8.77"), ("JPY", "9"), ("KWD", "8.765"), ("CLF", "8.7655"), ("XXX", "8.77")]
)
def test_a_line_amount_is_rounded_half_up_to_what_can_be_paid(currency, amount):
    line = invoices.line("Tokens", Decimal("3.5"), Decimal("2.50442"), currency)
    assert (line["quantity"], line["unit_price"], line["amount"]) == ("3.5", "2.50442", amount)
    assert invoices.line("Tokens", Decimal(1), Decimal("0.005"))["amount"] == "0.01"


def test_finalising_gives_number_recipient_tax_and_due_date(draft, tenant):
    set_profile(
        legal_name="Acme Trading GmbH",
        address="Hafenstr. 1\n20457 Hamburg",
        country="DE",
        tax_id="DE 123",
        tax_name="MwSt",
        tax_rate=Decimal("0.19"),
        payment_terms_days=30,
        invoice_email="bills@acme.example",
        invoice_prefix="ACME",
    )
    now = timezone.now()
    row = invoices.finalise(invoice=draft, now=now)
    assert (row.status, row.invoice_number, row.series, row.sequence_number) == (
        "pending",
        "ACME-INV-000001",
        "INV",
        1,
    )
    assert (row.finalised_at, row.due_at) == (now, now + timedelta(days=30))
    assert (row.subtotal, row.tax, row.total) == (Decimal(199), Decimal("37.81"), Decimal("236.81"))
    assert row.recipient == {
        "name": "Acme Trading GmbH",
        "address": "Hafenstr. 1\n20457 Hamburg",
        "country": "DE",
        "tax_id": "DE 123",
        "tax_name": "MwSt",
        "email": "bills@acme.example",
        "timezone": "UTC",
        "language": "en",
    }
    assert row.issuer["name"]
    [event] = events("billing.invoice.finalised")
    assert (event.aggregate_id, event.payload["kind"], Decimal(event.payload["total"])) == (
        row.pk,
        "manual",
        Decimal("236.81"),
    )


def test_an_invoice_keeps_its_recipient_when_the_profile_changes(draft):
    set_profile(legal_name="Acme Trading GmbH")
    row = invoices.finalise(invoice=draft)
    set_profile(legal_name="Acme Holding AG")
    assert stored(row).recipient["name"] == "Acme Trading GmbH"


def test_finalising_twice_changes_nothing(issued):
    again = invoices.finalise(invoice=issued)
    assert (again.invoice_number, again.finalised_at, again.updated_at) == (
        issued.invoice_number,
        issued.finalised_at,
        issued.updated_at,
    )
    assert len(events("billing.invoice.finalised")) == 1


def test_an_invoice_falls_due_and_is_paid(draft, owner):
    due = timezone.now() + timedelta(days=3)
    row = invoices.finalise(invoice=draft, due_at=due, actor=owner)
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.mark_overdue(invoice=row, now=due - timedelta(seconds=1))
    assert invoices.mark_overdue(invoice=row, now=due).status == "overdue"
    paid_at = timezone.now()
    row = invoices.pay(invoice=row, payment_method="bank transfer", paid_at=paid_at, actor=owner)
    assert (row.status, row.paid_at, row.payment_method) == ("paid", paid_at, "bank transfer")
    for verb in ("finalised", "overdue", "paid"):
        [event] = events(f"billing.invoice.{verb}")
        assert (event.aggregate_id, Decimal(event.payload["total"])) == (draft.pk, TOTAL)


@pytest.mark.parametrize("amount", ["208.94", "208.954", "208.96", "100", "0"])
def test_a_payment_that_is_not_the_open_amount_is_refused(amount, issued):
    with pytest.raises(invoices.PartialPayment) as caught:
        invoices.pay(invoice=issued, payment_method="card", paid_at=timezone.now(), amount=Decimal(amount))
    assert caught.value.extra["open"] == "208.95"
    assert stored(issued).status == "pending"


def test_a_payment_of_the_open_amount_settles_the_invoice(issued):
    row = invoices.pay(invoice=issued, payment_method="card", paid_at=timezone.now(), amount=TOTAL)
    assert (row.status, invoices.open_amount(row)) == ("paid", 0)


def test_an_invoice_without_lines_cannot_be_finalised(within):
    row = InvoiceFactory.create(line_items=[], subtotal=0, tax_lines=[], tax=0)
    with pytest.raises(invoices.InvoiceIncomplete):
        invoices.finalise(invoice=row)
    assert stored(row).status == "draft"


def test_a_finalised_invoice_cannot_be_edited_or_deleted(issued):
    for attempt in (
        lambda: writes.update(issued, {"line_items": LINES}),
        lambda: writes.delete(issued),
    ):
        with refuses(invoices.InvoiceIssued):
            attempt()
    assert stored(issued).total == TOTAL


def test_an_unpaid_invoice_is_voided_and_keeps_its_number(issued):
    voided = invoices.void(invoice=issued, reason="Twice the same")
    assert (voided.status, short(voided.invoice_number)) == ("voided", "INV-000001")
    assert events("billing.invoice.voided")[0].payload == {"before": "pending", "reason": "Twice the same"}
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.pay(invoice=voided, payment_method="card", paid_at=timezone.now())
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.finalise(invoice=voided)
    assert short(invoices.finalise(invoice=InvoiceFactory.create()).invoice_number) == "INV-000002"


def test_voiding_needs_a_reason(issued):
    with pytest.raises(Invalid) as caught:
        invoices.void(invoice=issued, reason="  ")
    assert caught.value.errors == {"reason": ["Enter a reason."]}
    assert stored(issued).status == "pending"


def test_a_paid_invoice_cannot_be_voided(issued):
    paid = invoices.pay(invoice=issued, payment_method="card", paid_at=timezone.now())
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.void(invoice=paid, reason="No")
    assert stored(issued).status == "paid"
