"""The Celery task that reads templates from WhatsApp."""

from datetime import timedelta

from campaigns.channels.whatsapp.templates import synchronise_all
from lad.schedule import regular_task


@regular_task("campaigns.read_whatsapp_templates", every=timedelta(hours=6))
def read_whatsapp_templates() -> None:
    """Read the approved templates of all numbers: WhatsApp reviews and pauses them at any time."""
    synchronise_all()
