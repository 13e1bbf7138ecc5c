"""Conditions on invoices."""

from datetime import datetime

from django.db.models import Q

from billing.invoicing.models import InvoiceStatus


def past_due(now: datetime) -> Q:
    """Return the condition of unpaid invoices past their due date, including those not yet marked overdue."""
    return Q(status=InvoiceStatus.OVERDUE) | Q(status=InvoiceStatus.PENDING, due_at__lte=now)
