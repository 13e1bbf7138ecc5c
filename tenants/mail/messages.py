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

from tenants import tokens
from tenants.models import MailDelivery, MailKind, TenantInvitation, User


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


def _invitation(delivery: MailDelivery, now: datetime) -> Content:
    row = TenantInvitation.all_objects.select_related("tenant", "invited_by").filter(pk=delivery.subject_id).first()
    if row is None:
        raise Obsolete("The invitation is gone.")
    status = row.status(now)
    if status != "pending":
        raise Obsolete(f"The invitation is {status}.")
    subject = f"{row.invited_by.full_name} invites you to {row.tenant.name} on LAD"
    context = {
        "invitation": row,
        "inviter": row.invited_by.full_name,
        "tenant": row.tenant.name,
        "role": row.get_role_display().lower(),
        "link": link("/invitations/accept", tokens.invitation_token(row)),
    }
    return Content(subject, "tenants/mail/invitation", context)


def _email_verification(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    if user.email_verified:
        raise Obsolete("The address is confirmed already.")
    context = {
        "user": user,
        "link": link("/verify-email", tokens.email_verification_token(user)),
        "days": tokens.EMAIL_VERIFICATION_LIFETIME.days,
    }
    return Content("Confirm your e-mail address", "tenants/mail/email-verification", context)


def _password_reset(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    context = {
        "user": user,
        "link": link("/reset-password", tokens.password_reset_token(user)),
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    return Content("Choose a new password", "tenants/mail/password-reset", context)


def _user(delivery: MailDelivery) -> User:
    user: User | None = User.objects.filter(pk=delivery.subject_id, is_active=True).first()
    if user is None:
        raise Obsolete("The account is gone or inactive.")
    if user.email != delivery.to_address:
        raise Obsolete("The account has another address now.")
    return user


register(MailKind.INVITATION, _invitation)
register(MailKind.EMAIL_VERIFICATION, _email_verification)
register(MailKind.PASSWORD_RESET, _password_reset)
