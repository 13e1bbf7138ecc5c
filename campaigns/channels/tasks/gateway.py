"""Celery tasks that read what the gateway has not reported."""

from datetime import timedelta

from campaigns.channels.gateway import polling
from lad.schedule import regular_task


@regular_task("campaigns.poll_gateway", every=timedelta(minutes=5))
def poll_gateway() -> None:
    """Read accounts whose turn it is: new connections, messages, and open invitations."""
    polling.poll_due()
