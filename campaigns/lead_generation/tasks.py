"""The Celery task that finds leads. It looks for work in the database and carries none in its arguments."""

from datetime import timedelta

from campaigns.lead_generation import worker
from lad.schedule import regular_task


@regular_task("campaigns.find_leads", every=timedelta(minutes=1), has_work=worker.has_work)
def find_leads() -> None:
    """Let steps that are due find leads."""
    worker.run_due()
