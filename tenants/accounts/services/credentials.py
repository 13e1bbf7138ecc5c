"""E-mail and password: checked in constant-looking time, and locked out when somebody guesses."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from django.contrib.auth.hashers import make_password, verify_password
from django.db import connection
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import NotAuthenticated, Throttled
from lad.tenancy.context import platform_context
from tenants.accounts.models import SignInFailure, User

# Four free mistakes; from the fifth on the wait doubles, up to a bound so that nobody can be kept out for long.
FREE_FAILURES: Final = 4
FIRST_LOCK: Final = timedelta(seconds=30)
LONGEST_LOCK: Final = timedelta(minutes=15)
# Failures further apart than this are not one attack.
FAILURES_FORGOTTEN_AFTER: Final = timedelta(hours=24)


class WrongCredentials(NotAuthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"


class LockedOut(Throttled):
    """Signing in failed too often for this address; wait, or reset the password."""

    code = "locked_out"
    title = "Locked out"


def normalise_email(email: str) -> str:
    """An address as it is stored and compared: trimmed, in lower case."""
    return email.strip().lower()


def verify(*, email: str, password: str, now: datetime | None = None) -> User:
    """The active user with this address and password, noting the sign-in.

    An attempt counts as a failure before the password is looked at, so that guesses made at the
    same moment count too; success clears the count. Every refusal takes as long and reads the same,
    whether the address exists or not. Raises WrongCredentials or LockedOut.
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


def count_attempt(*, email: str, now: datetime) -> None:
    """Count one attempt for the address, durably. Raises LockedOut while it is locked."""
    parameters: dict[str, Any] = {
        "id": uuid7(),
        "email": email[:255],
        "now": now,
        "forgotten": now - FAILURES_FORGOTTEN_AFTER,
        "free": FREE_FAILURES,
        "first": FIRST_LOCK,
        "longest": LONGEST_LOCK,
    }
    with platform_context(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sign_in_failures AS known (id, email, failures, last_failed_at)
            VALUES (%(id)s, %(email)s, 1, %(now)s)
            ON CONFLICT (email) DO UPDATE SET
                failures = CASE WHEN known.last_failed_at < %(forgotten)s THEN 1 ELSE known.failures + 1 END,
                last_failed_at = %(now)s,
                locked_until = CASE
                    WHEN known.last_failed_at < %(forgotten)s OR known.failures < %(free)s THEN NULL
                    ELSE %(now)s + least(%(longest)s, %(first)s * pow(2, least(known.failures - %(free)s, 20)))
                END
            WHERE known.locked_until IS NULL OR known.locked_until <= %(now)s
            RETURNING failures
            """,
            parameters,
        )
        if cursor.fetchone() is not None:
            return
        locked_until = SignInFailure.objects.values_list("locked_until", flat=True).get(email=email[:255])
    wait = (locked_until or now) - now
    raise LockedOut(retry_after=max(1, ceil(wait.total_seconds())))


def unlock(*, email: str) -> bool:
    """Forget the failures of an address; says whether there were any."""
    with platform_context():
        deleted, _ = SignInFailure.objects.filter(email=normalise_email(email)).delete()
    return deleted > 0


def _find(email: str) -> User | None:
    with platform_context():
        return User.objects.filter(email=email).first()


def _check(password: str, encoded: str | None) -> tuple[bool, bool]:
    if encoded is None:
        # As much work as a real check, so that the answer's time does not tell who has an account.
        make_password(password)
        return False, False
    return verify_password(password, encoded)
