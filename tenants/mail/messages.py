"""The mails themselves, made when they are sent: their links are derived then and stored nowhere."""

from datetime import datetime
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from tenants import tokens
from tenants.models import MailDelivery, MailKind, TenantInvitation, User

TEMPLATES: Final = "tenants/mail"


class Obsolete(Exception):
    """The mail has lost its purpose since it was queued; the message says why."""


def build(delivery: MailDelivery, *, now: datetime) -> EmailMultiAlternatives:
    """The mail of a delivery, complete but unsent. Needs a platform scope. Raises Obsolete."""
    subject, context = _CONTENT[MailKind(delivery.kind)](delivery, now)
    context |= {"app_url": settings.APP_URL, "to_address": delivery.to_address, "subject": subject}
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"{TEMPLATES}/{delivery.kind}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.to_address],
        headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string(f"{TEMPLATES}/{delivery.kind}.html", context), "text/html")
    return message


def message_id(delivery: MailDelivery) -> str:
    """The same for every attempt at one mail, so that a mailbox can tell a repetition."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{delivery.idempotency_key}@{domain}>"


def link(path: str, token: str) -> str:
    """The address in the single-page app that takes the token."""
    return f"{settings.APP_URL.rstrip('/')}{path}?{urlencode({'token': token})}"


def _invitation(delivery: MailDelivery, now: datetime) -> tuple[str, dict[str, Any]]:
    row = TenantInvitation.all_objects.select_related("tenant", "invited_by").filter(pk=delivery.subject_id).first()
    if row is None:
        raise Obsolete("The invitation is gone.")
    status = row.status(now)
    if status != "pending":
        raise Obsolete(f"The invitation is {status}.")
    subject = f"{row.invited_by.full_name} invites you to {row.tenant.name} on LAD"
    return subject, {
        "invitation": row,
        "inviter": row.invited_by.full_name,
        "tenant": row.tenant.name,
        "role": row.get_role_display().lower(),
        "link": link("/invitations/accept", tokens.invitation_token(row)),
    }


def _email_verification(delivery: MailDelivery, now: datetime) -> tuple[str, dict[str, Any]]:
    user = _user(delivery)
    if user.email_verified:
        raise Obsolete("The address is confirmed already.")
    return "Confirm your e-mail address", {
        "user": user,
        "link": link("/verify-email", tokens.email_verification_token(user)),
        "days": tokens.EMAIL_VERIFICATION_LIFETIME.days,
    }


def _password_reset(delivery: MailDelivery, now: datetime) -> tuple[str, dict[str, Any]]:
    user = _user(delivery)
    return "Choose a new password", {
        "user": user,
        "link": link("/reset-password", tokens.password_reset_token(user)),
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }


def _user(delivery: MailDelivery) -> User:
    user: User | None = User.objects.filter(pk=delivery.subject_id, is_active=True).first()
    if user is None:
        raise Obsolete("The account is gone or inactive.")
    if user.email != delivery.to_address:
        raise Obsolete("The account has another address now.")
    return user


_CONTENT: Final = {
    MailKind.INVITATION: _invitation,
    MailKind.EMAIL_VERIFICATION: _email_verification,
    MailKind.PASSWORD_RESET: _password_reset,
}
