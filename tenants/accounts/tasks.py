"""What Celery runs. Every task looks for work in the database; none carries any."""

from celery import shared_task
from django.utils import timezone

from tenants.accounts.services import maintenance as tending


@shared_task(name="tenants.tend_tenants")
def tend_tenants() -> None:
    """End trials that are over, and clear away what has expired."""
    tending.tend(now=timezone.now())
