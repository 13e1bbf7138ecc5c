"""Reads that are more than a filter: conditions with a name, the price list, and what is lost next."""

from datetime import datetime

from django.db.models import Q

from billing.invoicing.models import InvoiceStatus


def past_due(now: datetime) -> Q:
    """The condition of invoices that are unpaid past their due date, also before the task has marked them."""
    return Q(status=InvoiceStatus.OVERDUE) | Q(status=InvoiceStatus.PENDING, due_at__lte=now)
