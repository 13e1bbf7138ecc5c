"""Celery tasks of the assistant."""

from datetime import timedelta

from aiicp import charging
from lad.schedule import regular_task


@regular_task("aiicp.release_missed_credits", every=timedelta(minutes=10))
def release_missed_credits() -> None:
    """Release the credits of questions to a model that died before their answer."""
    charging.release_missed()
