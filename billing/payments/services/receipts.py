"""Receipts of credits bought by card."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction

from billing.invoicing.errors import WrongInvoiceStatus
from billing.invoicing.models import Invoice, InvoiceKind, profile_of
from billing.invoicing.services.finalising import number, recipient
from billing.invoicing.services.lines import apply_tax, line, tax_line
from billing.payments.models import Payment

BY_CARD: Final = "card"
# A receipt covers a moment; a period must end after it begins.
MOMENT: Final = timedelta(seconds=1)
ONE: Final = Decimal(1)


@transaction.atomic
def receipt_for_payment(payment: Payment, *, now: datetime | None = None, actor: Any = None) -> Invoice:
    """The receipt of a card payment that succeeded, finalised and paid. Idempotent per payment.

    Emits ``billing.invoice.finalised`` and ``.paid``. Raises WrongInvoiceStatus for a payment that
    brought no money.
    """
    known = _receipt_of(payment)
    if known is not None:
        return known
    if payment.paid_at is None:
        raise WrongInvoiceStatus("The payment has not succeeded: there is nothing to receipt.")
    try:
        with transaction.atomic():
            return _written(payment, payment.paid_at, now or payment.paid_at, actor)
    except IntegrityError:
        faster = _receipt_of(payment)
        if faster is None:
            raise
        return faster


def _receipt_of(payment: Payment) -> Invoice | None:
    row: Invoice | None = Invoice.objects.filter(payment=payment.pk).first()
    return row


def _written(payment: Payment, paid_at: datetime, now: datetime, actor: Any) -> Invoice:
    row = Invoice(
        kind=InvoiceKind.TOPUP,
        payment=payment,
        currency=payment.currency,
        period_start=paid_at,
        period_end=paid_at + MOMENT,
        line_items=[line(payment.description, ONE, payment.price)],
    )
    if payment.fee:
        row.line_items.append(line("Card fee", ONE, payment.fee))
    taxes = [tax_line(payment.tax_name, payment.tax_rate, payment.price, payment.tax)] if payment.tax else []
    apply_tax(row, taxes)
    profile = profile_of(payment.tenant_id)
    row.recipient, row.due_at = recipient(profile), paid_at
    row.created_at = now
    row.save(force_insert=True)
    return number(row, profile, now=now, paid_by=BY_CARD, actor=actor)
