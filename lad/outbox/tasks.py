"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from datetime import timedelta

from lad.outbox.drain import drain, has_work
from lad.outbox.maintenance import repair
from lad.outbox.notifier import drain_notifier
from lad.schedule import regular_task


@regular_task("tenants.drain_events", has_work=has_work)
def drain_events() -> None:
    """Run the deliveries that are due."""
    if not drain(notifier=drain_notifier).finished:
        drain_notifier.notify()


@regular_task("tenants.sweep_events", every=timedelta(seconds=15))
def repair_events() -> None:
    """Repair what concurrent drains leave inconsistent."""
    repair()
