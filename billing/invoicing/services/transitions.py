"""Change an invoice's status and emit the event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.invoicing.errors import WrongInvoiceStatus
from billing.invoicing.models import Invoice, InvoiceStatus
from lad.outbox.emission import emit
from lad.types import Actor


def locked(invoice: Invoice, *statuses: InvoiceStatus) -> Invoice:
    """Lock the invoice and return its current row. Raises WrongInvoiceStatus if it is in none of the statuses."""
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.status not in statuses:
        raise WrongInvoiceStatus(f"The invoice is {row.get_status_display().lower()}.")
    return row


def mark_paid(row: Invoice, payment_method: str, paid_at: datetime, actor: Actor) -> Invoice:
    """Mark the invoice paid."""
    row.status, row.payment_method, row.paid_at = InvoiceStatus.PAID, payment_method, paid_at
    return save_status(row, "paid", values_of(row, "total", "currency", "paid_at", "payment_method"), actor)


def save_status(row: Invoice, verb: str, payload: Mapping[str, Any], actor: Actor) -> Invoice:
    """Save the status with its payment columns and emit ``billing.invoice.<verb>``."""
    row.save(update_fields=["status", "paid_at", "payment_method"])
    row.refresh_from_db(fields=["updated_at"])
    emit(f"billing.invoice.{verb}", aggregate=row, payload=payload, actor=actor)
    return row


def values_of(row: Invoice, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
