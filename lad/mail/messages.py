"""Build mails when they are sent: their secret links are derived then and never stored."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from lad.mail.kinds import mail_kinds
from lad.mail.models import MailDelivery
from lad.texts import cut

# Mail programs show less, and some refuse long lines.
MAX_SUBJECT_LENGTH: Final = 150


def build(delivery: MailDelivery, *, now: datetime) -> EmailMultiAlternatives:
    """Return the mail of a delivery, ready to send. Needs a platform scope. Raises Obsolete."""
    content = mail_kinds.get(delivery.kind).build(delivery, now)
    common = {"to_address": delivery.to_address, "subject": content.subject}
    context = {**content.context, **common}
    message = EmailMultiAlternatives(
        subject=cut(content.subject, MAX_SUBJECT_LENGTH),
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


def link(path: str, *, page: str, arguments: Sequence[object] = (), token: str = "") -> str:
    """Return an address for a mail, with the token: a path of the single-page app.

    Without ``APP_URL`` it is the admin's page of that name, with its arguments.
    """
    if settings.APP_URL:
        address = f"{settings.APP_URL.rstrip('/')}{path}"
    else:
        address = f"{settings.PUBLIC_URL.rstrip('/')}{reverse(page, args=arguments)}"
    return f"{address}?{urlencode({'token': token})}" if token else address
