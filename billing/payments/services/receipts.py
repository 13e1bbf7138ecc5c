"""Receipts for credits bought by card."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction

from billing.invoicing.errors import WrongInvoiceStatus
from billing.invoicing.models import Invoice, InvoiceKind, profile_of
from billing.invoicing.services.finalising import number, recipient
from billing.invoicing.services.lines import apply_tax, line, tax_line
from billing.payments.models import Payment
from lad.languages import Localisation, localisation
from lad.types import Actor

BY_CARD: Final = "card"
# A period must end after it begins, so a receipt covers one second.
MOMENT: Final = timedelta(seconds=1)
ONE: Final = Decimal(1)
# The end of a purchase's description, after the package and the number.
CREDITS: Final = " credits"
NUMBER: Final = frozenset("0123456789.,")


@transaction.atomic
def receipt_for_payment(payment: Payment, *, now: datetime | None = None, actor: Actor = None) -> Invoice:
    """Write the receipt of a successful card payment, finalised and paid. Idempotent per payment.

    Emits ``billing.invoice.finalised`` and ``billing.invoice.paid``. Raises WrongInvoiceStatus unless the
    payment has succeeded.
    """
    known = _receipt_of(payment)
    if known is not None:
        return known
    if payment.paid_at is None:
        raise WrongInvoiceStatus("The payment has not succeeded, so it has no receipt.")
    try:
        with transaction.atomic():
            return _create(payment, payment.paid_at, now or payment.paid_at, actor)
    except IntegrityError:
        # A simultaneous call wrote it first.
        existing = _receipt_of(payment)
        if existing is None:
            raise
        return existing


def _receipt_of(payment: Payment) -> Invoice | None:
    row: Invoice | None = Invoice.objects.filter(payment=payment.pk).first()
    return row


def _create(payment: Payment, paid_at: datetime, now: datetime, actor: Actor) -> Invoice:
    profile = profile_of(payment.tenant_id)
    words = localisation(profile.language)
    row = Invoice(
        kind=InvoiceKind.TOPUP,
        payment=payment,
        currency=payment.currency,
        period_start=paid_at,
        period_end=paid_at + MOMENT,
        line_items=[line(_bought(payment, words), ONE, payment.price, payment.currency)],
    )
    if payment.fee:
        row.line_items.append(line(words.text("Card fee"), ONE, payment.fee, payment.currency))
    taxes = [tax_line(payment.tax_name, payment.tax_rate, payment.price, payment.tax)] if payment.tax else []
    apply_tax(row, taxes)
    row.recipient, row.due_at = recipient(profile), paid_at
    row.created_at = now
    row.save(force_insert=True)
    return number(row, profile, now=now, paid_by=BY_CARD, actor=actor)


def _bought(payment: Payment, words: Localisation) -> str:
    """Describe what was paid for, under the name that the package had then."""
    package, colon, bought = payment.description.rpartition(": ")
    number = bought.removesuffix(CREDITS)
    if number == bought or not number or not NUMBER.issuperset(number):
        return str(payment.description)
    return f"{package}{colon}{words.text('{count} credits', count=words.exact(payment.credits))}"
