"""Celery tasks of usage charging."""

from datetime import timedelta

from billing.usage.services import usage
from lad.schedule import regular_task


@regular_task("billing.charge_pending_usage", every=timedelta(minutes=1))
def charge_pending_usage() -> None:
    """Charge the usage events that are due."""
    usage.charge_due()
