"""Invoice documents: HTML and PDF show the same content for any name and amount."""

import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader

from billing.invoicing.documents import invoice_html, invoice_pdf
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus
from billing.invoicing.services import invoices
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.factories.billing import BillingProfileFactory

ISSUER = {
    "name": "Lead Automation Ltd",
    "address": "1204 Marina Plaza\nDubai",
    "tax_id": "100234567800003",
    "email": "billing@lad.example",
    "bank": "IBAN: AE070331234567890123456",
}
RECIPIENT = {"name": "Brightpath GmbH", "address": "Lindenstraße 12\n10969 Berlin", "country": "DE", "tax_id": "DE9"}


def line(description: str, quantity: str, unit_price: str, amount: str, feature: str = "voice-agent") -> dict[str, str]:
    return {
        "description": description,
        "feature_key": feature,
        "quantity": quantity,
        "unit_price": unit_price,
        "amount": amount,
    }


def invoice(**values: Any) -> Invoice:
    """Return an unsaved finalised invoice for October whose tax is still open."""
    lines = values.pop("line_items", [line("Calls", "60", "0.013", "0.78"), line("Words", "7", "0.000015", "0.000105")])
    subtotal = sum((Decimal(each["amount"]) for each in lines), Decimal(0))
    shown: dict[str, Any] = {
        "tenant": Tenant(name="Brightpath", timezone="UTC"),
        "kind": InvoiceKind.USAGE,
        "status": InvoiceStatus.PENDING,
        "invoice_number": "INV-000042",
        "subtotal": subtotal,
        "tax": Decimal("0.04"),
        "tax_lines": [{"name": "VAT", "rate": "0.05", "taxable": f"{subtotal:f}", "amount": "0.04"}],
        "prepaid_amount": subtotal,
        "period_start": datetime(2026, 10, 1, tzinfo=UTC),
        "period_end": datetime(2026, 11, 1, tzinfo=UTC),
        "finalised_at": datetime(2026, 11, 1, 6, tzinfo=UTC),
        "due_at": datetime(2026, 11, 15, tzinfo=UTC),
        "recipient": RECIPIENT,
        "issuer": ISSUER,
        "line_items": lines,
    }
    row = Invoice(**{**shown, **values})
    row.total = row.subtotal + row.tax
    return row


