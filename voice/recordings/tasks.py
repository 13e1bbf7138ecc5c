"""Celery tasks of recordings. They look for work in the database and carry none in their arguments."""

from datetime import timedelta

from django.utils import timezone

from lad.schedule import regular_task
from voice.recordings import services, worker


@regular_task(services.TASK, has_work=worker.has_work)
def fetch_recordings() -> None:
    """Fetch the recordings that wait. If there are many, ask for another run."""
    if not worker.run_due():
        services.notifier.notify()


@regular_task("voice.erase_old_recordings", every=timedelta(hours=1))
def erase_old_recordings() -> None:
    """Erase recordings that were kept for as long as their tenant wants."""
    while services.purge(now=timezone.now()) == services.PURGE_SIZE:
        pass
