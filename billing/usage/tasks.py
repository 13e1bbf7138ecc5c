"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

from celery import shared_task

from billing.usage.services import usage


@shared_task(name="billing.charge_pending_usage")
def charge_pending_usage() -> None:
    """Charge what was used and is not paid yet."""
    usage.charge_due()
