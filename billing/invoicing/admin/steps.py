"""Steps of an invoice by hand: what is asked, and what each would do. Everything is rehearsed by the service itself."""

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.utils import timezone

from billing.formatting import amount, percent
from billing.invoicing import services as invoices
from billing.invoicing.mails import recipient_of
from billing.invoicing.models import Invoice, InvoiceKind
from billing.money import MICRO
from lad.admin.actions import Look, Move, rehearse
from lad.admin.forms import LadModelForm, OnceForm, ReasonForm

SEPARATOR: Final = "|"
MONEY: Final[dict[str, Any]] = {"max_digits": 18, "decimal_places": 6, "min_value": MICRO}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class InvoiceForm(LadModelForm):
    """A draft's lines are written as text, one below the other."""

    lines_text = forms.CharField(
        required=False,
        label="Lines",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One below the other: description | quantity | unit price. Amounts, tax and total follow.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "lines_text" in self.fields:
            self.initial["lines_text"] = "\n".join(_text(line) for line in self.instance.line_items)

    def clean_lines_text(self) -> list[dict[str, Any]]:
        rows = [row for row in self.cleaned_data["lines_text"].splitlines() if row.strip()]
        return [_line(place, row) for place, row in enumerate(rows, start=1)]

    def values(self) -> dict[str, Any]:
        values = super().values()
        if "lines_text" in self.changed_data:
            values["line_items"] = self.cleaned_data["lines_text"]
        return values


class FinaliseForm(forms.Form):
    """Asks until when it is to be paid."""

    due_on = forms.DateField(
        required=False, label="Due on", widget=DayInput, help_text="Empty: as the tenant's payment terms say."
    )

    def clean_due_on(self) -> datetime | None:
        day = self.cleaned_data["due_on"]
        return datetime.combine(day, time.max, tzinfo=timezone.get_current_timezone()) if day else None


class PaymentForm(forms.Form):
    """Asks how the money came, when, and how much."""

    payment_method = forms.CharField(max_length=50, help_text="Such as bank transfer or card.")
    paid_on = forms.DateField(required=False, label="Paid on", widget=DayInput, help_text="Empty: today.")
    amount = forms.DecimalField(max_digits=18, decimal_places=2, help_text="All that is open, in one payment.")

    def clean_paid_on(self) -> datetime:
        day, now = self.cleaned_data["paid_on"], timezone.now()
        if day is None or day == now.date():
            return now
        if day > now.date():
            raise forms.ValidationError("This day is still to come.")
        return datetime.combine(day, time(12), tzinfo=timezone.get_current_timezone())


class CreditForm(OnceForm, ReasonForm):
    """Asks how much is given back, where it goes, and why."""

    amount = forms.DecimalField(help_text="With its tax.", **MONEY)
    to_wallet = forms.BooleanField(
        required=False,
        label="Into the tenant's wallet",
        help_text="Otherwise it comes off what is open, or is refunded outside of LAD.",
    )
    field_order = ["amount", "to_wallet", "reason"]


def finalise_look(row: Invoice, values: dict[str, Any]) -> Look:
    made = rehearse(lambda: invoices.finalise(invoice=row, due_at=values["due_on"]))
    asked = [("Due", f"{made.due_at:%Y-%m-%d}")] if made.amount_due > 0 else [("Paid", "by wallet, when it was used")]
    warnings = () if made.recipient.get("address") else ("The billing profile holds no address.",)
    return Look(facts=[("To", made.recipient["name"]), *sums(made), *asked], warnings=warnings)


def payment_look(row: Invoice, values: dict[str, Any]) -> Look:
    made = rehearse(lambda: pay(row, values, None))
    left = Move("Open", amount(invoices.open_amount(row), row.currency), amount(0, row.currency))
    return Look(facts=[("Paid by", made.payment_method), ("On", f"{made.paid_at:%Y-%m-%d}")], moves=[left])


def pay(row: Invoice, values: dict[str, Any], actor: Any) -> Invoice:
    given = {"payment_method": values["payment_method"], "paid_at": values["paid_on"], "amount": values["amount"]}
    return invoices.pay(invoice=row, actor=actor, **given)


def void_look(row: Invoice, values: dict[str, Any]) -> Look:
    made = rehearse(lambda: invoices.void(invoice=row, reason=values["reason"]))
    number = made.invoice_number
    kept = [f"Its number {number} stays used."] if number else []
    return Look(facts=[("Total", amount(row.total, row.currency)), ("Reason", values["reason"])], warnings=kept)


def send_look(row: Invoice, values: dict[str, Any]) -> Look:
    again = [f"It was sent before, on {row.sent_at:%Y-%m-%d}."] if row.sent_at else []
    return Look(facts=[("To", recipient_of(row)), ("With", "the invoice as PDF")], warnings=again)


def credit_look(row: Invoice, values: dict[str, Any]) -> Look:
    before = sum(invoices.creditable(row))
    made = rehearse(lambda: credit(row, values, None))
    settled = {"wallet": "into the wallet", "set off": "off what is open", "refund": "to be refunded outside of LAD"}
    facts = [*sums(made), ("It goes", settled[made.payment_method]), ("Reason", values["reason"])]
    left = Move("Can still be credited", amount(before, row.currency), amount(before - made.total, row.currency))
    return Look(facts=facts, moves=[left])


def credit(row: Invoice, values: dict[str, Any], actor: Any) -> Invoice:
    return invoices.credit_note(
        invoice=row,
        amount=values["amount"],
        to_wallet=values["to_wallet"],
        reason=values["reason"],
        key=str(values["key"]),
        actor=actor,
    )


def sums(row: Invoice) -> Iterator[tuple[str, str]]:
    """Subtotal, tax, total and what is asked for."""
    yield "Subtotal", amount(row.subtotal, row.currency)
    for tax in row.tax_lines:
        yield f"{tax['name']} {percent(Decimal(tax['rate']))}", amount(tax["amount"], row.currency)
    yield "Total", amount(row.total, row.currency)
    if row.prepaid_amount:
        yield "Paid from wallets", amount(-row.prepaid_amount, row.currency)
    if row.kind != InvoiceKind.CREDIT_NOTE:
        yield "To pay", amount(row.amount_due, row.currency)


def _text(line: dict[str, Any]) -> str:
    return f" {SEPARATOR} ".join(str(line[name]) for name in ("description", "quantity", "unit_price"))


def _line(place: int, text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.rsplit(SEPARATOR, 2)]
    try:
        description, quantity, unit_price = parts
        return invoices.line(description, Decimal(quantity), Decimal(unit_price))
    except (ValueError, InvalidOperation):
        raise forms.ValidationError(
            f"Line {place} is not description | quantity | unit price, such as: Set-up | 1 | 250.00."
        ) from None
