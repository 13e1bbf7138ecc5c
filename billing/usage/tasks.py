"""Celery tasks of usage charging."""

from celery import shared_task

from billing.usage.services import usage


@shared_task(name="billing.charge_pending_usage")
def charge_pending_usage() -> None:
    """Charge the usage events that are due."""
    usage.charge_due()
