"""What an invoice says, as text: written once, for its HTML and its PDF alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.invoicing.documents.issuer import issuer
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.money import CENT, plain, to_cent

MINUS: Final = "\N{MINUS SIGN}"
LEAST_DECIMALS: Final = 2
ABBREVIATIONS: Final = frozenset({"ai", "icp", "sms"})
TITLES: Final = {
    InvoiceKind.USAGE: "Invoice",
    InvoiceKind.TOPUP: "Receipt",
    InvoiceKind.MANUAL: "Invoice",
    InvoiceKind.CREDIT_NOTE: "Credit note",
}
MARKS: Final = {
    InvoiceStatus.DRAFT: "Draft",
    InvoiceStatus.PENDING: "Due",
    InvoiceStatus.PAID: "Paid",
    InvoiceStatus.OVERDUE: "Overdue",
    InvoiceStatus.VOIDED: "Void",
}


@dataclass(frozen=True, slots=True)
class Party:
    """The issuer or the recipient; ``lines`` stand under the name."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    description: str
    quantity: str
    unit_price: str
    amount: str


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one feature; lines that name none have no title."""

    title: str
    amount: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """One of the sums below the table; ``exact`` is the amount to the last digit where cents do not hold it."""

    label: str
    amount: str
    exact: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """Everything a document of the invoice shows, in the order in which it is shown."""

    title: str
    number: str
    # draft, pending, paid, overdue or voided, and the word for it.
    status: str
    mark: str
    currency: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    issuer: Party
    recipient: Party
    groups: tuple[Group, ...]
    sums: tuple[Sum, ...]
    bank: tuple[str, ...]
    notes: tuple[str, ...]


def content_of(invoice: Invoice) -> InvoiceContent:
    """What documents of the invoice say. A draft shows the parties as they are now."""
    status, zone = InvoiceStatus(invoice.status), zone_of(invoice)
    asks = status in (InvoiceStatus.PENDING, InvoiceStatus.OVERDUE) and invoice.kind != InvoiceKind.CREDIT_NOTE
    by_whom = invoice.issuer or issuer()
    return InvoiceContent(
        title=TITLES[InvoiceKind(invoice.kind)],
        number=invoice.invoice_number,
        status=str(status.value),
        mark=_mark(invoice, status),
        currency=invoice.currency,
        headline=_headline(invoice, status, asks, zone),
        facts=tuple(_facts(invoice, zone)),
        issuer=Party(by_whom.get("name", ""), tuple(_issuer_lines(by_whom))),
        recipient=_recipient(invoice),
        groups=tuple(_groups(invoice.line_items)),
        sums=tuple(_sums(invoice)),
        bank=tuple(_lines(by_whom.get("bank", ""))) if asks and invoice.amount_due > 0 else (),
        notes=tuple(_notes(invoice)),
    )


def number(value: Decimal, decimals: int) -> str:
    """The number with thousands set apart and so many decimals, none of which is cut off."""
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def money(value: Decimal, currency: str) -> str:
    """An amount to the cent, with its currency."""
    # Adding nothing takes the sign off what rounds to zero.
    return f"{currency} {number(to_cent(value) + 0, LEAST_DECIMALS)}"


def day(moment: datetime | None, zone: ZoneInfo) -> str:
    """The date in that time zone; nothing for no moment."""
    return f"{moment.astimezone(zone):%-d %B %Y}" if moment else ""


def zone_of(invoice: Invoice) -> ZoneInfo:
    """The recipient's time zone: as it was when the invoice was finalised, or as it is."""
    return ZoneInfo(invoice.recipient.get("timezone") or invoice.tenant.timezone)


def decimals_of(values: Iterable[Decimal]) -> int:
    """How many decimals, two to six, show each of the values whole."""
    digits = (len(plain(value).partition(".")[2]) for value in values)
    return max(LEAST_DECIMALS, *digits, 0)


def _mark(invoice: Invoice, status: InvoiceStatus) -> str:
    if invoice.kind == InvoiceKind.CREDIT_NOTE and status in (InvoiceStatus.PENDING, InvoiceStatus.PAID):
        return "Issued" if status == InvoiceStatus.PENDING else "Settled"
    return MARKS[status]


