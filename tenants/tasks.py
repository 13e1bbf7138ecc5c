"""What Celery runs. Every task looks for work in the database; none carries any."""

from celery import shared_task
from django.utils import timezone

from tenants import outbox
from tenants.mail import sender
from tenants.outbox import hints
from tenants.outbox.sweep import sweep
from tenants.services import tending


@shared_task(name="tenants.drain_events")
def drain_events() -> None:
    """Run what events have set in motion."""
    if not outbox.drain().finished:
        hints.ring()


@shared_task(name="tenants.send_mail")
def send_mail() -> None:
    """Send the mails that are due."""
    sender.send_due()


@shared_task(name="tenants.sweep_events")
def sweep_events() -> None:
    """Put right what the drains leave open."""
    sweep()


@shared_task(name="tenants.tend_tenants")
def tend_tenants() -> None:
    """End trials that are over, and clear away what has expired."""
    tending.tend(now=timezone.now())
