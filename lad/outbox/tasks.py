"""What Celery runs. Every task looks for work in the database; none carries any."""

from celery import shared_task

from lad.outbox import notifier as hints
from lad.outbox.drain import drain
from lad.outbox.maintenance import sweep


@shared_task(name="tenants.drain_events")
def drain_events() -> None:
    """Run what events have set in motion."""
    if not drain().finished:
        hints.ring()


@shared_task(name="tenants.sweep_events")
def sweep_events() -> None:
    """Put right what the drains leave open."""
    sweep()
