"""Celery entry points of inbound calls."""

from celery import shared_task
from django.utils import timezone

from voice.inbound.looking import look_up_silent


@shared_task(name="voice.look_up_inbound_calls")
def look_up_inbound_calls() -> int:
    """Ask about inbound calls whose callbacks stopped."""
    return look_up_silent(timezone.now())
