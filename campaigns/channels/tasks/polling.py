"""The Celery task that reads what providers have not reported."""

from datetime import timedelta

from campaigns.channels import polling
from lad.schedule import regular_task


@regular_task("campaigns.poll_accounts", every=timedelta(minutes=5))
def poll_accounts() -> None:
    """Read accounts on networks whose turn it is: messages, new connections, and open invitations."""
    polling.poll_due()
