"""Celery tasks of sending. Each looks for work in the database; none carries any in its arguments."""

from datetime import timedelta
from functools import partial

from campaigns.channels.email.sending import copies
from campaigns.channels.sending import orphans, recovery, worker
from campaigns.channels.sending.account_kinds import CHANNEL, EMAIL, LINKEDIN
from lad.schedule import regular_task


@regular_task("campaigns.send_email", has_work=partial(worker.has_work, EMAIL))
def send_email() -> None:
    """Send the mails that are due."""
    worker.send_due(EMAIL)


@regular_task("campaigns.send_linkedin", has_work=partial(worker.has_work, LINKEDIN))
def send_linkedin() -> None:
    """Do what is due on LinkedIn."""
    worker.send_due(LINKEDIN)


@regular_task("campaigns.send_channel", has_work=partial(worker.has_work, CHANNEL))
def send_channel() -> None:
    """Send what is due on WhatsApp, Instagram and SMS."""
    worker.send_due(CHANNEL)


@regular_task("campaigns.recover_messages", has_work=recovery.has_work)
def recover_messages() -> None:
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
