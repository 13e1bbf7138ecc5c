"""The texts of an invoice document, shared by HTML and PDF."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.currencies import decimals
from billing.invoicing.documents.issuer import issuer
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.money import is_payable, plain, round_to_minor
from lad.languages import Localisation, localisation, marked

ABBREVIATIONS: Final = frozenset({"ai", "icp", "sms"})
TITLES: Final = {
    InvoiceKind.USAGE: marked("Invoice"),
    InvoiceKind.TOPUP: marked("Receipt"),
    InvoiceKind.MANUAL: marked("Invoice"),
    InvoiceKind.CREDIT_NOTE: marked("Credit note"),
}
STATUS_LABELS: Final = {
    InvoiceStatus.DRAFT: marked("Draft"),
    InvoiceStatus.PENDING: marked("Due"),
    InvoiceStatus.PAID: marked("Paid"),
    InvoiceStatus.OVERDUE: marked("Overdue"),
    InvoiceStatus.VOIDED: marked("Void"),
}
# The fixed texts of the layouts.
LABELS: Final = {
    "from": marked("From"),
    "to": marked("To"),
    "description": marked("Description"),
    "quantity": marked("Quantity"),
    "unit_price": marked("Unit price"),
    "amount": marked("Amount ({currency})"),
    "nothing": marked("Nothing was used in this period."),
    "how_to_pay": marked("How to pay"),
    "page": marked("Page {page} of {pages}"),
}
# Methods that LAD itself records, and names of taxes and features. Others are printed as they were entered.
KNOWN_NAMES: Final = (
    marked("wallet"),
    marked("credit"),
    marked("card"),
    marked("credit note"),
    marked("set off"),
    marked("refund"),
    marked("bank transfer"),
    marked("VAT"),
    marked("Tax"),
    marked("Voice agent"),
    marked("Campaigns"),
    marked("Apollo leads"),
    marked("AI ICP assistant"),
    marked("Deals pipeline"),
    marked("Social integration"),
)


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
    language: str
    direction: str
    # The recipient's country, by which a layout chooses between forms of one character.
    country: str
    labels: dict[str, str] = field(default_factory=dict)


def document_content(invoice: Invoice) -> InvoiceContent:
    """Return the content of the invoice's document. A draft shows the current parties."""
    recipient = invoice.recipient or _recipient_now(invoice)
    return _Writer(invoice, recipient).content()


def zone_of(invoice: Invoice) -> ZoneInfo:
    """Return the recipient's time zone, as stored when the invoice was finalised."""
    return ZoneInfo(invoice.recipient.get("timezone") or invoice.tenant.timezone)


def decimals_of(values: Iterable[Decimal], currency: str) -> int:
    """Return how many decimals, at least those of the currency, show every value exactly."""
    digits = (len(plain(value).partition(".")[2]) for value in values)
    return max(decimals(currency), *digits, 0)


def _recipient_now(invoice: Invoice) -> dict[str, str]:
    profile = profile_of(invoice.tenant_id)
    details = {name: getattr(profile, name) for name in ("address", "country", "tax_id", "tax_name", "language")}
    return {"name": str(profile), "email": profile.invoice_email, **details}


