"""Celery tasks of sending. Each looks for work in the database; none carries any in its arguments."""

from datetime import timedelta

from campaigns.channels.email.sending import copies, orphans, recovery, worker
from lad.schedule import regular_task


@regular_task("campaigns.send_email", has_work=worker.has_work)
def send_email() -> None:
    """Send the messages that are due."""
    worker.send_due()


@regular_task("campaigns.recover_email", has_work=recovery.has_work)
def recover_email() -> None:
    """Take over from lost senders, and look for messages of which nobody knows whether they were sent."""
    recovery.recover()


@regular_task("campaigns.copy_email", has_work=copies.has_work)
def copy_email() -> None:
    """Put copies of sent messages into their mailboxes."""
    copies.make_copies()


@regular_task("campaigns.cancel_orphans", every=timedelta(minutes=5))
def cancel_orphans() -> None:
    """Cancel waiting messages that nobody will send."""
    orphans.cancel_orphans()