class VisibleText(HTMLParser):
    """Return the visible text of the HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)


def text_of_html(row: Invoice) -> str:
    parser = VisibleText()
    parser.feed(invoice_html(row))
    return _plain(" ".join(parser.words))


def pages_of(row: Invoice) -> list[str]:
    return [_plain(page.extract_text()) for page in PdfReader(io.BytesIO(invoice_pdf(row))).pages]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u200b", ""))


SHOWN = [
    "Lead Automation Ltd",
    "1204 Marina Plaza",
    "Tax ID 100234567800003",
    "Brightpath GmbH",
    "Lindenstraße 12",
    "Tax ID DE9",
    "INV-000042",
    "1 November 2026",
    "1 October 2026 – 31 October 2026",
    "15 November 2026",
    "Voice agent",
    "0.000105",
    "0.013",
    "VAT 5 % on 0.780105",
    "USD 0.78",
    "exactly 0.780105",
    "Paid from credits",
    "Amount due",
    "USD 0.04 due 15 November 2026",
    "IBAN: AE070331234567890123456",
]


@pytest.mark.parametrize("words", SHOWN)
def test_page_and_pdf_show_the_same(words: str) -> None:
    assert words in text_of_html(invoice())
    assert words in pages_of(invoice())[0]


def test_all_lines_of_an_invoice_have_the_same_number_of_decimals() -> None:
    assert "0.780000" in text_of_html(invoice())
    assert "0.78 " in text_of_html(invoice(line_items=[line("Calls", "60", "0.013", "0.78")]))


def test_a_total_in_whole_cents_shows_no_exact_amount() -> None:
    assert "exactly" not in text_of_html(invoice(line_items=[line("Calls", "60", "0.013", "0.78")]))


@pytest.mark.parametrize(
    "name",
    ["#[*bold*] $x^2$ \\ _i_ @ref", '#import "x": *', "</style><script>alert(1)</script> & <b>", "`raw` // no comment"],
)
def test_a_name_is_never_read_as_typst_markup(name: str) -> None:
    row = invoice(recipient={"name": name}, line_items=[line(name, "1", "1", "1")])
    assert name in pages_of(row)[0]
    assert name in text_of_html(row)
    assert "<script>" not in invoice_html(row)


@pytest.mark.parametrize(
    "name", ["Škoda Łódź Ñandú Ærø", "Ελληνική Εταιρεία", "Общество с ограниченной ответственностью"]
)
def test_latin_greek_and_cyrillic_names_are_set_in_our_own_fonts(name: str) -> None:
    row = invoice(recipient={"name": name})
    assert name in pages_of(row)[0]
    assert b"pdfaid" in invoice_pdf(row), "it is no archive format"


def test_a_script_without_a_font_still_gives_an_invoice() -> None:
    row = invoice(recipient={"name": "Acme 𓀀"})
    assert "INV-000042" in pages_of(row)[0]
    assert "Acme 𓀀" in invoice_html(row)


def test_a_very_long_word_stays_on_the_page() -> None:
    long = "x" * 400
    row = invoice(recipient={"name": long}, line_items=[line(long, "1", "1", "1")])
    assert pages_of(row)[0].replace(" ", "").count(long) == 2
    lines = PdfReader(io.BytesIO(invoice_pdf(row))).pages[0].extract_text().replace("\u200b", "").splitlines()
    assert max(map(len, lines)) < 120, "it runs off the page"


def test_every_page_repeats_the_table_header_the_feature_and_the_number() -> None:
    features = ("voice-agent", "apollo-leads", "ai-icp-assistant")
    row = invoice(line_items=[line(f"Line {n}", "1", "0.01", "0.01", f) for f in features for n in range(40)])
    pages = pages_of(row)
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "INV-000042" in page
    for page in pages[:-1]:
        assert "Unit price" in page
        assert any(title in page for title in ("Voice agent", "Apollo leads", "AI ICP assistant"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (InvoiceStatus.DRAFT, "This is a draft. No payment is due."),
        (InvoiceStatus.PAID, "paid on 3 November 2026"),
        (InvoiceStatus.OVERDUE, "Overdue"),
        (InvoiceStatus.VOIDED, "This invoice is void. No payment is due."),
    ],
)
def test_the_document_shows_the_invoices_status(status: InvoiceStatus, words: str) -> None:
    paid_at = datetime(2026, 11, 3, tzinfo=UTC) if status == InvoiceStatus.PAID else None
    row = invoice(status=status, paid_at=paid_at)
    assert words in text_of_html(row)
    assert words in pages_of(row)[0]


def test_only_an_unpaid_invoice_shows_bank_details() -> None:
    for status in (InvoiceStatus.DRAFT, InvoiceStatus.PAID, InvoiceStatus.VOIDED):
        row = invoice(status=status, paid_at=datetime(2026, 11, 3, tzinfo=UTC))
        assert "IBAN" not in text_of_html(row)


def test_a_credit_note_names_the_invoice_it_corrects_and_has_no_amount_due() -> None:
    note = invoice(
        kind=InvoiceKind.CREDIT_NOTE,
        status=InvoiceStatus.PAID,
        invoice_number="CN-000001",
        prepaid_amount=Decimal(0),
        corrects=invoice(),
        paid_at=datetime(2026, 11, 5, tzinfo=UTC),
    )
    for shown in (text_of_html(note), pages_of(note)[0]):
        assert "Credit note" in shown
        assert "INV-000042 of 1 November 2026" in shown
        assert "Total credited" in shown
        assert "Amount due" not in shown


def test_the_same_invoice_always_gives_the_same_file() -> None:
    row = invoice()
    made = invoice_pdf(row)
    assert made == invoice_pdf(invoice())
    metadata = PdfReader(io.BytesIO(made)).metadata
    assert metadata is not None
    assert metadata.creation_date == row.finalised_at, "the file names the moment it was made"


def test_the_page_loads_no_external_resources() -> None:
    page = invoice_html(invoice())
    assert not re.search(r"(src|href)=|url\(|@import|https?://", page)


def test_dates_are_those_of_the_recipients_time_zone() -> None:
    dubai = {
        "period_start": datetime(2026, 9, 30, 20, tzinfo=UTC),
        "period_end": datetime(2026, 10, 31, 20, tzinfo=UTC),
        "recipient": {**RECIPIENT, "timezone": "Asia/Dubai"},
    }
    assert "1 October 2026 – 31 October 2026" in text_of_html(invoice(**dubai))


def test_a_finalised_invoice_keeps_its_parties_when_they_move(tenant: Tenant, settings: Any) -> None:
    settings.BILLING_ISSUER_NAME = "Lead Automation Ltd"
    now = timezone.now()
    with platform_context(tenant_id=tenant.pk):
        profile = BillingProfileFactory.create(tenant=tenant, legal_name="Acme Outreach Ltd")
        draft = Invoice.objects.create(
            period_start=now, period_end=now.replace(year=now.year + 1), line_items=[line("Set-up", "1", "99", "99")]
        )
        before = invoices.finalise(invoice=draft, now=now)
        first = invoice_pdf(before)
        profile.legal_name, settings.BILLING_ISSUER_NAME = "Acme Holding", "Someone Else"
        profile.save()
        after = Invoice.objects.get(pk=before.pk)
        assert invoice_pdf(after) == first
        assert "Acme Outreach Ltd" in text_of_html(after)
        assert "Lead Automation Ltd" in text_of_html(after)


def test_a_draft_shows_the_parties_as_they_are_now(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        draft = invoice(tenant=tenant, status=InvoiceStatus.DRAFT, recipient={}, issuer={})
        assert tenant.name in text_of_html(draft)
        BillingProfileFactory.create(tenant=tenant, legal_name="Acme Outreach Ltd")
        assert "Acme Outreach Ltd" in text_of_html(draft)
