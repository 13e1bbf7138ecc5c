"""The mails themselves, made when they are sent: their links are derived then and stored nowhere.

Each kind of mail has a builder; an app above this one registers its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from lad.mail.models import MailDelivery, MailKind


class Obsolete(Exception):
    """The mail has lost its purpose since it was queued; the message says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says. ``template`` is a path without ``.txt`` and ``.html``, of which there are both."""

    subject: str
    template: str
    context: dict[str, Any]
    attachments: tuple[Attachment, ...] = ()


Builder = Callable[[MailDelivery, datetime], Content]


Departed = Callable[[MailDelivery], None]


@dataclass(frozen=True, slots=True)
class _Kind:
    build: Builder
    departed: Departed | None


_kinds: dict[MailKind, _Kind] = {}


def register(kind: MailKind, build: Builder, *, departed: Departed | None = None) -> None:
    """Say how mails of the kind are made, and what happens once one has left.

    ``build(delivery, now)`` runs in a platform scope when the mail is sent and may raise Obsolete.
    ``departed(delivery)`` runs in the transaction that records that it left; what it raises is
    logged and does not change that.
    """
    _kinds[kind] = _Kind(build, departed)


def build(delivery: MailDelivery, *, now: datetime) -> EmailMultiAlternatives:
    """The mail of a delivery, complete but unsent. Needs a platform scope. Raises Obsolete."""
    content = _kinds[MailKind(delivery.kind)].build(delivery, now)
    told = {"app_url": settings.APP_URL, "to_address": delivery.to_address, "subject": content.subject}
    context = {**content.context, **told}
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


def departed(delivery: MailDelivery) -> None:
    """Tell the app whose mail it is that it has left. Needs a platform scope."""
    tell = _kinds[MailKind(delivery.kind)].departed
    if tell is not None:
        tell(delivery)


def message_id(delivery: MailDelivery) -> str:
    """The same for every attempt at one mail, so that a mailbox can tell a repetition."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{delivery.idempotency_key}@{domain}>"


def link(path: str, token: str) -> str:
    """The address in the single-page app that takes the token."""
    return f"{settings.APP_URL.rstrip('/')}{path}?{urlencode({'token': token})}"
