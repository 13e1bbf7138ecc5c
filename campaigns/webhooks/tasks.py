"""The Celery task of webhooks. It looks for work in the database and carries none in its arguments."""

from campaigns.webhooks import worker
from lad.schedule import regular_task


@regular_task("campaigns.call_webhooks", has_work=worker.has_work)
def call_webhooks() -> None:
    """Send the calls that are due."""
    worker.run_due()
