"""Sums that add up: tax on what was paid, credit that is never lost, and credit notes to the last cent."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.utils import timezone

from billing.invoicing.documents.content import document_content
from billing.invoicing.models import CreditApplication, Invoice, profile_of
from billing.invoicing.services import finalising, invoices
from billing.ledger.services import ledger, wallets
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.profiles import set_profile
from tests.factories.billing import InvoiceFactory, PaymentFactory
from tests.support.database import refuses, stored, violates

JUNE, JULY, AUGUST, SEPTEMBER, OCTOBER = (datetime(2026, month, 1, tzinfo=UTC) for month in range(6, 11))
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def within(tenant):
    with tenant_context(tenant.pk):
        yield


def taxed_on_use(rate, **values):
    return set_profile(tax_point="use", tax_rate=Decimal(rate), **values)


def buy(credits, price, *, at=JUNE, tax="0", **values):
    """Pay for credits by card, one credit being worth 0.10."""
    amount, price, tax = Decimal(credits) / 10, Decimal(price), Decimal(tax)
    row = PaymentFactory.create(
        wallet=wallets.open_wallet(), credits=credits, amount=amount, price=price, tax=tax, fee=0, total=price + tax,
        **values,
    )  # fmt: skip
    entry = ledger.topup(wallet=row.wallet_id, amount=amount, key=f"payment {row.pk}", now=at)
    row.status, row.paid_at, row.ledger_transaction_id = "succeeded", at, entry.id
    row.save()
    return row


def use(amount, at, key=None):
    return ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(amount), key=key or f"use {at}", now=at)


def finalised(start, end):
    return invoices.finalise(invoice=invoices.draft_for_period(period_start=start, period_end=end))


# Tax on what was paid


def test_tax_on_use_is_charged_on_what_the_credits_were_bought_for(within):
    taxed_on_use("0.05")
    buy(12_000, 499)
    use(1200, JULY + DAY)
    row = finalised(JULY, AUGUST)
    assert row.tax_lines == [{"name": "VAT", "rate": "0.05", "taxable": "499", "amount": "24.95"}]
    assert (row.subtotal, row.tax, row.total, row.amount_due) == (1200, Decimal("24.95"), Decimal("1224.95"), row.tax)


def test_tax_on_use_follows_each_purchase(within):
    taxed_on_use("0.05")
    buy(1_000, 99)
    buy(3_000, 199, at=JUNE + DAY)
    use(250, JULY + DAY)
    # 100 of the first purchase for 99, 150 of the second, which is half of it.
    assert finalised(JULY, AUGUST).tax_lines[0]["taxable"] == "198.5"


def test_granted_credit_was_not_paid_and_is_not_taxed(within):
    taxed_on_use("0.05")
    ledger.credit(wallet=wallets.open_wallet(), amount=Decimal(100), key="welcome", now=JUNE)
    use(100, JULY + DAY)
    row = finalised(JULY, AUGUST)
    assert (row.tax_lines, row.status, row.payment_method) == ([], "paid", "wallet")


def test_credits_are_taxed_once_when_the_tax_point_changes(within):
    set_profile(tax_rate=Decimal("0.05"))
    buy(1_000, 99, tax="4.95", tax_rate=Decimal("0.05"), tax_name="VAT")
    set_profile(tax_point="use")
    buy(1_000, 80, at=JUNE + DAY, tax_point="use")
    use(150, JULY + DAY)
    assert finalised(JULY, AUGUST).tax_lines[0]["taxable"] == "40"
    set_profile(tax_point="purchase")
    use(50, AUGUST + DAY)
    assert finalised(AUGUST, SEPTEMBER).tax_lines[0]["taxable"] == "40"


def test_a_reversal_gives_the_tax_back_that_was_charged(within):
    taxed_on_use("0.05")
    buy(12_000, 499)
    entry = use(1200, JULY + DAY)
    finalised(JULY, AUGUST)
    ledger.reverse(transaction=entry.id, key="undo", reason="Never happened", now=AUGUST + DAY)
    row = finalised(AUGUST, SEPTEMBER)
    assert (row.tax, row.amount_due, row.credit_owed) == (Decimal("-24.95"), Decimal("-24.95"), Decimal("24.95"))


# Credit owed to the customer


@pytest.fixture
def owed(within):
    """Return a negative invoice: 100 and 19 % tax on it were given back."""
    taxed_on_use("0.19")
    ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(1000), key="fund", now=JUNE)
    entry = use(100, JULY + DAY)
    first = finalised(JULY, AUGUST)
    invoices.pay(invoice=first, payment_method="bank transfer", paid_at=AUGUST + DAY)
    ledger.reverse(transaction=entry.id, key="undo", reason="Never happened", now=AUGUST + DAY)
    return finalised(AUGUST, SEPTEMBER)


def test_tax_owed_to_the_customer_is_not_paid_by_itself(owed):
    assert (owed.total, owed.amount_due, owed.credit_owed) == (-119, -19, 19)
    assert (owed.status, owed.paid_at, owed.due_at, invoices.open_amount(owed)) == ("pending", None, None, -19)
    content = document_content(owed)
    assert content.headline == "USD 19.00 in your favour. No payment is due."
    assert (content.sums[-1].label, content.sums[-1].amount) == ("Credit in your favour", "USD 19.00")
    assert not content.bank


def test_owed_credit_is_deducted_from_later_invoices_until_none_is_left(owed):
    use(60, SEPTEMBER + DAY)
    second = finalised(SEPTEMBER, OCTOBER)
    assert (second.tax, second.applied_credit, second.amount_due) == (Decimal("11.4"), Decimal("11.4"), 0)
    assert (second.status, second.payment_method) == ("paid", "credit")
    assert (stored(owed).status, invoices.credit_left(stored(owed))) == ("pending", Decimal("7.6"))
    third = invoices.finalise(invoice=InvoiceFactory.create())
    assert (third.applied_credit, invoices.open_amount(third), third.status) == (
        Decimal("7.6"),
        Decimal("229.21"),
        "pending",
    )
    assert (stored(owed).status, stored(owed).payment_method) == ("paid", "carried")
    assert sum(each.amount for each in CreditApplication.objects.filter(source=owed)) == owed.credit_owed
    assert ("Credit from earlier documents", "USD −7.60") in [
        (each.label, each.amount) for each in document_content(third).sums
    ]


def test_owed_credit_is_not_deducted_in_another_currency(owed):
    other = InvoiceFactory.create(currency="EUR", status="pending")
    assert (other.applied_credit, invoices.credit_left(stored(owed))) == (0, 19)


def test_owed_credit_can_be_paid_back_once(owed):
    with pytest.raises(invoices.WrongInvoiceStatus, match="owed to the customer"):
        invoices.pay(invoice=owed, payment_method="bank transfer", paid_at=timezone.now())
    row = invoices.refund_credit(invoice=owed, payment_method="bank transfer", paid_at=timezone.now())
    assert (row.status, row.payment_method, invoices.credit_left(row)) == ("paid", "bank transfer", 0)
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.refund_credit(invoice=owed, payment_method="bank transfer", paid_at=timezone.now())
    assert invoices.finalise(invoice=InvoiceFactory.create()).applied_credit == 0


def test_invoices_with_deducted_credit_are_credited_and_not_voided(owed):
    later = invoices.finalise(invoice=InvoiceFactory.create())
    assert (later.applied_credit, later.amount_due) == (19, Decimal("217.81"))
    for row in (owed, later):
        with refuses(invoices.WrongInvoiceStatus if row is owed else invoices.CreditDeducted):
            invoices.void(invoice=row, reason="Again")
    note = invoices.credit_note(invoice=later, amount=Decimal("236.81"), reason="All of it")
    # What had been deducted is owed again.
    assert (note.status, note.credit_owed, invoices.credit_left(note)) == ("pending", 19, 19)
    assert (stored(later).status, stored(later).payment_method) == ("paid", "credit note")
    assert invoices.finalise(invoice=InvoiceFactory.create()).applied_credit == 19
    assert stored(note).status == "paid"


def test_the_database_deducts_no_more_credit_than_is_owed_and_no_more_than_the_invoice_says(owed):
    def finalised_with(credit, **values):
        row = InvoiceFactory.create(applied_credit=Decimal(credit), **values)
        return finalising.number(row, profile_of(row.tenant_id), now=timezone.now())

    said, more, euros = finalised_with(12), finalised_with(30), finalised_with(5, currency="EUR")
    refused = [
        (owed, said, "12.01"),
        (owed, more, "19.01"),
        (owed, euros, "5"),
        (owed, InvoiceFactory.create(applied_credit=5), "5"),
        (said, more, "1"),
    ]
    for source, target, amount in refused:
        with violates("billing_credit_applications_sums"):
            CreditApplication.objects.create(source=source, target=target, amount=Decimal(amount))
    CreditApplication.objects.create(source=owed, target=said, amount=Decimal(12))
    with violates("billing_credit_applications_sums"):
        CreditApplication.objects.create(source=owed, target=more, amount=Decimal("7.01"))
    CreditApplication.objects.create(source=owed, target=more, amount=Decimal(7))


def test_the_admin_records_that_credit_was_paid_back(owed, root):
    with platform_context():
        record_refund(owed, root)
    assert stored(owed).status == "paid"


def record_refund(owed, root):
    lists = {choice: root.get("/admin/billing/invoice/", {"desk": choice}) for choice in ("owed", "unpaid")}
    assert [row.pk for row in lists["owed"].context["cl"].result_list] == [owed.pk]
    assert not lists["unpaid"].context["cl"].result_list
    address = f"/admin/billing/invoice/{owed.pk}/refund/"
    entries = {"payment_method": "bank transfer"}
    preview = root.post(address, entries).context["preview"]
    assert [(each.before, each.after) for each in preview.changes] == [("19.00 USD", "0.00 USD")]
    assert root.post(address, {**entries, "_preview": preview.digest}).status_code == 302


# Credit notes in small parts

PARTS_OF_105 = [["2"] * 50 + ["0.11"] * 45 + ["0.05"], ["0.01"] * 7 + ["104.93"]]


def invoice_of_105(currency="USD", **values):
    line = {"description": "Work", "quantity": "1", "unit_price": "100", "amount": "100"}
    taxes = [{"name": "VAT", "rate": "0.05", "taxable": "100", "amount": "5"}]
    return InvoiceFactory.create(
        status="paid", subtotal=100, tax=5, line_items=[line], tax_lines=taxes, currency=currency, **values
    )


def credited_in(row, parts):
    notes = [invoices.credit_note(invoice=row, amount=Decimal(part), reason="Part") for part in parts]
    assert all(note.subtotal >= 0 and note.tax >= 0 for note in notes)
    return sum(note.subtotal for note in notes), sum(note.tax for note in notes)


@pytest.mark.parametrize("parts", PARTS_OF_105, ids=["the audit's", "cents"])
def test_small_credit_notes_add_up_to_the_invoice(within, parts):
    row = invoice_of_105()
    assert credited_in(row, parts) == (100, 5)
    assert invoices.creditable(row) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_credit_notes_of_any_parts_add_up_to_the_invoice(within, seed):
    random, left, parts = Random(seed), 10_500, []
    while left:
        parts.append(random.randint(1, min(left, 900)))
        left -= parts[-1]
    assert credited_in(invoice_of_105(), [Decimal(part) / 100 for part in parts]) == (100, 5)


def test_credit_notes_by_lines_and_by_amounts_add_up(within):
    row = invoice_of_105()
    for part in ("0.30", "12.37", "33.33"):
        line = invoices.line("Part of the work", Decimal(1), Decimal(part))
        invoices.credit_note(invoice=row, lines=[line], reason="Part")
        invoices.credit_note(invoice=row, amount=Decimal("0.11"), reason="Part")
    subtotal, tax = invoices.creditable(row)
    invoices.credit_note(invoice=row, amount=subtotal + tax, reason="The rest")
    assert invoices.creditable(row) == (0, 0)
    notes = Invoice.objects.filter(corrects=row)
    assert (sum(note.subtotal for note in notes), sum(note.tax for note in notes)) == (100, 5)


# Minor units


@pytest.mark.parametrize(
    ("currency", "unit_price", "subtotal", "tax", "shown"),
    [
        ("JPY", "1000.50", "1001", "190", "JPY 1,191"),
        ("USD", "1000.555", "1000.56", "190.11", "USD 1,190.67"),
        ("KWD", "1000.5556", "1000.556", "190.106", "KWD 1,190.662"),
    ],
)
def test_an_invoice_by_hand_is_in_units_that_can_be_paid(within, currency, unit_price, subtotal, tax, shown):
    set_profile(tax_rate=Decimal("0.19"))
    lines = [invoices.line("Set-up", Decimal(1), Decimal(unit_price), currency)]
    values = {"currency": currency, "line_items": lines, "period_start": JULY, "period_end": AUGUST}
    row = invoices.finalise(invoice=writes.create(Invoice, values))
    assert (row.subtotal, row.tax) == (Decimal(subtotal), Decimal(tax))
    assert row.amount_due == row.total == invoices.open_amount(row)
    assert document_content(row).headline.startswith(shown)
    paid = invoices.pay(invoice=row, payment_method="bank transfer", paid_at=timezone.now(), amount=row.total)
    assert paid.status == "paid"


def test_an_amount_that_cannot_be_paid_is_refused(within):
    line = {"description": "Set-up", "quantity": "1", "unit_price": "1000.5", "amount": "1000.5"}
    values = {"currency": "JPY", "line_items": [line], "period_start": JULY, "period_end": AUGUST}
    with refuses(Invalid) as caught:
        writes.create(Invoice, values)
    assert caught.value.errors["line_items"] == ["[0].amount must be 1001 JPY, quantity × unit price."]
    draft = writes.create(Invoice, {**values, "currency": "USD"})
    with refuses(Invalid):
        writes.update(draft, {"currency": "JPY"})


@pytest.mark.parametrize(
    ("currency", "amount", "message"),
    [("JPY", "1.5", "no decimals"), ("USD", "1.005", "at most 2 decimals"), ("KWD", "1.0005", "at most 3 decimals")],
)
def test_a_credit_note_is_in_units_that_can_be_paid(within, currency, amount, message):
    row = invoice_of_105(currency)
    with refuses(Invalid) as caught:
        invoices.credit_note(invoice=row, amount=Decimal(amount), reason="Part")
    assert message in caught.value.errors["amount"][0]
    assert credited_in(row, ["1", "52", "52"]) == (100, 5)


# What a finalised invoice needs


def test_an_invoice_is_not_finalised_without_an_issuer(within, settings):
    settings.BILLING_ISSUER_NAME = " "
    row = InvoiceFactory.create()
    with refuses(invoices.InvoiceIncomplete, "Set BILLING_ISSUER_NAME"):
        invoices.finalise(invoice=row)
    assert stored(row).status == "draft"


def test_an_invoice_is_not_finalised_with_a_due_date_in_the_past(within):
    past = datetime(2020, 1, 1, tzinfo=UTC)
    row = InvoiceFactory.create(due_at=past)
    with refuses(Invalid) as caught:
        invoices.finalise(invoice=row)
    assert caught.value.errors == {"due_at": ["The due date 2020-01-01 is in the past. Choose a later one."]}
    with refuses(Invalid):
        invoices.finalise(invoice=InvoiceFactory.create(), due_at=past)
    assert invoices.finalise(invoice=row, due_at=timezone.now() + DAY).status == "pending"
