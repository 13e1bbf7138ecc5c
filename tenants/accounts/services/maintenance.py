"""Periodic maintenance: end trials and delete expired rows."""

from datetime import datetime

from lad.idempotency.keys import expire_keys
from lad.tenancy.context import platform_context
from tenants import budgets
from tenants.accounts.services import sessions
from tenants.teams.services import tenants


def run(*, now: datetime) -> None:
    """Run every step in a transaction of its own. Idempotent and safe to run concurrently.

    Expired invitations are kept: their status is computed, and they can be sent again.
    """
    tenants.end_trials(now=now)
    sessions.clean_up(now=now)
    budgets.clean_up(now=now)
    with platform_context():
        expire_keys(now=now)
