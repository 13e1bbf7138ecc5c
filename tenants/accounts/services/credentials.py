"""Check e-mail address and password."""

from datetime import datetime

from django.contrib.auth.hashers import make_password, verify_password
from django.utils import timezone

from lad.errors import NotAuthenticated
from lad.tenancy.context import platform_context
from tenants.accounts.models import SignInFailure, User
from tenants.accounts.services.sign_in_limit import count_attempt, normalise_email


class WrongCredentials(NotAuthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"


def verify(*, email: str, password: str, now: datetime | None = None) -> User:
    """Return the active user with this address and password, and record the sign-in.

    A failure takes as long and reads the same whether or not the account exists. Raises
    WrongCredentials or LockedOut.
    """
    now = now or timezone.now()
    email = normalise_email(email)
    count_attempt(email=email, now=now)
    user = _find(email)
    correct, outdated = _check(password, user.password if user else None)
    if user is None or not correct or not user.is_active:
        raise WrongCredentials
    with platform_context(user_id=user.pk):
        SignInFailure.objects.filter(email=email).delete()
        changes = {"password": make_password(password)} if outdated else {}
        User.objects.filter(pk=user.pk).update(last_login=now, **changes)
    user.last_login = now
    return user


def _find(email: str) -> User | None:
    with platform_context():
        return User.objects.filter(email=email).first()


def _check(password: str, encoded: str | None) -> tuple[bool, bool]:
    """Return whether the password is correct, and whether its hash is outdated."""
    if encoded is None:
        # Do the work of a real check, so that the response time does not reveal who has an account.
        make_password(password)
        return False, False
    return verify_password(password, encoded)
