"""Celery tasks of charging."""

from datetime import timedelta

from lad.schedule import regular_task
from voice.charging import credit, sweep


@regular_task("voice.settle_missed_credits", every=timedelta(minutes=1))
def settle_missed_credits() -> None:
    """Settle the credits of calls whose usage nobody told in time, or whose end was recorded without it."""
    sweep.settle_missed()


@regular_task("voice.resume_paid_batches", every=timedelta(minutes=1))
def resume_paid_batches() -> None:
    """Let batches go on whose credit had ended and is there again."""
    credit.resume_paid()
