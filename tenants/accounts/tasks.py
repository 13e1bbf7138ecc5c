"""Celery tasks of accounts."""

from datetime import timedelta

from django.utils import timezone

from lad.schedule import regular_task
from tenants.accounts.services import maintenance


@regular_task("tenants.tend_tenants", every=timedelta(minutes=5))
def maintain_tenants() -> None:
    """End trials that are over and delete expired rows."""
    maintenance.run(now=timezone.now())
