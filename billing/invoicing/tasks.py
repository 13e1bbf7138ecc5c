"""Celery tasks of invoicing."""

from datetime import timedelta

from django.utils import timezone

from billing.invoicing.services import invoices
from lad.schedule import regular_task

# Drafting every tenant's month may take long. A run that is cut off keeps what it has done.
TIME_LIMIT_SECONDS = 3600


@regular_task(
    "billing.tend_invoices",
    every=timedelta(hours=1),
    acks_late=False,
    time_limit=TIME_LIMIT_SECONDS,
    soft_time_limit=TIME_LIMIT_SECONDS - 60,
)
def tend_invoices() -> None:
    """Mark overdue invoices and draft the invoices of the month that has ended."""
    invoices.run_maintenance(now=timezone.now())
