"""The tasks that work on providers' reports, and forget old ones."""

from datetime import time, timedelta

from django.utils import timezone

from campaigns.provider_reports import registering, services, worker
from lad.schedule import regular_task


@regular_task(services.TASK, has_work=worker.has_work)
def process_reports() -> None:
    """Work on the reports that wait."""
    worker.run_due()


@regular_task("campaigns.purge_provider_reports", daily_at=time(3, 40))
def purge_provider_reports() -> None:
    """Forget reports that came more than 30 days ago."""
    services.purge(now=timezone.now())


@regular_task("campaigns.register_gateway_reports", every=timedelta(hours=6))
def register_gateway_reports() -> None:
    """Let the gateway report to LAD, unless it does already."""
    registering.register_if_set_up()
