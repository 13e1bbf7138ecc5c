"""The limit on failed sign-ins: after too many, the address is locked for a while."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from django.db import connection

from lad.db.identifiers import uuid7
from lad.errors import Throttled
from lad.tenancy.context import platform_context
from tenants.accounts.models import SignInFailure

# The fifth failure locks the address for 30 seconds; each further one doubles the lock, up to the maximum.
FAILURES_WITHOUT_LOCK: Final = 4
FIRST_LOCK: Final = timedelta(seconds=30)
MAX_LOCK: Final = timedelta(minutes=15)
# Counting starts again if the last failure is older than this.
FAILURE_LIFETIME: Final = timedelta(hours=24)
_MAX_EMAIL_LENGTH: Final = 255


class LockedOut(Throttled):
    """Signing in failed too often for this address; wait, or reset the password."""

    code = "locked_out"
    title = "Locked out"


def normalise_email(email: str) -> str:
    """Return an address as it is stored and compared: trimmed, in lower case."""
    return email.strip().lower()


def count_attempt(*, email: str, now: datetime) -> None:
    """Count an attempt as failed, in a transaction of its own. Raises LockedOut while the address is locked.

    Call it before checking the password, so that simultaneous guesses all count; ``unlock`` after success.
    """
    parameters: dict[str, Any] = {
        "id": uuid7(),
        "email": email[:_MAX_EMAIL_LENGTH],
        "now": now,
        "forgotten": now - FAILURE_LIFETIME,
        "free": FAILURES_WITHOUT_LOCK,
        "first": FIRST_LOCK,
        "longest": MAX_LOCK,
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
        failure = SignInFailure.objects.get(email=email[:_MAX_EMAIL_LENGTH])
    wait = (failure.locked_until or now) - now
    raise LockedOut(retry_after=max(1, ceil(wait.total_seconds())))


def unlock(*, email: str) -> bool:
    """Delete the failures of an address and return whether there were any."""
    with platform_context():
        deleted, _ = SignInFailure.objects.filter(email=normalise_email(email)).delete()
    return deleted > 0


def clean_up(*, now: datetime) -> None:
    """Delete failures that no longer count."""
    with platform_context():
        SignInFailure.objects.filter(last_failed_at__lt=now - FAILURE_LIFETIME).delete()
