"""Invoices: drafted, issued, paid or overdue, voided. What was issued stays as it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice, InvoiceStatus
from lad import writes
from lad.errors import Conflict
from tenants.outbox import emit


class InvoiceIssued(Conflict):
    """The invoice was issued and stays as it is: void it and draft another."""

    code = "invoice_issued"


class WrongInvoiceStatus(Conflict):
    """The invoice's status does not allow this."""

    code = "wrong_invoice_status"


class InvoiceIncomplete(Conflict):
    """The invoice lacks something that an issued one has."""

    code = "invoice_incomplete"


def line_sum(lines: Iterable[Mapping[str, Any]]) -> Decimal:
    """What the lines come to."""
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))


class InvoiceWriter(writes.Writer):
    """A draft's sums follow from its lines and tax; what was issued is not edited."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Invoice:
        row: Invoice = super().create(self._summed(Invoice(), values), actor=actor)
        return row

    def update(self, row: Invoice, values: Mapping[str, Any], *, actor: Any = None) -> Invoice:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        updated: Invoice = super().update(row, self._summed(row, values), actor=actor)
        return updated

    def delete(self, row: Invoice, *, actor: Any = None) -> None:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        super().delete(row, actor=actor)

    def _summed(self, row: Invoice, values: Mapping[str, Any]) -> dict[str, Any]:
        lines, tax = values.get("line_items", row.line_items), values.get("tax", row.tax)
        try:
            subtotal = line_sum(lines)
        except (TypeError, KeyError, ArithmeticError):
            # The shape of the lines is refused, with what is wrong, when the row is checked.
            return dict(values)
        return {**values, "subtotal": subtotal, "total": subtotal + (tax or 0)}


@transaction.atomic
def issue(*, invoice: Invoice, due_at: datetime, actor: Any = None) -> Invoice:
    """Ask for the money: from now on the invoice stays as it is.

    Emits ``billing.invoice.issued``. Raises InvoiceIncomplete without a number or lines,
    WrongInvoiceStatus unless it is a draft.
    """
    row = _locked(invoice, InvoiceStatus.DRAFT)
    if not row.invoice_number:
        raise InvoiceIncomplete("Give the invoice a number before it is issued.")
    if not row.line_items:
        raise InvoiceIncomplete("An invoice without lines asks for nothing.")
    row.due_at = due_at
    return _move(row, InvoiceStatus.PENDING, "issued", _told(row, "total", "currency", "due_at"), actor)


@transaction.atomic
def pay(*, invoice: Invoice, payment_method: str, paid_at: datetime, actor: Any = None) -> Invoice:
    """Record that the money came.

    Emits ``billing.invoice.paid``. Raises WrongInvoiceStatus unless it was issued and is unpaid.
    """
    row = _locked(invoice, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)
    row.payment_method, row.paid_at = payment_method, paid_at
    told = _told(row, "total", "currency", "paid_at", "payment_method")
    return _move(row, InvoiceStatus.PAID, "paid", told, actor)


@transaction.atomic
def mark_overdue(*, invoice: Invoice, now: datetime, actor: Any = None) -> Invoice:
    """Record that the money did not come in time.

    Emits ``billing.invoice.overdue``. Raises WrongInvoiceStatus unless it is unpaid and due.
    """
    row = _locked(invoice, InvoiceStatus.PENDING)
    if row.due_at is None or row.due_at > now:
        raise WrongInvoiceStatus("The invoice is not due yet.")
    return _move(row, InvoiceStatus.OVERDUE, "overdue", _told(row, "total", "currency", "due_at"), actor)


@transaction.atomic
def void(*, invoice: Invoice, reason: str, actor: Any = None) -> Invoice:
    """Withdraw an invoice that was not paid.

    Emits ``billing.invoice.voided``. Raises WrongInvoiceStatus for one that is paid or voided.
    """
    row = _locked(invoice, InvoiceStatus.DRAFT, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)
    return _move(row, InvoiceStatus.VOIDED, "voided", {"before": row.status, "reason": reason}, actor)


def _locked(invoice: Invoice, *statuses: InvoiceStatus) -> Invoice:
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.status not in statuses:
        raise WrongInvoiceStatus(f"The invoice is {row.get_status_display().lower()}.")
    return row


def _move(row: Invoice, status: InvoiceStatus, verb: str, told: Mapping[str, Any], actor: Any) -> Invoice:
    row.status = status
    row.save(update_fields=["status", "due_at", "paid_at", "payment_method"])
    row.refresh_from_db(fields=["updated_at"])
    emit(f"billing.invoice.{verb}", aggregate=row, payload=told, actor=actor)
    return row


def _told(row: Invoice, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
