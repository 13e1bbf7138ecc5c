"""The texts of an invoice document, shared by HTML and PDF."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.currencies import decimals
from billing.invoicing.documents.issuer import issuer
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.money import is_payable, plain, round_to_minor

MINUS: Final = "\N{MINUS SIGN}"
ABBREVIATIONS: Final = frozenset({"ai", "icp", "sms"})
TITLES: Final = {
    InvoiceKind.USAGE: "Invoice",
    InvoiceKind.TOPUP: "Receipt",
    InvoiceKind.MANUAL: "Invoice",
    InvoiceKind.CREDIT_NOTE: "Credit note",
}
STATUS_LABELS: Final = {
    InvoiceStatus.DRAFT: "Draft",
    InvoiceStatus.PENDING: "Due",
    InvoiceStatus.PAID: "Paid",
    InvoiceStatus.OVERDUE: "Overdue",
    InvoiceStatus.VOIDED: "Void",
}


@dataclass(frozen=True, slots=True)
class Party:
    """The issuer or the recipient. ``lines`` are printed below the name."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of the document's table."""

    description: str
    quantity: str
    unit_price: str
    amount: str


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """The lines of one feature. Lines without a feature have no title."""

    title: str
    amount: str
    lines: tuple[DocumentLine, ...]


@dataclass(frozen=True, slots=True)
class DocumentTotal:
    """A sum below the table. ``exact`` is the unrounded amount if it is not in whole minor units."""

    label: str
    amount: str
    exact: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """Everything an invoice document shows, in order."""

    title: str
    number: str
    # The status (draft, pending, paid, overdue or voided) and its label.
    status: str
    mark: str
    currency: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    issuer: Party
    recipient: Party
    groups: tuple[FeatureGroup, ...]
    sums: tuple[DocumentTotal, ...]
    bank: tuple[str, ...]
    notes: tuple[str, ...]


def document_content(invoice: Invoice) -> InvoiceContent:
    """Return the content of the invoice's document. A draft shows the current parties."""
    status, zone = InvoiceStatus(invoice.status), zone_of(invoice)
    asks = status in (InvoiceStatus.PENDING, InvoiceStatus.OVERDUE) and invoice.kind != InvoiceKind.CREDIT_NOTE
    by_whom = invoice.issuer or issuer()
    return InvoiceContent(
        title=TITLES[InvoiceKind(invoice.kind)],
        number=invoice.invoice_number,
        status=str(status.value),
        mark=_status_label(invoice, status),
        currency=invoice.currency,
        headline=_headline(invoice, status, asks, zone),
        facts=tuple(_facts(invoice, zone)),
        issuer=Party(by_whom.get("name", ""), tuple(_issuer_lines(by_whom))),
        recipient=_recipient(invoice),
        groups=tuple(_groups(invoice.line_items, invoice.currency)),
        sums=tuple(_sums(invoice)),
        bank=tuple(_lines(by_whom.get("bank", ""))) if asks and invoice.amount_due > 0 else (),
        notes=tuple(_notes(invoice)),
    )


def number(value: Decimal, decimals: int) -> str:
    """Format the number with thousands separators and a fixed number of decimals."""
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def money(value: Decimal, currency: str) -> str:
    """Format an amount with its currency, rounded to the minor unit."""
    # Adding 0 removes the sign of a negative zero.
    return f"{currency} {number(round_to_minor(value, currency) + 0, decimals(currency))}"


def day(moment: datetime | None, zone: ZoneInfo) -> str:
    """Format the date in the time zone, or return an empty string."""
    return f"{moment.astimezone(zone):%-d %B %Y}" if moment else ""


def zone_of(invoice: Invoice) -> ZoneInfo:
    """Return the recipient's time zone, as stored when the invoice was finalised."""
    return ZoneInfo(invoice.recipient.get("timezone") or invoice.tenant.timezone)


def decimals_of(values: Iterable[Decimal], currency: str) -> int:
    """Return how many decimals, at least those of the currency, show every value exactly."""
    digits = (len(plain(value).partition(".")[2]) for value in values)
    return max(decimals(currency), *digits, 0)


def _status_label(invoice: Invoice, status: InvoiceStatus) -> str:
    if invoice.kind == InvoiceKind.CREDIT_NOTE and status in (InvoiceStatus.PENDING, InvoiceStatus.PAID):
        return "Issued" if status == InvoiceStatus.PENDING else "Settled"
    return STATUS_LABELS[status]


def _headline(invoice: Invoice, status: InvoiceStatus, asks: bool, zone: ZoneInfo) -> str:
    due = money(invoice.amount_due, invoice.currency)
    if status == InvoiceStatus.DRAFT:
        return "This is a draft. No payment is due."
    if status == InvoiceStatus.VOIDED:
        return "This invoice is void. No payment is due."
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return f"{money(invoice.total, invoice.currency)} credited"
    if invoice.credit_owed:
        return f"{money(invoice.credit_owed, invoice.currency)} in your favour. No payment is due."
    if status == InvoiceStatus.PAID:
        return f"{money(invoice.total, invoice.currency)} paid on {day(invoice.paid_at, zone)}"
    if not asks or invoice.amount_due <= 0:
        return "No payment is due."
    return f"{due} due {day(invoice.due_at, zone)}" if invoice.due_at else f"{due} due"


