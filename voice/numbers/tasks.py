"""The Celery task that watches for failures. It looks for them in the database and carries none in its arguments."""

from datetime import timedelta

from lad.schedule import regular_task
from voice.dialer import breaker


@regular_task(breaker.TASK, every=timedelta(seconds=30))
def watch_failures() -> None:
    """Pause accounts, numbers and batches whose calls fail."""
    breaker.check_failures()
