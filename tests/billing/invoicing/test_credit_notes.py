"""Credit notes correct finalised invoices and never exceed their total."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, connections
from django.utils import timezone

from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from billing.ledger.models import LedgerTransaction
from billing.ledger.services import ledger, wallets
from lad.errors import DomainError, Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.invoicing.numbers import short
from tests.billing.profiles import set_profile
from tests.contract.sql import constraint_of, execute, refused
from tests.factories.billing import InvoiceFactory
from tests.factories.tenants import TenantFactory
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import stored
from tests.support.events import events

# The factory's invoice: 199 and 5 % tax.
TOTAL = Decimal("208.95")


@pytest.fixture
def within(tenant):
    with tenant_context(tenant.pk):
        yield


@pytest.fixture
def unpaid(within):
    return InvoiceFactory.create(status="pending")


@pytest.fixture
def paid(within):
    return InvoiceFactory.create(status="paid")


def credit(invoice, amount=None, reason="A mistake", **values):
    return invoices.credit_note(
        invoice=invoice, amount=None if amount is None else Decimal(amount), reason=reason, **values
    )


def test_an_amount_is_credited_with_its_share_of_the_tax(paid):
    note = credit(paid, "105")
    assert (note.kind, note.status, short(note.invoice_number), note.corrects_id) == (
        "credit_note",
        "paid",
        "CN-000001",
        paid.pk,
    )
    assert (note.subtotal, note.tax, note.total) == (Decimal(100), Decimal(5), Decimal(105))
    assert note.tax_lines == [{"name": "VAT", "rate": "0.05", "taxable": "100", "amount": "5"}]
    assert (note.recipient, note.metadata) == (paid.recipient, {"reason": "A mistake"})
    assert note.line_items[0]["description"] == f"Credit on {paid.invoice_number}"
    assert stored(paid).status == "paid"


def test_credited_lines_include_their_share_of_the_tax(paid):
    note = credit(paid, lines=[invoices.line("Half a month", Decimal("0.5"), Decimal(199))])
    assert (note.subtotal, note.tax) == (Decimal("99.5"), Decimal("4.98"))


def test_credit_notes_have_their_own_number_series(paid):
    assert [short(credit(paid, "1").invoice_number) for _ in range(2)] == ["CN-000001", "CN-000002"]
    assert short(InvoiceFactory.create(status="pending").invoice_number) == "INV-000002"


def test_the_last_credit_note_takes_the_remaining_cents(paid):
    parts = [credit(paid, "69.65") for _ in range(2)]
    parts.append(credit(paid, TOTAL - 2 * Decimal("69.65")))
    assert sum(part.subtotal for part in parts) == 199
    assert sum(part.tax for part in parts) == Decimal("9.95")
    assert invoices.creditable(paid) == (0, 0)


@pytest.mark.parametrize("amount", ["208.950001", "1000"])
def test_a_credit_beyond_the_invoice_total_is_refused(amount, paid):
    with pytest.raises(invoices.CreditTooLarge) as caught:
        credit(paid, amount)
    assert caught.value.extra["left"] == "208.95"
    credit(paid, "200")
    with pytest.raises(invoices.CreditTooLarge):
        credit(paid, "8.96")
    assert Invoice.objects.filter(kind="credit_note").count() == 1


@pytest.mark.parametrize(
    "values", [{"amount": "0"}, {"amount": "-5"}, {"lines": []}, {}, {"amount": "5", "reason": " "}]
)
def test_a_credit_note_needs_an_amount_and_a_reason(values, paid):
    with pytest.raises(Invalid):
        credit(paid, **values)


def test_the_database_refuses_credits_beyond_the_invoice_total(paid):
    credit(paid, "200")
    with refused(psycopg.errors.CheckViolation) as caught:
        _credit_behind_the_service(paid)
    assert constraint_of(caught) == "billing_invoices_finalised"


def _credit_behind_the_service(paid):
    execute(
        "INSERT INTO billing_invoices (tenant_id, kind, series, corrects_id, line_items, subtotal, total,"
        " period_start, period_end) SELECT tenant_id, 'credit_note', 'CN', id, line_items, 199, 199,"
        " period_start, period_end FROM billing_invoices WHERE id = %s",
        [paid.pk],
    )
    execute("SET CONSTRAINTS billing_invoice_series_used DEFERRED")
    execute("UPDATE billing_invoice_series SET last_number = 2 WHERE series = 'CN'")
    execute(
        "UPDATE billing_invoices SET status = 'pending', sequence_number = 2,"
        " invoice_number = (SELECT prefix FROM billing_invoice_series WHERE series = 'CN') || '000002',"
        " finalised_at = now() WHERE status = 'draft'"
    )


def test_drafts_voided_invoices_and_credit_notes_cannot_be_credited(paid):
    voided = InvoiceFactory.create(status="voided")
    for row in (InvoiceFactory.create(), voided, credit(paid, "5")):
        with pytest.raises(invoices.WrongInvoiceStatus):
            credit(row, "1")


def test_the_same_key_returns_the_same_credit_note(paid):
    first, again = credit(paid, "5", key="once"), credit(paid, "5", key="once")
    assert first.pk == again.pk
    assert credit(paid, "5", key="twice").pk != first.pk


def test_a_credit_on_an_unpaid_invoice_reduces_its_open_amount(unpaid):
    note = credit(unpaid, "8.95")
    assert (note.payment_method, invoices.open_amount(unpaid)) == ("set off", Decimal(200))
    with pytest.raises(invoices.PartialPayment):
        invoices.pay(invoice=unpaid, payment_method="card", paid_at=timezone.now(), amount=TOTAL)
    row = invoices.pay(invoice=unpaid, payment_method="card", paid_at=timezone.now(), amount=Decimal(200))
    assert row.status == "paid"


def test_an_invoice_credited_in_full_is_paid(unpaid):
    credit(unpaid, TOTAL)
    assert (stored(unpaid).status, stored(unpaid).payment_method) == ("paid", "credit note")


def test_a_credited_invoice_cannot_be_voided(unpaid):
    credit(unpaid, "8.95")
    with pytest.raises(invoices.HasCreditNotes):
        invoices.void(invoice=unpaid, reason="No")


def test_a_credit_on_a_paid_invoice_is_a_refund_unless_it_goes_to_the_wallet(paid):
    assert credit(paid, "5").payment_method == "refund"
    assert not LedgerTransaction.objects.exists()
    note = credit(paid, "10.50", to_wallet=True)
    [entry] = LedgerTransaction.objects.all()
    assert (entry.transaction_type, entry.amount, entry.idempotency_key) == (
        "credit",
        Decimal("10.50"),
        f"credit_note_{note.pk}",
    )
    assert (entry.reference_type, entry.reference_id, note.payment_method) == ("invoice", note.pk, "wallet")
    assert wallets.open_wallet().available_balance == Decimal("10.50")


def test_a_credit_on_an_unpaid_invoice_cannot_go_to_a_wallet(unpaid):
    with pytest.raises(invoices.WrongInvoiceStatus):
        credit(unpaid, "5", to_wallet=True)
    assert not Invoice.objects.filter(kind="credit_note").exists()


def test_a_credit_on_usage_with_open_tax_returns_the_usage_and_reduces_the_tax(within):
    set_profile(tax_point="use", tax_rate=Decimal("0.1"))
    now = timezone.now()
    wallet = wallets.open_wallet()
    ledger.topup(wallet=wallet, amount=Decimal(100), key="fund", now=now - timedelta(hours=2))
    ledger.debit(wallet=wallet, amount=Decimal(50), key="use", now=now - timedelta(hours=1))
    row = invoices.finalise(invoice=invoices.draft_for_period(period_start=now - timedelta(days=1), period_end=now))
    assert (row.status, invoices.open_amount(row)) == ("pending", Decimal(5))
    with pytest.raises(invoices.WrongInvoiceStatus):
        credit(row, "22")
    credit(row, "22", to_wallet=True)
    assert invoices.open_amount(stored(row)) == Decimal(3)
    wallet.refresh_from_db()
    assert wallet.available_balance == Decimal(70)


def test_a_credit_note_emits_its_events(paid, owner):
    note = credit(paid, "5", actor=owner)
    [finalised] = [event for event in events("billing.invoice.finalised") if event.aggregate_id == note.pk]
    assert (finalised.payload["kind"], Decimal(finalised.payload["total"])) == ("credit_note", 5)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_credit_notes_cannot_exceed_the_invoice_total():
    with platform_context():
        tenant = TenantFactory.create()
    with tenant_context(tenant.pk):
        row = InvoiceFactory.create(status="paid")
    together = threading.Barrier(4)

    def try_it(_number):
        try:
            together.wait(30)
            with tenant_context(tenant.pk):
                return short(credit(row, "100").invoice_number)
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(try_it, range(4)))
    assert outcomes == ["CN-000001", "CN-000002", "credit_too_large", "credit_too_large"]


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_credit_on_an_invoice_voided_meanwhile(monkeypatch):
    with platform_context():
        tenant = TenantFactory.create()
    with tenant_context(tenant.pk):
        credit(InvoiceFactory.create(status="paid"), "5")
        row = InvoiceFactory.create(status="pending")
    monkeypatch.setattr("billing.invoicing.services.credit_notes.locked", lambda invoice, *statuses: stored(invoice))

    def credit_it():
        with tenant_context(tenant.pk):
            credit(row, "100")

    with tenant_context(tenant.pk):
        invoices.void(invoice=row, reason="Twice the same")
        other = ConcurrentWork(credit_it)
        wait_until_blocked()
    assert not other.succeeded()
    assert isinstance(other.error, IntegrityError)
    with tenant_context(tenant.pk):
        assert not Invoice.objects.filter(corrects=row).exists()
