"""Change passwords, and reset forgotten ones by mail."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password, verify_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid
from lad.mail.models import MailDelivery
from lad.mail.services import queue
from lad.tenancy.context import platform_context
from tenants.accounts import tokens
from tenants.accounts.mails import PASSWORD_CHANGED, PASSWORD_RESET, queue_notice
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.services import sessions, sign_in_limit, users

MAX_PASSWORD_LENGTH: Final = 256
RESET_MAIL_INTERVAL: Final = timedelta(minutes=1)


class InvalidResetLink(DomainError):
    """This link is no longer valid: it was used, expired or is incomplete. Request a new one."""

    code = "invalid_reset_link"
    status = 410
    title = "Link not valid"


def validate(password: str, *, user: User | None = None, field: str = "password") -> None:
    """Raise Invalid for ``field`` if the password is too short, too common or too similar to the user's data."""
    try:
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(f"Use at most {MAX_PASSWORD_LENGTH} characters.")
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid(errors={field: error.messages}) from error


def change(*, user: User, current: str, new: str, session_id: UUID | None = None, now: datetime | None = None) -> None:
    """Set a new password after checking the current one, and end the user's other sessions.

    Wrong guesses count towards the sign-in limit. Raises Invalid or LockedOut.
    """
    now = now or timezone.now()
    sign_in_limit.count_attempt(email=user.email, now=now)
    with platform_context(user_id=user.pk):
        # A request's caller is read without the hash.
        stored = User.objects.values_list("password", flat=True).get(pk=user.pk)
    if not stored or not verify_password(current, stored)[0]:
        raise Invalid(errors={"current_password": ["This is not your current password."]})
    sign_in_limit.unlock(email=user.email)
    validate(new, user=user, field="new_password")
    _set(user, new, now=now, keep_session=session_id)


def request_reset(*, email: str, now: datetime | None = None) -> None:
    """Mail a reset link if an active account has the address, at most once a minute.

    Returns nothing, so that callers cannot find out who has an account.
    """
    with platform_context():
        user = User.objects.filter(email=sign_in_limit.normalise_email(email), is_active=True).first()
        if user is None or _mailed_recently(user, now or timezone.now()):
            return
        if not users.emit_user_event(user, "tenants.user.password_reset_requested"):
            # Users without a tenant, such as LAD's staff, have no event that sends the mail.
            key = f"{PASSWORD_RESET.key}.{uuid7()}"
            queue(kind=PASSWORD_RESET, tenant_id=None, to=user.email, subject_id=user.pk, key=key)


def reset(*, token: str, password: str, now: datetime | None = None) -> None:
    """Set a new password with the token from the mail, which works once.

    Ends all sessions, unlocks the address and marks it as verified. Raises InvalidResetLink or Invalid.
    """
    now = now or timezone.now()
    user_id = tokens.password_reset_user_id(token)
    with platform_context(user_id=user_id):
        user = User.objects.select_for_update().filter(pk=user_id, is_active=True).first() if user_id else None
        if user is None or not tokens.is_password_reset_token(user, token):
            raise InvalidResetLink
        validate(password, user=user)
        if not user.email_verified:
            # Whoever created the account never verified this address; external accounts they linked must go.
            UserIdentity.objects.filter(user=user).delete()
            User.objects.filter(pk=user.pk).update(email_verified=True)
        _set(user, password, now=now, keep_session=None)
        sign_in_limit.unlock(email=user.email)


def _mailed_recently(user: User, now: datetime) -> bool:
    mails = MailDelivery.objects.filter(kind=PASSWORD_RESET.key, subject_id=user.pk)
    return bool(mails.filter(created_at__gt=now - RESET_MAIL_INTERVAL).exists())


def _set(user: User, password: str, *, now: datetime, keep_session: UUID | None) -> None:
    with platform_context(user_id=user.pk):
        User.objects.filter(pk=user.pk).update(password=make_password(password), password_changed_at=now)
        sessions.revoke_others(user=user, keep=keep_session, now=now)
        users.emit_user_event(user, "tenants.user.password_changed")
        queue_notice(user, PASSWORD_CHANGED)
