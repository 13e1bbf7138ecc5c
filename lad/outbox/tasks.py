"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from celery import shared_task

from lad.outbox.drain import drain
from lad.outbox.maintenance import repair
from lad.outbox.notifier import drain_notifier


@shared_task(name="tenants.drain_events")
def drain_events() -> None:
    """Run the deliveries that are due."""
    if not drain().finished:
        drain_notifier.notify()


@shared_task(name="tenants.sweep_events")
def repair_events() -> None:
    """Repair what concurrent drains leave inconsistent."""
    repair()
