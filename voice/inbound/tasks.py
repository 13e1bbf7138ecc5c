"""The task that asks carriers about inbound calls."""

from datetime import timedelta

from django.utils import timezone

from lad.schedule import regular_task
from voice.inbound.looking import look_up_silent


@regular_task("voice.look_up_inbound_calls", every=timedelta(minutes=1))
def look_up_inbound_calls() -> None:
    """Ask about inbound calls whose callbacks stopped."""
    look_up_silent(timezone.now())
