"""Build mails when they are sent: their secret links are derived then and never stored."""

from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from lad.mail.kinds import mail_kinds
from lad.mail.models import MailDelivery


def build(delivery: MailDelivery, *, now: datetime) -> EmailMultiAlternatives:
    """Return the mail of a delivery, ready to send. Needs a platform scope. Raises Obsolete."""
    content = mail_kinds.get(delivery.kind).build(delivery, now)
    common = {"app_url": settings.APP_URL, "to_address": delivery.to_address, "subject": content.subject}
    context = {**content.context, **common}
    message = EmailMultiAlternatives(
        subject=" ".join(content.subject.split()),
        body=render_to_string(f"{content.template}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.to_address],
        headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string(f"{content.template}.html", context), "text/html")
    for each in content.attachments:
        message.attach(each.name, each.content, each.media_type)
    return message


def message_id(delivery: MailDelivery) -> str:
    """Return the Message-ID. It is the same for every attempt, so that mailboxes recognise a repetition."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{delivery.idempotency_key}@{domain}>"


def link(path: str, token: str) -> str:
    """Return the address in the single-page app that accepts the token."""
    return f"{settings.APP_URL.rstrip('/')}{path}?{urlencode({'token': token})}"
