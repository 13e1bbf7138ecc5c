"""The tasks that ask carriers about calls, and forget old reports."""

from datetime import time

from django.utils import timezone

from lad.schedule import regular_task
from voice.callbacks.services import purge_reports
from voice.dialer import looking


@regular_task("voice.purge_carrier_reports", daily_at=time(3, 50))
def purge_carrier_reports() -> None:
    """Forget which callbacks were taken in more than 30 days ago."""
    purge_reports(timezone.now())


@regular_task(looking.TASK, has_work=looking.has_work)
def look_up_calls() -> None:
    """Ask carriers about calls whose callbacks stopped, or of which something is missing."""
    looking.look_due()
