"""Mails that verify an address, let people choose a password, and tell users of changes to their account."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from lad.db.identifiers import uuid7
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import new_delivery, queue, queue_all
from lad.outbox.consumers import Batch
from tenants.accounts import tokens
from tenants.accounts.models import User, UserSession


def _email_verification(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    if user.email_verified:
        raise Obsolete("The address is verified already.")
    context = {
        "link": link("/verify-email", page="verify-email/", token=tokens.email_verification_token(user)),
        "days": tokens.EMAIL_VERIFICATION_LIFETIME.days,
    }
    return Content("Confirm your e-mail address", "tenants/accounts/email-verification", context)


def _password_reset(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    context = {
        "link": link("/reset-password", page="reset-password/", token=tokens.password_reset_token(user)),
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    return Content("Choose a new password", "tenants/accounts/password-reset", context)


def _account_invitation(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    if user.password:
        raise Obsolete("The person has chosen a password already.")
    context = {
        "link": link("/reset-password", page="reset-password/", token=tokens.account_invitation_token(user)),
        "days": settings.INVITATION_LIFETIME.days,
    }
    return Content("Your account on LAD", "tenants/accounts/account-invitation", context)


def _new_device(delivery: MailDelivery, now: datetime) -> Content:
    session = UserSession.objects.filter(pk=delivery.subject_id).first()
    if session is None:
        raise Obsolete("The session was deleted.")
    user = _user(delivery, session.user_id)
    return Content("New sign-in to your account", "tenants/accounts/new-device", {"user": user, "session": session})


def _notice(subject: str, happened: str, advice: str) -> Callable[[MailDelivery, datetime], Content]:
    def build(delivery: MailDelivery, now: datetime) -> Content:
        context = {"user": _user(delivery), "at": delivery.created_at, "happened": happened, "advice": advice}
        return Content(subject, "tenants/accounts/security-notice", context)

    return build


def _user(delivery: MailDelivery, user_id: UUID | None = None) -> User:
    user: User | None = User.objects.filter(pk=user_id or delivery.subject_id, is_active=True).first()
    if user is None:
        raise Obsolete("The account was deleted or deactivated.")
    if user.email != delivery.to_address:
        raise Obsolete("The account's address has changed.")
    return user


EMAIL_VERIFICATION: Final = mail_kinds.register(
    MailKind("email-verification", "E-mail verification", _email_verification)
)
PASSWORD_RESET: Final = mail_kinds.register(MailKind("password-reset", "Password reset", _password_reset))
ACCOUNT_INVITATION: Final = mail_kinds.register(
    MailKind("account-invitation", "Account invitation", _account_invitation)
)
NEW_DEVICE: Final = mail_kinds.register(MailKind("new-device", "New device", _new_device))
PASSWORD_CHANGED: Final = mail_kinds.register(
    MailKind(
        "password-changed",
        "Password changed",
        _notice(
            "Your password was changed",
            "the password was changed",
            "choose a new password at once with “forgot password” on the sign-in page",
        ),
    )
)
FACTOR_ADDED: Final = mail_kinds.register(
    MailKind(
        "second-factor-added",
        "Second factor added",
        _notice(
            "A second factor was added to your account",
            "an authenticator app or a passkey was added",
            "change your password at once, and remove it under “My account”",
        ),
    )
)
FACTOR_REMOVED: Final = mail_kinds.register(
    MailKind(
        "second-factor-removed",
        "Second factor removed",
        _notice(
            "A second factor was removed from your account",
            "an authenticator app or a passkey was removed",
            "change your password at once, and set up a new one under “My account”",
        ),
    )
)

_KIND_BY_EVENT: Final = {
    "tenants.user.signed_up": EMAIL_VERIFICATION,
    "tenants.user.verification_requested": EMAIL_VERIFICATION,
    "tenants.user.password_reset_requested": PASSWORD_RESET,
}


def queue_notice(user: User, kind: MailKind) -> None:
    """Queue a mail that tells the user of a change to their account. Needs a platform scope."""
    queue(kind=kind, tenant_id=None, to=user.email, subject_id=user.pk, key=f"{kind.key}.{uuid7()}")


def queue_account_mails(batch: Batch) -> None:
    """Queue one mail per event, to the user's current address."""
    users = User.objects.in_bulk(batch.aggregate_ids)
    recipients = [(event, users.get(event.aggregate_id)) for event in batch]
    queue_all(
        new_delivery(event, _KIND_BY_EVENT[event.type], to=user.email, subject_id=user.pk)
        for event, user in recipients
        if user
    )
