"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from datetime import time, timedelta

from django.utils import timezone

from lad.outbox.drain import drain, has_work
from lad.outbox.maintenance import RECENT, repair
from lad.outbox.notifier import drain_notifier
from lad.schedule import regular_task


@regular_task("tenants.drain_events", has_work=has_work)
def drain_events() -> None:
    """Run the deliveries that are due."""
    if not drain(notifier=drain_notifier).finished:
        drain_notifier.notify()


@regular_task("tenants.sweep_events", every=timedelta(seconds=15))
def repair_events() -> None:
    """Repair what killed drains leave inconsistent."""
    repair(since=timezone.now() - RECENT)


@regular_task("tenants.repair_all_events", daily_at=time(3, 30))
def repair_all_events() -> None:
    """Repair what was changed by hand, whatever its age."""
    repair()