def _facts(invoice: Invoice, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    last = invoice.period_end - timedelta(microseconds=1)
    yield "Number", invoice.invoice_number or "Not assigned yet"
    yield "Issued", day(invoice.finalised_at, zone) or "Not yet"
    if invoice.kind == InvoiceKind.CREDIT_NOTE and invoice.corrects is not None:
        yield "Corrects", f"{invoice.corrects} of {day(invoice.corrects.finalised_at, zone)}"
    if invoice.kind == InvoiceKind.USAGE:
        yield "Period", f"{day(invoice.period_start, zone)} – {day(last, zone)}"
    if invoice.due_at and invoice.kind != InvoiceKind.CREDIT_NOTE:
        yield "Due", day(invoice.due_at, zone)
    if invoice.paid_at:
        yield "Paid", day(invoice.paid_at, zone) + (f", {invoice.payment_method}" if invoice.payment_method else "")


def _issuer_lines(by_whom: Mapping[str, str]) -> Iterator[str]:
    yield from _lines(by_whom.get("address", ""))
    if by_whom.get("tax_id"):
        yield f"Tax ID {by_whom['tax_id']}"
    if by_whom.get("email"):
        yield by_whom["email"]


def _recipient(invoice: Invoice) -> Party:
    recipient = invoice.recipient or _recipient_now(invoice)
    lines = [*_lines(recipient.get("address", "")), *_lines(recipient.get("country", ""))]
    if recipient.get("tax_id"):
        lines.append(f"{recipient.get('tax_name') or 'Tax'} ID {recipient['tax_id']}")
    if recipient.get("email"):
        lines.append(recipient["email"])
    return Party(recipient.get("name", ""), tuple(lines))


def _recipient_now(invoice: Invoice) -> dict[str, str]:
    profile = profile_of(invoice.tenant_id)
    details = {name: getattr(profile, name) for name in ("address", "country", "tax_id", "tax_name")}
    return {"name": str(profile), "email": profile.invoice_email, **details}


def _groups(line_items: Sequence[Mapping[str, Any]], currency: str) -> Iterator[FeatureGroup]:
    places = decimals_of((Decimal(line["amount"]) for line in line_items), currency)
    for feature, lines in groupby(line_items, key=lambda line: str(line.get("feature_key", ""))):
        shown = tuple(lines)
        total = sum((Decimal(line["amount"]) for line in shown), Decimal(0))
        yield FeatureGroup(
            title=_feature(feature),
            amount=number(total, places),
            lines=tuple(_line(line, places, currency) for line in shown),
        )


def _feature(key: str) -> str:
    """Format a feature key such as ``ai-icp-assistant`` as a title."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in key.replace("_", "-").split("-")]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def _line(line: Mapping[str, Any], places: int, currency: str) -> DocumentLine:
    quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
    return DocumentLine(
        description=line["description"],
        quantity=number(quantity, len(plain(quantity).partition(".")[2])),
        unit_price=number(price, decimals_of([price], currency)),
        amount=number(Decimal(line["amount"]), places),
    )


def _sums(invoice: Invoice) -> Iterator[DocumentTotal]:
    credit = invoice.kind == InvoiceKind.CREDIT_NOTE
    yield _sum("Subtotal", invoice.subtotal, invoice.currency)
    for tax in invoice.tax_lines:
        rate = plain(Decimal(tax["rate"]) * 100)
        taxable = Decimal(tax["taxable"])
        label = f"{tax['name']} {rate} % on {number(taxable, decimals_of([taxable], invoice.currency))}"
        yield _sum(label, Decimal(tax["amount"]), invoice.currency)
    if invoice.tax and not invoice.tax_lines:
        yield _sum("Tax", invoice.tax, invoice.currency)
    yield _sum("Total credited" if credit else "Total", invoice.total, invoice.currency, strong=True)
    if invoice.prepaid_amount:
        yield _sum("Paid from credits", -invoice.prepaid_amount, invoice.currency)
    if invoice.applied_credit:
        yield _sum("Credit from earlier documents", -invoice.applied_credit, invoice.currency)
    if invoice.credit_owed:
        yield _sum("Credit in your favour", Decimal(invoice.credit_owed), invoice.currency, strong=True)
    if credit or invoice.credit_owed:
        return
    if invoice.status == InvoiceStatus.PAID and invoice.amount_due:
        yield _sum("Payment received", -invoice.amount_due, invoice.currency)
    open_now = invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)
    left = invoice.amount_due if open_now else Decimal(0)
    yield _sum("Amount due", left, invoice.currency, strong=True)


def _sum(label: str, value: Decimal, currency: str, *, strong: bool = False) -> DocumentTotal:
    exact = "" if is_payable(value, currency) else f"exactly {number(value, decimals_of([value], currency))}"
    return DocumentTotal(label, money(value, currency), exact, strong)


def _notes(invoice: Invoice) -> Iterator[str]:
    if not all(is_payable(Decimal(line["amount"]), invoice.currency) for line in invoice.line_items):
        yield (
            "Usage is charged to six decimals. Sums are rounded to what can be paid; the exact amount is shown below a"
            " rounded sum."
        )
    if invoice.kind == InvoiceKind.USAGE and not invoice.tax:
        yield "Usage was paid from credits. Any tax was charged when the credits were bought."
    if invoice.credit_owed and invoice.status == InvoiceStatus.PENDING:
        yield "The credit in your favour is deducted from your next invoice, unless it is paid back before."
    if invoice.kind == InvoiceKind.CREDIT_NOTE and invoice.corrects is not None:
        yield f"This credit note credits the amounts listed above of {invoice.corrects}."


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
