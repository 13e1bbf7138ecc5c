"""Mark finalised invoices paid, overdue or voided."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from billing import reasons
from billing.invoicing.errors import CreditDeducted, HasCreditNotes, PartialPayment, WrongInvoiceStatus
from billing.invoicing.models import UNPAID, CreditApplication, Invoice, InvoiceStatus
from billing.invoicing.services.carrying import credit_left
from billing.invoicing.services.transitions import locked, mark_paid, save_status, values_of
from billing.money import plain, round_to_minor
from lad.types import Actor


@transaction.atomic
def pay(
    *,
    invoice: Invoice,
    payment_method: str,
    paid_at: datetime,
    amount: Decimal | None = None,
    actor: Actor = None,
) -> Invoice:
    """Record a payment in full. ``amount``, if given, must equal the open amount.

    Emits ``billing.invoice.paid``. Raises PartialPayment for a different amount, WrongInvoiceStatus unless the
    invoice is finalised and unpaid.
    """
    row = locked(invoice, *UNPAID)
    if row.credit_owed:
        raise WrongInvoiceStatus("This document is owed to the customer. Record that it was paid back.")
    due = open_amount(row)
    if amount is not None and amount != due:
        raise PartialPayment(
            f"The open amount is {plain(due)} {row.currency}, but the payment is {plain(amount)}. Pay it in full.",
            open=plain(due),
            amount=plain(amount),
        )
    return mark_paid(row, payment_method, paid_at, actor)


def open_amount(invoice: Invoice) -> Decimal:
    """Return what is still to be paid: the amount due less credit notes. Negative: it is owed to the customer."""
    if invoice.status not in UNPAID:
        return Decimal(0)
    if invoice.credit_owed:
        return -credit_left(invoice)
    # If wallets paid for the usage, only the tax was open; the rest of a credit went back to the wallet.
    credited = (note.tax if invoice.prepaid_amount else note.total for note in invoice.credit_notes.all())
    return max(invoice.amount_due - round_to_minor(sum(credited, Decimal(0)), invoice.currency), Decimal(0))


@transaction.atomic
def mark_overdue(*, invoice: Invoice, now: datetime, actor: Actor = None) -> Invoice:
    """Mark a pending invoice overdue.

    Emits ``billing.invoice.overdue``. Raises WrongInvoiceStatus unless it is pending and past its due date.
    """
    row = locked(invoice, InvoiceStatus.PENDING)
    if row.due_at is None or row.due_at > now:
        raise WrongInvoiceStatus("The invoice is not due yet.")
    row.status = InvoiceStatus.OVERDUE
    return save_status(row, "overdue", values_of(row, "total", "currency", "due_at"), actor)


@transaction.atomic
def void(*, invoice: Invoice, reason: str, actor: Actor = None) -> Invoice:
    """Void an unpaid invoice. Its number stays used.

    Emits ``billing.invoice.voided``. Raises Invalid without a reason, WrongInvoiceStatus if it is paid or
    voided, HasCreditNotes if part of it was credited, CreditDeducted if credit was deducted from or by it.
    """
    reason = reasons.require_reason(reason)
    row = locked(invoice, InvoiceStatus.DRAFT, *UNPAID)
    if Invoice.objects.filter(corrects=row.pk).exists():
        raise HasCreditNotes
    if CreditApplication.objects.filter(Q(source=row.pk) | Q(target=row.pk)).exists():
        raise CreditDeducted
    before, row.status = row.status, InvoiceStatus.VOIDED
    return save_status(row, "voided", {"before": before, "reason": reason}, actor)
