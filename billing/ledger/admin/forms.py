"""Moving money by hand: what is asked, and what it would do. Everything is rehearsed by the ledger itself."""

from collections.abc import Callable, Iterable
from copy import copy
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone

from billing.formatting import amount, signed
from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services.ledger import Posted, Reference
from billing.money import MICRO
from lad.admin.actions import Look, Move, rehearse
from lad.admin.forms import OnceForm, ReasonForm

BY_HAND: Final = Reference("manual")
MONEY: Final[dict[str, Any]] = {"max_digits": 18, "decimal_places": 6}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class SumForm(OnceForm, ReasonForm):
    """Asks for an amount above nothing, and why."""

    amount = forms.DecimalField(min_value=MICRO, **MONEY)
    field_order = ["amount", "last_day", "reason"]


class IncomingForm(SumForm):
    """Asks besides how long the credit is good for."""

    last_day = forms.DateField(
        required=False,
        label="Usable until",
        widget=DayInput,
        help_text="The last day on which it can be used, in UTC. Empty: it does not expire.",
    )

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        if day is not None and day < timezone.now().astimezone(UTC).date():
            raise forms.ValidationError("This day is over.")
        return day


class AdjustForm(OnceForm, ReasonForm):
    """Asks for a signed amount, and why."""

    amount = forms.DecimalField(help_text="With a minus it is taken from the wallet.", **MONEY)
    field_order = ["amount", "reason"]

    def clean_amount(self) -> Decimal:
        value: Decimal = self.cleaned_data["amount"]
        if value == 0:
            raise forms.ValidationError("An adjustment of nothing changes nothing.")
        return value


class WhyForm(OnceForm, ReasonForm):
    """Asks why, once."""


class ThresholdForm(ReasonForm):
    """Asks when the tenant is told that little is left."""

    amount = forms.DecimalField(
        required=False, min_value=Decimal(0), label="Threshold", help_text="Empty: never.", **MONEY
    )
    field_order = ["amount", "reason"]


def in_currency(form: type[forms.Form]) -> Callable[[Wallet], type[forms.Form]]:
    """The form with its amount labelled in the wallet's currency, and filled in where the wallet has one."""

    def form_of(wallet: Wallet) -> type[forms.Form]:
        field = copy(form.base_fields["amount"])
        field.label = f"{field.label or 'Amount'} in {wallet.currency}"
        if issubclass(form, ThresholdForm) and wallet.low_balance_threshold is not None:
            field.initial = Decimal(f"{wallet.low_balance_threshold.normalize():f}")
        return type(form.__name__, (form,), {"amount": field})

    return form_of


def ledger_key(values: dict[str, Any]) -> str:
    """The ledger's key of what the form asks for."""
    return f"admin:{values['key']}"


def end_of(values: dict[str, Any]) -> datetime | None:
    """The moment after the last day on which the credit can be used."""
    day = values.get("last_day")
    return datetime.combine(day + timedelta(days=1), time.min, UTC) if day else None


def posting_look(
    wallet: Wallet,
    values: dict[str, Any],
    post: Callable[[], Posted | LedgerTransaction],
    *warnings: str,
    facts: Iterable[tuple[str, str]] = (),
) -> Look | None:
    """What posting would write and move; None when it is written already. Raises what posting raises."""
    if LedgerTransaction.objects.filter(tenant=wallet.tenant_id, idempotency_key=ledger_key(values)).exists():
        return None
    # Held until the request ends, so that what is shown is what is posted.
    before = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    posted = rehearse(post)
    kind = LedgerTransaction(transaction_type=posted.transaction_type).get_transaction_type_display()
    said = [
        ("Wallet", str(wallet)),
        ("Posts", f"{kind} {signed(posted.amount)} {wallet.currency}"),
        *facts,
        *([("Reason", values["reason"])] if values.get("reason") else []),
    ]
    return Look(said, balances(before, posted), warnings)


def balances(before: Wallet, posted: Posted | LedgerTransaction) -> list[Move]:
    """The wallet's figures now and after the movement."""
    after = (posted.balance_after, posted.reserved_after, posted.balance_after + posted.reserved_after)
    now = (before.available_balance, before.reserved_balance, before.current_balance)
    names = ("Available", "Reserved", "Balance")
    return [
        Move(name, amount(old, before.currency), amount(new, before.currency))
        for name, old, new in zip(names, now, after, strict=True)
    ]
