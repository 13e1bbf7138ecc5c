"""One step of an invoice's status, written and told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.invoicing.errors import WrongInvoiceStatus
from billing.invoicing.models import Invoice, InvoiceStatus
from lad.outbox.emission import emit


def locked(invoice: Invoice, *statuses: InvoiceStatus) -> Invoice:
    """The invoice as it is now, locked. Raises WrongInvoiceStatus when it is in none of the statuses."""
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.status not in statuses:
        raise WrongInvoiceStatus(f"The invoice is {row.get_status_display().lower()}.")
    return row


def settle(row: Invoice, payment_method: str, paid_at: datetime, actor: Any) -> Invoice:
    """Record that nothing is open any more."""
    row.status, row.payment_method, row.paid_at = InvoiceStatus.PAID, payment_method, paid_at
    return save_step(row, "paid", told(row, "total", "currency", "paid_at", "payment_method"), actor)


def save_step(row: Invoice, verb: str, payload: Mapping[str, Any], actor: Any) -> Invoice:
    """Write the status with what belongs to it, and tell of it."""
    row.save(update_fields=["status", "paid_at", "payment_method"])
    row.refresh_from_db(fields=["updated_at"])
    emit(f"billing.invoice.{verb}", aggregate=row, payload=payload, actor=actor)
    return row


def told(row: Invoice, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
