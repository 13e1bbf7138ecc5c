"""Build mails when they are sent: their secret links are derived then and never stored."""

from datetime import datetime
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Engine

from lad.mail.kinds import mail_kinds
from lad.mail.models import MailDelivery
from lad.texts import cut

# Mail programs show less, and some refuse long lines.
MAX_SUBJECT_LENGTH: Final = 150

# Of its own, because the admin's would load the tags and filters of every app into the worker.
_ENGINE: Final = Engine(
    loaders=[("django.template.loaders.cached.Loader", ["django.template.loaders.app_directories.Loader"])],
    libraries={"languages": "lad.languages.template_tags"},
)


def build(delivery: MailDelivery, *, now: datetime) -> EmailMultiAlternatives:
    """Return the mail of a delivery, ready to send. Needs a platform scope. Raises Obsolete."""
    content = mail_kinds.get(delivery.kind).build(delivery, now)
    common = {"to_address": delivery.to_address, "subject": content.subject}
    context = {**content.context, **common}
    message = EmailMultiAlternatives(
        subject=cut(content.subject, MAX_SUBJECT_LENGTH),
        body=_ENGINE.render_to_string(f"{content.template}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.to_address],
        headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(_ENGINE.render_to_string(f"{content.template}.html", context), "text/html")
    for each in content.attachments:
        message.attach(each.name, each.content, each.media_type)
    return message


def message_id(delivery: MailDelivery) -> str:
    """Return the Message-ID. It is the same for every attempt, so that mailboxes recognise a repetition."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{delivery.idempotency_key}@{domain}>"


def link(path: str, *, page: str, token: str = "") -> str:
    """Return an address for a mail, with the token: a path of the single-page app.

    Without ``APP_URL`` it is a page of the admin, by its path below ``/admin/``: the worker, which builds
    mails, does not load the admin.
    """
    if settings.APP_URL:
        address = f"{settings.APP_URL.rstrip('/')}{path}"
    else:
        address = f"{settings.PUBLIC_URL.rstrip('/')}/admin/{page}"
    return f"{address}?{urlencode({'token': token})}" if token else address
