"""Celery tasks of charging."""

from datetime import timedelta

from campaigns.charging import sweep
from lad.schedule import regular_task


@regular_task("campaigns.settle_missed_credits", every=timedelta(minutes=10))
def settle_missed_credits() -> None:
    """Settle the credits of messages whose end was recorded without it."""
    sweep.settle_missed()
