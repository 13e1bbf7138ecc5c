"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

from celery import shared_task
from django.utils import timezone

from billing.invoicing import services as invoices

# Drafting a big tenant's month may take long; what was done stays done when it is cut off.
LONGEST_TENDING = 3600


@shared_task(
    name="billing.tend_invoices", acks_late=False, time_limit=LONGEST_TENDING, soft_time_limit=LONGEST_TENDING - 60
)
def tend_invoices() -> None:
    """Mark what is overdue, and draft the invoices of a month that has ended."""
    invoices.tend(now=timezone.now())