def _headline(invoice: Invoice, status: InvoiceStatus, asks: bool, zone: ZoneInfo) -> str:
    due = money(invoice.amount_due, invoice.currency)
    if status == InvoiceStatus.DRAFT:
        return "This is a draft and asks for nothing."
    if status == InvoiceStatus.VOIDED:
        return "This invoice is void and asks for nothing."
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return f"{money(invoice.total, invoice.currency)} credited"
    if status == InvoiceStatus.PAID:
        return f"{money(invoice.total, invoice.currency)} paid on {day(invoice.paid_at, zone)}"
    if not asks or invoice.amount_due <= 0:
        return "Nothing is left to pay."
    return f"{due} due {day(invoice.due_at, zone)}" if invoice.due_at else f"{due} due"


def _facts(invoice: Invoice, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    last = invoice.period_end - timedelta(microseconds=1)
    yield "Number", invoice.invoice_number or "None yet"
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
    told = invoice.recipient or _recipient_now(invoice)
    lines = [*_lines(told.get("address", "")), *_lines(told.get("country", ""))]
    if told.get("tax_id"):
        lines.append(f"{told.get('tax_name') or 'Tax'} ID {told['tax_id']}")
    if told.get("email"):
        lines.append(told["email"])
    return Party(told.get("name", ""), tuple(lines))


def _recipient_now(invoice: Invoice) -> dict[str, str]:
    profile = profile_of(invoice.tenant_id)
    told = {name: getattr(profile, name) for name in ("address", "country", "tax_id", "tax_name")}
    return {"name": str(profile), "email": profile.invoice_email, **told}


def _groups(line_items: Sequence[Mapping[str, Any]]) -> Iterator[Group]:
    decimals = decimals_of(Decimal(line["amount"]) for line in line_items)
    for feature, lines in groupby(line_items, key=lambda line: str(line.get("feature_key", ""))):
        shown = tuple(lines)
        total = sum((Decimal(line["amount"]) for line in shown), Decimal(0))
        yield Group(
            title=_feature(feature),
            amount=number(total, decimals),
            lines=tuple(_line(line, decimals) for line in shown),
        )


def _feature(key: str) -> str:
    """``ai-icp-assistant`` as people write it."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in key.replace("_", "-").split("-")]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def _line(line: Mapping[str, Any], decimals: int) -> Line:
    quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
    return Line(
        description=line["description"],
        quantity=number(quantity, len(plain(quantity).partition(".")[2])),
        unit_price=number(price, decimals_of([price])),
        amount=number(Decimal(line["amount"]), decimals),
    )


def _sums(invoice: Invoice) -> Iterator[Sum]:
    credit = invoice.kind == InvoiceKind.CREDIT_NOTE
    yield _sum("Subtotal", invoice.subtotal, invoice.currency)
    for tax in invoice.tax_lines:
        rate = plain(Decimal(tax["rate"]) * 100)
        label = f"{tax['name']} {rate} % on {number(Decimal(tax['taxable']), decimals_of([Decimal(tax['taxable'])]))}"
        yield _sum(label, Decimal(tax["amount"]), invoice.currency)
    if invoice.tax and not invoice.tax_lines:
        yield _sum("Tax", invoice.tax, invoice.currency)
    yield _sum("Total credited" if credit else "Total", invoice.total, invoice.currency, strong=True)
    if invoice.prepaid_amount:
        yield _sum("Paid from credits", -invoice.prepaid_amount, invoice.currency)
    if credit:
        return
    if invoice.status == InvoiceStatus.PAID and invoice.amount_due:
        yield _sum("Payment received", -invoice.amount_due, invoice.currency)
    open_now = invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)
    left = invoice.amount_due if open_now else Decimal(0)
    yield _sum("Amount due", left, invoice.currency, strong=True)


def _sum(label: str, value: Decimal, currency: str, *, strong: bool = False) -> Sum:
    whole = value == value.quantize(CENT)
    exact = "" if whole else f"exactly {number(value, decimals_of([value]))}"
    return Sum(label, money(value, currency), exact, strong)


def _notes(invoice: Invoice) -> Iterator[str]:
    if any(Decimal(line["amount"]) != to_cent(Decimal(line["amount"])) for line in invoice.line_items):
        yield (
            "Use is charged to a millionth of the currency. Sums are shown to the cent; where that rounds,"
            " the exact amount stands below."
        )
    if invoice.kind == InvoiceKind.USAGE and not invoice.tax:
        yield "Use was paid from credits bought before; any tax was charged with them."
    if invoice.kind == InvoiceKind.CREDIT_NOTE and invoice.corrects is not None:
        yield f"This credit note takes back what it lists of {invoice.corrects}."


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
