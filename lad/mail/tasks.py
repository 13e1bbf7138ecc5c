"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from lad.mail import sender
from lad.schedule import regular_task


@regular_task("tenants.send_mail", has_work=sender.has_work)
def send_mail() -> None:
    """Send the mails that are due."""
    sender.send_due()
