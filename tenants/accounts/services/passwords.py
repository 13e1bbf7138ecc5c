"""Changing a password one knows, and replacing one that was forgotten."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password, verify_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid
from lad.mail.models import MailDelivery, MailKind
from lad.tenancy.context import platform_context
from tenants.accounts import tokens
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.services import credentials, people, sessions

LONGEST_PASSWORD: Final = 256
BETWEEN_RESET_MAILS: Final = timedelta(minutes=1)


class InvalidResetLink(DomainError):
    """This link is not valid any more: it was used, is too old or was not copied whole. Ask for a new one."""

    code = "invalid_reset_link"
    status = 410
    title = "Link not valid"


def validate(password: str, *, user: User | None = None, field: str = "password") -> None:
    """Raise Invalid, naming the field, when a new password is too short, too common or too much like its owner."""
    try:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(f"Use at most {LONGEST_PASSWORD} characters.")
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid(errors={field: error.messages}) from error


def change(*, user: User, current: str, new: str, session_id: UUID | None = None, now: datetime | None = None) -> None:
    """Set a new password for somebody who knows the old one, and end their other sessions.

    Wrong guesses at the old one count towards the lock-out. Raises Invalid or LockedOut.
    """
    now = now or timezone.now()
    credentials.count_attempt(email=user.email, now=now)
    if not user.password or not verify_password(current, user.password)[0]:
        raise Invalid(errors={"current_password": ["This is not your present password."]})
    credentials.unlock(email=user.email)
    validate(new, user=user, field="new_password")
    _set(user, new, now=now, keep_session=session_id)


def request_reset(*, email: str, now: datetime | None = None) -> None:
    """Have a reset link mailed to the address if an active account has it; the caller learns nothing either way.

    Nobody is mailed more often than once a minute.
    """
    with platform_context():
        user = User.objects.filter(email=credentials.normalise_email(email), is_active=True).first()
        if user is None or _mailed_lately(user, now or timezone.now()):
            return
        if not people.emit_about(user, "tenants.user.password_reset_requested"):
            # Somebody in no tenant, such as LAD's own staff: no event, but the mail all the same.
            MailDelivery.objects.create(
                kind=MailKind.PASSWORD_RESET,
                to_address=user.email,
                subject_id=user.pk,
                idempotency_key=f"{MailKind.PASSWORD_RESET}.{uuid7()}",
                next_attempt_at=now or timezone.now(),
            )


def reset(*, token: str, password: str, now: datetime | None = None) -> None:
    """Set a new password with the secret from the mail, once; ends every session and any lock-out.

    Reading that mail also proves the address. Raises InvalidResetLink or Invalid.
    """
    now = now or timezone.now()
    user_id = tokens.password_reset_user_id(token)
    with platform_context(user_id=user_id):
        user = User.objects.select_for_update().filter(pk=user_id, is_active=True).first() if user_id else None
        if user is None or not tokens.is_password_reset_token(user, token):
            raise InvalidResetLink
        validate(password, user=user)
        if not user.email_verified:
            # Whoever had the account before never proved this address: what they linked to it must not stay a way in.
            UserIdentity.objects.filter(user=user).delete()
            User.objects.filter(pk=user.pk).update(email_verified=True)
        _set(user, password, now=now, keep_session=None)
        credentials.unlock(email=user.email)


def _mailed_lately(user: User, now: datetime) -> bool:
    mails = MailDelivery.objects.filter(kind=MailKind.PASSWORD_RESET, subject_id=user.pk)
    return bool(mails.filter(created_at__gt=now - BETWEEN_RESET_MAILS).exists())


def _set(user: User, password: str, *, now: datetime, keep_session: UUID | None) -> None:
    with platform_context(user_id=user.pk):
        User.objects.filter(pk=user.pk).update(password=make_password(password), password_changed_at=now)
        sessions.revoke_others(user=user, keep=keep_session, now=now)
        people.emit_about(user, "tenants.user.password_changed")
