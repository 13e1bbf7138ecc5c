"""What becomes of a finalised invoice: paid, overdue or voided."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import reasons
from billing.invoicing.errors import HasCreditNotes, PartialPayment, WrongInvoiceStatus
from billing.invoicing.models import UNPAID, Invoice, InvoiceStatus
from billing.invoicing.services.steps import locked, save_step, settle, told
from billing.money import plain, to_cent


@transaction.atomic
def pay(
    *,
    invoice: Invoice,
    payment_method: str,
    paid_at: datetime,
    amount: Decimal | None = None,
    actor: Any = None,
) -> Invoice:
    """Record that the money came, all of it: ``amount``, where given, is what is open.

    Emits ``billing.invoice.paid``. Raises PartialPayment for another amount, WrongInvoiceStatus unless
    it is finalised and unpaid.
    """
    row = locked(invoice, *UNPAID)
    asked = open_amount(row)
    if amount is not None and amount != asked:
        raise PartialPayment(
            f"{plain(asked)} {row.currency} are open; a payment of {plain(amount)} cannot settle them.",
            open=plain(asked),
            amount=plain(amount),
        )
    return settle(row, payment_method, paid_at, actor)


def open_amount(invoice: Invoice) -> Decimal:
    """What is still to be paid: what was asked for less what credit notes took off it."""
    if invoice.status not in UNPAID:
        return Decimal(0)
    # Of use that a wallet had paid, only the tax was open; the rest of a credit went back to the wallet.
    taken_off = (note.tax if invoice.prepaid_amount else note.total for note in invoice.credit_notes.all())
    return invoice.amount_due - to_cent(sum(taken_off, Decimal(0)))


@transaction.atomic
def mark_overdue(*, invoice: Invoice, now: datetime, actor: Any = None) -> Invoice:
    """Record that the money did not come in time.

    Emits ``billing.invoice.overdue``. Raises WrongInvoiceStatus unless it is unpaid and due.
    """
    row = locked(invoice, InvoiceStatus.PENDING)
    if row.due_at is None or row.due_at > now:
        raise WrongInvoiceStatus("The invoice is not due yet.")
    row.status = InvoiceStatus.OVERDUE
    return save_step(row, "overdue", told(row, "total", "currency", "due_at"), actor)


@transaction.atomic
def void(*, invoice: Invoice, reason: str, actor: Any = None) -> Invoice:
    """Withdraw an invoice that was not paid; its number stays used.

    Emits ``billing.invoice.voided``. Raises Invalid without a reason, WrongInvoiceStatus for one that is
    paid or voided, HasCreditNotes when part of it was credited.
    """
    reason = reasons.given(reason)
    row = locked(invoice, InvoiceStatus.DRAFT, *UNPAID)
    if Invoice.objects.filter(corrects=row.pk).exists():
        raise HasCreditNotes
    before, row.status = row.status, InvoiceStatus.VOIDED
    return save_step(row, "voided", {"before": before, "reason": reason}, actor)
