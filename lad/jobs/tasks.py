"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from datetime import time

from django.utils import timezone

from lad.jobs import services, worker
from lad.jobs.queue import job_queue
from lad.schedule import regular_task


@regular_task("lad.run_jobs", has_work=job_queue.has_work)
def run_jobs() -> None:
    """Run the jobs that are due. If time runs out first, ask for another run."""
    if not worker.run_due():
        services.notifier.notify()


@regular_task("lad.purge_jobs", daily_at=time(3, 40))
def purge_jobs() -> None:
    """Delete jobs that finished long ago."""
    services.purge(now=timezone.now())
