"""Celery tasks of the dialer. Each looks for work in the database; none carries any in its arguments."""

from datetime import timedelta

from lad.schedule import regular_task
from voice.dialer import finishing, hanging_up, placing, worker
from voice.dialer.waking import TASK


@regular_task(TASK, has_work=worker.has_work)
def dial() -> None:
    """Place the calls that are due."""
    worker.dial_due()


@regular_task(hanging_up.TASK, has_work=hanging_up.has_work)
def hang_up_calls() -> None:
    """End the calls that somebody asked to end."""
    hanging_up.hang_up_due()


@regular_task("voice.recover_calls", has_work=placing.has_expired)
def recover_calls() -> None:
    """Let calls be looked up whose worker was lost while it placed them."""
    placing.take_over_expired()


@regular_task("voice.finish_batches", every=timedelta(minutes=1))
def finish_batches() -> None:
    """Finish batches whose last entry was counted by nobody."""
    finishing.finish_batches()
