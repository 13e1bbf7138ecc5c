"""What Celery runs. Every task looks for work in the database; none carries any."""

from celery import shared_task

from lad.mail import sender


@shared_task(name="tenants.send_mail")
def send_mail() -> None:
    """Send the mails that are due."""
    sender.send_due()
