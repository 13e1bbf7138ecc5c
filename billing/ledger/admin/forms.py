"""Forms and previews for manual postings. A preview is a dry run of the ledger itself."""

from collections.abc import Callable, Iterable
from copy import copy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone

from billing.currencies import decimals
from billing.formatting import amount, signed
from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services.ledger import PostedTransaction, Reference, ReferenceKind
from billing.money import MICRO, WHOLE_DIGITS, minor_unit
from lad import moments
from lad.admin.actions import Change, Preview, dry_run
from lad.admin.forms import IdempotentForm, ReasonForm
from lad.types import Values

MANUAL: Final = Reference(ReferenceKind.MANUAL)
AMOUNT_DIGITS: Final[dict[str, Any]] = {"max_digits": 18, "decimal_places": 6}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AmountForm(IdempotentForm, ReasonForm):
    """Ask for a positive amount and a reason."""

    amount = forms.DecimalField(min_value=MICRO, **AMOUNT_DIGITS)
    field_order = ["amount", "last_day", "reason"]


class IncomingForm(AmountForm):
    """Ask for a positive amount, the last day of the credit and a reason."""

    last_day = forms.DateField(
        required=False,
        label="Expires after",
        widget=DayInput,
        validators=[moments.validate],
        help_text="The last day on which the credit can be used. Leave it empty if it does not expire.",
    )

    def clean_last_day(self) -> date | None:
        day: date | None = self.cleaned_data["last_day"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("Choose today or a later day.")
        return day


class AdjustForm(IdempotentForm, ReasonForm):
    """Ask for a signed amount and a reason."""

    amount = forms.DecimalField(help_text="A negative amount is taken from the wallet.", **AMOUNT_DIGITS)
    field_order = ["amount", "reason"]

    def clean_amount(self) -> Decimal:
        value: Decimal = self.cleaned_data["amount"]
        if value == 0:
            raise forms.ValidationError("The amount cannot be 0.")
        return value


class ReasonOnceForm(IdempotentForm, ReasonForm):
    """Ask for a reason. Submitting the form twice posts once."""


class ThresholdForm(ReasonForm):
    """Ask for the available balance below which the tenant is notified."""

    amount = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        label="Threshold",
        help_text="Leave it empty to never notify.",
        **AMOUNT_DIGITS,
    )
    field_order = ["amount", "reason"]


def in_currency(form: type[forms.Form], *, paid: bool = False) -> Callable[[Wallet], type[forms.Form]]:
    """Return a function that labels the form's amount with the wallet's currency. A threshold is filled in.

    A ``paid`` amount is money that came in, so it has no more decimals than the currency.
    """

    def form_of(wallet: Wallet) -> type[forms.Form]:
        field = copy(form.base_fields["amount"])
        if paid:
            unit, places = minor_unit(wallet.currency), decimals(wallet.currency)
            field = forms.DecimalField(min_value=unit, max_digits=WHOLE_DIGITS + places, decimal_places=places)
        field.label = f"{field.label or 'Amount'} in {wallet.currency}"
        if issubclass(form, ThresholdForm) and wallet.low_balance_threshold is not None:
            field.initial = Decimal(f"{wallet.low_balance_threshold.normalize():f}")
        return type(form.__name__, (form,), {"amount": field})

    return form_of


def ledger_key(values: Values) -> str:
    """Return the idempotency key of the submitted form."""
    return f"admin:{values['key']}"


def expiry(values: Values) -> datetime | None:
    """Return the end of the credit's last day in the current time zone, or None if it does not expire."""
    day = values.get("last_day")
    return datetime.combine(day + timedelta(days=1), time.min, timezone.get_current_timezone()) if day else None


def posting_preview(
    wallet: Wallet,
    values: Values,
    post: Callable[[], PostedTransaction | LedgerTransaction],
    *warnings: str,
    facts: Iterable[tuple[str, str]] = (),
) -> Preview | None:
    """Return what posting would do, or None if it was posted already. Raises the errors of posting."""
    if LedgerTransaction.objects.filter(tenant=wallet.tenant_id, idempotency_key=ledger_key(values)).exists():
        return None
    # Keep the lock until the request ends, so that the posting matches the preview.
    before = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    posted = dry_run(post)
    kind = LedgerTransaction(transaction_type=posted.transaction_type).get_transaction_type_display()
    rows = [
        ("Wallet", str(wallet)),
        ("Transaction", f"{kind} {signed(posted.amount)} {wallet.currency}"),
        *facts,
        *([("Reason", values["reason"])] if values.get("reason") else []),
    ]
    return Preview(rows, balances(before, posted), warnings)


def balances(before: Wallet, posted: PostedTransaction | LedgerTransaction) -> list[Change]:
    """Return the wallet's balances before and after the transaction."""
    after = (posted.balance_after, posted.reserved_after, posted.balance_after + posted.reserved_after)
    now = (before.available_balance, before.reserved_balance, before.current_balance)
    names = ("Available", "Reserved", "Balance")
    return [
        Change(name, amount(old, before.currency), amount(new, before.currency))
        for name, old, new in zip(names, now, after, strict=True)
    ]
