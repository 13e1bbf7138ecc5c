"""Celery tasks that read mailboxes."""

from datetime import timedelta

from campaigns.channels.email.receiving import polling
from lad.notifier import WorkerNotifier
from lad.schedule import regular_task
from lad.tenancy.context import platform_context

READ_MAILBOXES = "campaigns.read_mailboxes"


@regular_task(READ_MAILBOXES, has_work=polling.has_work)
def read_mailboxes() -> None:
    """Read the mailboxes that are due. While several are, free workers help."""
    with platform_context():
        several = polling.due_count() > 1
    if several:
        WorkerNotifier(READ_MAILBOXES).ask_for_help()
    polling.read_due()


@regular_task("campaigns.adopt_mailboxes", every=timedelta(seconds=30))
def adopt_mailboxes() -> None:
    """Begin to read mailboxes that are new, and stop reading those that are gone."""
    polling.adopt()
