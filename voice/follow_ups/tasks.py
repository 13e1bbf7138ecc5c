"""The Celery task of bookings that call by themselves. It looks for work in the database."""

from lad.schedule import regular_task
from voice.follow_ups import automatic


@regular_task(automatic.TASK, has_work=automatic.has_work)
def call_bookings() -> None:
    """Ask for the calls of bookings whose time has come."""
    automatic.call_due()
