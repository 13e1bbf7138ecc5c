"""Check e-mail address and password."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from lad.errors import NotAuthenticated
from lad.tenancy.context import platform_context
from tenants.accounts.clients import SignInClient
from tenants.accounts.hashers import check_stored
from tenants.accounts.models import User
from tenants.accounts.services import sign_in_limit
from tenants.accounts.services.sign_in_limit import normalise_email


class WrongCredentials(NotAuthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"


def verify(*, email: str, password: str, client: SignInClient | None = None, now: datetime | None = None) -> User:
    """Return the active user with this address and password, and record the sign-in.

    A failure takes as long and reads the same whether or not the account exists. Raises
    WrongCredentials or LockedOut. Call it outside a transaction: it may wait.
    """
    now = now or timezone.now()
    email = normalise_email(email)
    attempt = sign_in_limit.begin_attempt(email=email, client=client or SignInClient(), now=now)
    user = _find(email)
    correct, outdated = check_stored(password, user.password if user else None)
    if user is None or not correct or not user.is_active:
        raise WrongCredentials
    with platform_context(user_id=user.pk):
        sign_in_limit.succeed(attempt, now=now)
        changes = {"password": make_password(password)} if outdated else {}
        User.objects.filter(pk=user.pk).update(last_login=now, **changes)
    user.last_login = now
    return user


def _find(email: str) -> User | None:
    with platform_context():
        return User.objects.filter(email=email).first()
