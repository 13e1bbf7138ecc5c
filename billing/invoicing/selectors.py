"""Conditions on invoices, and what a search for them reads."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from billing.invoicing.models import InvoiceStatus

# The number, and the customer as the invoice names it. A draft names none yet.
SEARCHED: Final = ("invoice_number", "recipient__name", "tenant__name")


def past_due(now: datetime) -> Q:
    """Return the condition of unpaid invoices past their due date, including those not yet marked overdue."""
    return Q(status=InvoiceStatus.OVERDUE) | Q(status=InvoiceStatus.PENDING, due_at__lte=now)
