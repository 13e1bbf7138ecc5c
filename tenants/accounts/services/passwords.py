"""Change passwords, and reset forgotten ones by mail."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import DomainError, Invalid
from lad.mail.models import MailDelivery
from lad.mail.services import queue
from lad.tenancy.context import platform_context
from tenants import budgets
from tenants.accounts import tokens
from tenants.accounts.hashers import check_stored
from tenants.accounts.mails import PASSWORD_CHANGED, PASSWORD_RESET, queue_notice
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.services import sessions, sign_in_limit, users
from tenants.budgets import Budget, BudgetSpent

MAX_PASSWORD_LENGTH: Final = 256
RESET_MAIL_INTERVAL: Final = timedelta(minutes=1)
# Somebody else may ask for them. A link works for an hour, so a mailbox that gets no further mail holds one that works.
RESET_MAILS: Final = Budget("password-reset-mails", size=3, interval=timedelta(minutes=20))


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

    Wrong guesses are limited. Raises Invalid or LockedOut.
    """
    now = now or timezone.now()
    sign_in_limit.count_password_change(user_id=user.pk, now=now)
    with platform_context(user_id=user.pk):
        # A request's caller is read without the hash.
        stored = User.objects.values_list("password", flat=True).get(pk=user.pk)
    if not check_stored(current, stored)[0]:
        raise Invalid(errors={"current_password": ["This is not your current password."]})
    sign_in_limit.allow_password_changes(user_id=user.pk)
    validate(new, user=user, field="new_password")
    _set(user, new, now=now, keep_session=session_id)


def request_reset(*, email: str, limited: bool = True, now: datetime | None = None) -> None:
    """Mail a reset link if an active account has the address, at most once a minute and a few times an hour.

    Returns nothing, so that callers cannot find out who has an account. Staff who ask for somebody are not limited.
    """
    now = now or timezone.now()
    with platform_context():
        user = User.objects.filter(email=sign_in_limit.normalise_email(email), is_active=True).first()
        if user is None or (limited and not _may_mail(user, now)):
            return
        if not users.emit_user_event(user, "tenants.user.password_reset_requested"):
            # Users without a tenant, such as LAD's staff, have no event that sends the mail.
            key = f"{PASSWORD_RESET.key}.{uuid7()}"
            queue(kind=PASSWORD_RESET, tenant_id=None, to=user.email, subject_id=user.pk, key=key)


def reset(*, token: str, password: str, now: datetime | None = None) -> None:
    """Set a new password with the token from the mail of a reset or an invitation, which works once.

    Ends all sessions, unlocks the address and marks it as verified. Raises InvalidResetLink or Invalid.
    """
    now = now or timezone.now()
    with platform_context(user_id=tokens.password_user_id(token)):
        user = _user_of_link(User.objects.select_for_update(), token)
        validate(password, user=user)
        if not user.email_verified:
            # Whoever created the account never verified this address; external accounts they linked must go.
            UserIdentity.objects.filter(user=user).delete()
            User.objects.filter(pk=user.pk).update(email_verified=True)
        _set(user, password, now=now, keep_session=None)
        sign_in_limit.unlock(email=user.email)


def require_link(*, token: str) -> None:
    """Raise InvalidResetLink unless the token could set a password now."""
    with platform_context():
        _user_of_link(User.objects.all(), token)


def _user_of_link(users_to_search: QuerySet[User], token: str) -> User:
    user_id = tokens.password_user_id(token)
    user = users_to_search.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None or not tokens.may_set_password(user, token):
        raise InvalidResetLink
    return user


def _may_mail(user: User, now: datetime) -> bool:
    mails = MailDelivery.objects.filter(kind=PASSWORD_RESET.key, subject_id=user.pk)
    if mails.filter(created_at__gt=now - RESET_MAIL_INTERVAL).exists():
        return False
    try:
        budgets.spend([RESET_MAILS.of(subject=str(user.pk))], now=now)
    except BudgetSpent:
        return False
    return True


def _set(user: User, password: str, *, now: datetime, keep_session: UUID | None) -> None:
    with platform_context(user_id=user.pk):
        User.objects.filter(pk=user.pk).update(password=make_password(password), password_changed_at=now)
        sessions.revoke_others(user=user, keep=keep_session, now=now)
        users.emit_user_event(user, "tenants.user.password_changed")
        queue_notice(user, PASSWORD_CHANGED)
