"""What time alone brings about: trials end, and what has expired is cleared away."""

from datetime import datetime

from lad.idempotency import middleware as idempotency
from lad.tenancy.context import platform_context
from tenants.accounts.models import SignInFailure
from tenants.accounts.services import sessions
from tenants.accounts.services.credentials import FAILURES_FORGOTTEN_AFTER
from tenants.teams.services import tenants


def tend(*, now: datetime) -> None:
    """Do all of it, each in a transaction of its own. Idempotent, and safe to run by many at once.

    Invitations need no tending: an expired one reads as expired from that minute, and stays for
    whoever wants to send it again.
    """
    tenants.end_trials(now=now)
    sessions.clean_up(now=now)
    with platform_context():
        SignInFailure.objects.filter(last_failed_at__lt=now - FAILURES_FORGOTTEN_AFTER).delete()
    with platform_context():
        idempotency.expire_keys(now=now)