class _Writer:
    """Writes the texts of one invoice in its language."""

    def __init__(self, invoice: Invoice, recipient: Mapping[str, str]) -> None:
        self.invoice, self.recipient = invoice, recipient
        # Before documents had a language, they were issued in English.
        self.words: Localisation = localisation(recipient.get("language", ""))
        self.currency, self.zone = invoice.currency, zone_of(invoice)
        self.status, self.kind = InvoiceStatus(invoice.status), InvoiceKind(invoice.kind)
        self.is_credit_note = self.kind == InvoiceKind.CREDIT_NOTE
        # Whether somebody still has to pay it.
        self.asks = self.status in (InvoiceStatus.PENDING, InvoiceStatus.OVERDUE) and not self.is_credit_note

    def content(self) -> InvoiceContent:
        invoice, words = self.invoice, self.words
        by_whom = invoice.issuer or issuer()
        return InvoiceContent(
            title=words.text(TITLES[self.kind]),
            number=invoice.invoice_number,
            status=str(self.status.value),
            mark=self._status_label(),
            currency=self.currency,
            headline=self._headline(),
            facts=tuple(self._facts()),
            issuer=self._party(by_whom.get("name", ""), self._issuer_lines(by_whom)),
            recipient=self._party(self.recipient.get("name", ""), self._recipient_lines()),
            groups=tuple(self._groups(invoice.line_items)),
            sums=tuple(self._sums()),
            bank=tuple(self._bank(by_whom)),
            notes=tuple(self._notes()),
            language=str(words.language.value),
            direction=words.direction,
            country=self.recipient.get("country", ""),
            labels={name: words.text(label) for name, label in LABELS.items()}
            | {"amount": words.text(LABELS["amount"], currency=self.currency)},
        )

    def _bank(self, by_whom: Mapping[str, str]) -> Iterator[str]:
        if self.asks and self.invoice.amount_due > 0:
            yield from map(self.words.isolated, _lines(by_whom.get("bank", "")))

    def number(self, value: Decimal, places: int) -> str:
        """Format the number with separators and a fixed number of decimals."""
        return self.words.number(value, places)

    def money(self, value: Decimal) -> str:
        """Format an amount with its currency, rounded to the minor unit."""
        # Adding 0 removes the sign of a negative zero.
        rounded = round_to_minor(value, self.currency) + 0
        return self.words.money(rounded, self.currency, decimals(self.currency))

    def day(self, moment: datetime | None) -> str:
        """Format the date in the recipient's time zone, or return an empty string."""
        return self.words.date(moment.astimezone(self.zone).date()) if moment else ""

    def _party(self, name: str, lines: Iterable[str]) -> Party:
        return Party(self.words.isolated(name), tuple(map(self.words.isolated, lines)))

    def _status_label(self) -> str:
        if self.is_credit_note and self.status == InvoiceStatus.PENDING:
            return self.words.text("Issued")
        if self.is_credit_note and self.status == InvoiceStatus.PAID:
            return self.words.text("Settled")
        return self.words.text(STATUS_LABELS[self.status])

    def _headline(self) -> str:
        invoice, text = self.invoice, self.words.text
        due = self.money(invoice.amount_due)
        if self.status == InvoiceStatus.DRAFT:
            return text("This is a draft. No payment is due.")
        if self.status == InvoiceStatus.VOIDED:
            return text("This invoice is void. No payment is due.")
        if self.is_credit_note:
            return text("{amount} credited", amount=self.money(invoice.total))
        if invoice.credit_owed:
            owed = self.money(invoice.credit_owed)
            return text("{amount} in your favour. No payment is due.", amount=owed)
        if self.status == InvoiceStatus.PAID:
            return text("{amount} paid on {day}", amount=self.money(invoice.total), day=self.day(invoice.paid_at))
        if not self.asks or invoice.amount_due <= 0:
            return text("No payment is due.")
        if invoice.due_at:
            return text("{amount} due {day}", amount=due, day=self.day(invoice.due_at))
        return text("{amount} due", amount=due)

    def _facts(self) -> Iterator[tuple[str, str]]:
        invoice, text = self.invoice, self.words.text
        last = invoice.period_end - timedelta(microseconds=1)
        yield text("Number"), invoice.invoice_number or text("Not assigned yet")
        yield text("Issued"), self.day(invoice.finalised_at) or text("Not yet")
        if self.is_credit_note and invoice.corrects is not None:
            issued = self.day(invoice.corrects.finalised_at)
            yield text("Corrects"), text("{document} of {day}", document=invoice.corrects, day=issued)
        if self.kind == InvoiceKind.USAGE:
            yield text("Period"), f"{self.day(invoice.period_start)} – {self.day(last)}"
        if invoice.due_at and not self.is_credit_note:
            yield text("Due"), self.day(invoice.due_at)
        if invoice.paid_at:
            day, method = self.day(invoice.paid_at), self.words.isolated(text(invoice.payment_method))
            yield text("Paid"), text("{day}, {method}", day=day, method=method) if method else day

    def _issuer_lines(self, by_whom: Mapping[str, str]) -> Iterator[str]:
        yield from _lines(by_whom.get("address", ""))
        if by_whom.get("tax_id"):
            yield self.words.text("Tax ID {id}", id=by_whom["tax_id"])
        if by_whom.get("email"):
            yield by_whom["email"]

    def _recipient_lines(self) -> Iterator[str]:
        recipient = self.recipient
        yield from _lines(recipient.get("address", ""))
        yield from _lines(recipient.get("country", ""))
        if recipient.get("tax_id"):
            name = self.words.text(recipient.get("tax_name") or "Tax")
            yield self.words.text("{tax} ID {id}", tax=name, id=recipient["tax_id"])
        if recipient.get("email"):
            yield recipient["email"]

    def _groups(self, line_items: Sequence[Mapping[str, Any]]) -> Iterator[FeatureGroup]:
        places = decimals_of((Decimal(line["amount"]) for line in line_items), self.currency)
        for feature, lines in groupby(line_items, key=lambda line: str(line.get("feature_key", ""))):
            shown = tuple(lines)
            total = sum((Decimal(line["amount"]) for line in shown), Decimal(0))
            yield FeatureGroup(
                title=self.words.text(_feature(feature)) if feature else "",
                amount=self.number(total, places),
                lines=tuple(self._line(line, places) for line in shown),
            )

    def _line(self, line: Mapping[str, Any], places: int) -> DocumentLine:
        quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
        return DocumentLine(
            description=self.words.isolated(line["description"]),
            quantity=self.words.exact(quantity),
            unit_price=self.number(price, decimals_of([price], self.currency)),
            amount=self.number(Decimal(line["amount"]), places),
        )

    def _sums(self) -> Iterator[DocumentTotal]:
        invoice, text = self.invoice, self.words.text
        yield self._sum(text("Subtotal"), invoice.subtotal)
        for tax in invoice.tax_lines:
            yield self._sum(self._tax_label(tax), Decimal(tax["amount"]))
        if invoice.tax and not invoice.tax_lines:
            yield self._sum(text("Tax"), invoice.tax)
        total = text("Total credited") if self.is_credit_note else text("Total")
        yield self._sum(total, invoice.total, strong=True)
        if invoice.prepaid_amount:
            yield self._sum(text("Paid from credits"), -invoice.prepaid_amount)
        if invoice.applied_credit:
            yield self._sum(text("Credit from earlier documents"), -invoice.applied_credit)
        if invoice.credit_owed:
            yield self._sum(text("Credit in your favour"), Decimal(invoice.credit_owed), strong=True)
        if self.is_credit_note or invoice.credit_owed:
            return
        if invoice.status == InvoiceStatus.PAID and invoice.amount_due:
            yield self._sum(text("Payment received"), -invoice.amount_due)
        open_now = invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)
        yield self._sum(text("Amount due"), invoice.amount_due if open_now else Decimal(0), strong=True)

    def _tax_label(self, tax: Mapping[str, str]) -> str:
        rate, taxable = Decimal(tax["rate"]) * 100, Decimal(tax["taxable"])
        return self.words.text(
            "{tax} {rate} % on {amount}",
            tax=self.words.text(tax["name"]),
            rate=self.words.exact(rate),
            amount=self.number(taxable, decimals_of([taxable], self.currency)),
        )

    def _sum(self, label: str, value: Decimal, *, strong: bool = False) -> DocumentTotal:
        exact = ""
        if not is_payable(value, self.currency):
            exact = self.words.text("exactly {amount}", amount=self.number(value, decimals_of([value], self.currency)))
        return DocumentTotal(label, self.money(value), exact, strong)

    def _notes(self) -> Iterator[str]:
        invoice, text = self.invoice, self.words.text
        if not all(is_payable(Decimal(line["amount"]), self.currency) for line in invoice.line_items):
            yield text(
                "Usage is charged to six decimals. Sums are rounded to what can be paid; the exact amount is shown"
                " below a rounded sum."
            )
        if self.kind == InvoiceKind.USAGE and not invoice.tax:
            yield text("Usage was paid from credits. Any tax was charged when the credits were bought.")
        if invoice.credit_owed and invoice.status == InvoiceStatus.PENDING:
            yield text("The credit in your favour is deducted from your next invoice, unless it is paid back before.")
        if self.is_credit_note and invoice.corrects is not None:
            yield text("This credit note credits the amounts listed above of {document}.", document=invoice.corrects)


def _feature(key: str) -> str:
    """Format a feature key such as ``ai-icp-assistant`` as a title."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in key.replace("_", "-").split("-")]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
