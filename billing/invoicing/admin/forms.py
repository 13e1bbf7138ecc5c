"""Forms of the invoice pages."""

from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.invoicing.services import invoices
from billing.money import MICRO
from lad import moments
from lad.admin.forms import IdempotentForm, LadModelForm, ReasonForm

SEPARATOR: Final = "|"
# Description, quantity and unit price of a line.
Terms = tuple[str, Decimal, Decimal]
MONEY: Final[dict[str, Any]] = {"max_digits": 18, "decimal_places": 6, "min_value": MICRO}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class InvoiceForm(LadModelForm):
    """Edits a draft. Its lines are entered as text, one per row."""

    lines_text = forms.CharField(
        required=False,
        label="Lines",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="One per row: description | quantity | unit price. Amounts, tax and total are calculated.",
    )

    def shown_values(self) -> dict[str, Any]:
        return {"lines_text": "\n".join(_text(line) for line in self.instance.line_items)}

    def clean_lines_text(self) -> list[Terms]:
        rows = [row for row in self.cleaned_data["lines_text"].splitlines() if row.strip()]
        return [_terms(place, row) for place, row in enumerate(rows, start=1)]

    def values(self) -> dict[str, Any]:
        values = super().values()
        if {"lines_text", "currency"} & set(self.changed_data) and "lines_text" in self.cleaned_data:
            currency = self.cleaned_data.get("currency") or self.instance.currency
            rows: list[Terms] = self.cleaned_data["lines_text"]
            values["line_items"] = [
                invoices.line(description, quantity, unit_price, currency) for description, quantity, unit_price in rows
            ]
        return values


class FinaliseForm(forms.Form):
    """Asks for the due date."""

    due_on = forms.DateField(
        required=False,
        label="Due on",
        widget=DayInput,
        validators=[moments.validate],
        help_text="Empty: from the tenant's payment terms.",
    )

    def clean_due_on(self) -> datetime | None:
        day = self.cleaned_data["due_on"]
        return datetime.combine(day, time.max, tzinfo=timezone.get_current_timezone()) if day else None


class PaymentForm(forms.Form):
    """Asks for the method, date and amount of a payment."""

    payment_method = forms.CharField(max_length=50, help_text="Such as bank transfer or card.")
    paid_on = forms.DateField(
        required=False, label="Paid on", widget=DayInput, validators=[moments.validate], help_text="Empty: today."
    )
    amount = forms.DecimalField(max_digits=18, decimal_places=4, help_text="The whole open amount.")

    def clean_paid_on(self) -> datetime:
        day, now = self.cleaned_data["paid_on"], timezone.now()
        today = timezone.localdate(now)
        if day is None or day == today:
            return now
        if day > today:
            raise forms.ValidationError("The date is in the future. Enter the day of the payment.")
        return datetime.combine(day, time(12), tzinfo=timezone.get_current_timezone())


class PaidBackForm(PaymentForm):
    """Asks for the method and date of paying back what is owed to the customer, which is always all of it."""

    amount = None  # type: ignore[assignment]


class CreditForm(IdempotentForm, ReasonForm):
    """Asks for the amount of a credit note, where it goes, and the reason."""

    amount = forms.DecimalField(help_text="Including tax.", **MONEY)
    to_wallet = forms.BooleanField(
        required=False,
        label="Credit the tenant's wallet",
        help_text="Otherwise it reduces the open amount or is refunded outside of LAD.",
    )
    field_order = ["amount", "to_wallet", "reason"]


def _text(line: dict[str, Any]) -> str:
    return f" {SEPARATOR} ".join(str(line[name]) for name in ("description", "quantity", "unit_price"))


def _terms(place: int, text: str) -> Terms:
    parts = [part.strip() for part in text.rsplit(SEPARATOR, 2)]
    try:
        description, quantity, unit_price = parts
        terms = description, Decimal(quantity), Decimal(unit_price)
        # Numbers that cannot be multiplied are refused here.
        invoices.line(*terms)
    except (ValueError, InvalidOperation):
        raise forms.ValidationError(
            f"Line {place} must be description | quantity | unit price, such as: Set-up | 1 | 250.00."
        ) from None
    return terms
