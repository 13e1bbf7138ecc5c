"""Carry credit that a document left owed to a customer: deduct it from later invoices, or pay it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Sum

from billing.invoicing.errors import WrongInvoiceStatus
from billing.invoicing.models import CreditApplication, Invoice, InvoiceStatus
from billing.invoicing.services.transitions import locked, mark_paid
from lad.types import Actor

# The payment method of a document whose credit was deducted from later invoices.
CARRIED: Final = "carried"


@dataclass(frozen=True, slots=True)
class Deduction:
    """Credit to deduct from an invoice, by the documents that owe it, the oldest first."""

    parts: Sequence[tuple[Invoice, Decimal]] = ()

    @property
    def amount(self) -> Decimal:
        return sum((amount for _source, amount in self.parts), Decimal(0))


def credit_left(row: Invoice) -> Decimal:
    """Return what the document still owes the customer."""
    if row.status != InvoiceStatus.PENDING or not row.credit_owed:
        return Decimal(0)
    given = CreditApplication.objects.filter(source=row.pk).aggregate(amount=Sum("amount"))["amount"]
    return Decimal(row.credit_owed) - (given or 0)


def plan_deduction(row: Invoice) -> Deduction:
    """Lock the tenant's open credit in the invoice's currency and return what can be deducted from its amount due."""
    parts, due = [], row.amount_due
    owing = Invoice.objects.filter(
        tenant=row.tenant_id, currency=row.currency, status=InvoiceStatus.PENDING, credit_owed__gt=0
    )
    for source in owing.order_by("finalised_at", "pk").select_for_update(no_key=True) if due > 0 else ():
        amount = min(credit_left(source), due)
        if amount > 0:
            parts.append((source, amount))
            due -= amount
    return Deduction(parts)


def deduct_credit(row: Invoice, deduction: Deduction, *, now: datetime, actor: Actor) -> None:
    """Record what was deducted from the invoice, and mark documents that owe nothing more as paid."""
    for source, amount in deduction.parts:
        CreditApplication.objects.create(tenant_id=row.tenant_id, source=source, target=row, amount=amount)
        if not credit_left(source):
            mark_paid(source, CARRIED, now, actor)


@transaction.atomic
def refund_credit(*, invoice: Invoice, payment_method: str, paid_at: datetime, actor: Actor = None) -> Invoice:
    """Record that what the document still owed the customer was paid back.

    Emits ``billing.invoice.paid``. Raises WrongInvoiceStatus unless the document is pending and owes something.
    """
    row = locked(invoice, InvoiceStatus.PENDING)
    if not credit_left(row):
        raise WrongInvoiceStatus("Nothing is owed to the customer on this document.")
    return mark_paid(row, payment_method, paid_at, actor)
