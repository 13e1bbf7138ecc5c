"""Consumers of events that change when calls are made."""

from django.utils import timezone

from lad.outbox.consumers import Batch, consumes
from voice.dialer import waiting


@consumes(["leads.contact_policy.*", "leads.holiday.*"], name="contact-rules-wake-calls", scope="tenant")
def ask_again_about_calls(batch: Batch) -> None:
    """Let calls that wait for the tenant's hours, days and limits be asked about under the new ones."""
    del batch  # They are the whole tenant's.
    waiting.ask_again(now=timezone.now())
