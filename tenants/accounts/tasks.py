"""Celery tasks of accounts."""

from celery import shared_task
from django.utils import timezone

from tenants.accounts.services import maintenance


@shared_task(name="tenants.tend_tenants")
def maintain_tenants() -> None:
    """End trials that are over and delete expired rows."""
    maintenance.run(now=timezone.now())
