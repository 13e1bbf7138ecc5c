"""The limit on wrong passwords, for the API and the admin.

Attempts are counted per network address and per pair of account and address; either may be used up. An account
alone is never locked, or anybody could keep its owner out: many attempts on it from strange addresses only delay
the next ones. A device that signed in to the account before has a budget of its own. Accounts that do not exist are
counted in the same way, so that the limit does not tell which ones do.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from lad.errors import Throttled
from tenants import budgets
from tenants.accounts.clients import SignInClient
from tenants.budgets import Budget, BudgetSpent, Spending

ADDRESS: Final = Budget("sign-in-address", size=20, interval=timedelta(minutes=2))
PAIR: Final = Budget("sign-in-account-and-address", size=5, interval=timedelta(minutes=5))
DEVICE: Final = Budget("sign-in-device", size=10, interval=timedelta(minutes=5))
ACCOUNT: Final = Budget("sign-in-account", size=20, interval=timedelta(minutes=5), refuses=False)
PASSWORD_CHANGE: Final = Budget("password-change", size=5, interval=timedelta(minutes=5))
# Codes are guessed only by somebody who knows the password: a hundred guesses a day find one in a thousand years.
SECOND_FACTOR: Final = Budget("second-factor", size=5, interval=timedelta(minutes=15))

# So many attempts on an account are not delayed. Each further one doubles the delay, up to the maximum.
ATTEMPTS_WITHOUT_DELAY: Final = 10
FIRST_DELAY_SECONDS: Final = 0.125
MAX_DELAY_SECONDS: Final = 2.0
# The other half of a worker's threads goes on serving while an account is attacked.
_delays: Final = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


class LockedOut(Throttled):
    """Too many wrong passwords were entered here: wait, or reset the password."""

    code = "locked_out"
    title = "Locked out"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in, counted as failed until it succeeds."""

    email: str
    spendings: Sequence[Spending]


def normalise_email(email: str) -> str:
    """Return an address as it is stored and compared: trimmed, in lower case."""
    return email.strip().lower()


def begin_attempt(*, email: str, client: SignInClient, now: datetime) -> Attempt:
    """Count an attempt as failed, in a transaction of its own, and wait if many others tried the account.

    Call it before checking the password, so that simultaneous guesses all count; ``succeed`` takes it back. Call it
    outside a transaction: it may sleep. Raises LockedOut.
    """
    if client.knows(email):
        spendings = [DEVICE.of(subject=email, client=client.device_id)]
        _spend(spendings, now)
        return Attempt(email, spendings)
    # Calls that come from no request have no address to count.
    shared = [ADDRESS.of(client=client.network)] if client.network else []
    spendings = [*shared, PAIR.of(subject=email, client=client.network), ACCOUNT.of(subject=email)]
    *_rest, attempts_on_account = _spend(spendings, now)
    _delay(delay_seconds(attempts_on_account))
    return Attempt(email, spendings)


def succeed(attempt: Attempt, *, now: datetime) -> None:
    """Take back an attempt whose password was right, and forget the wrong ones of the same client."""
    own = [each for each in attempt.spendings if each.budget in (PAIR, DEVICE)]
    for each in own:
        budgets.reset(subject=attempt.email, kinds=[each.budget], client=each.client)
    budgets.refund([each for each in attempt.spendings if each not in own], now=now)


def count_password_change(*, user_id: UUID, now: datetime) -> None:
    """Count an attempt of a signed-in user to change the password. It does not affect signing in. Raises LockedOut."""
    _spend([PASSWORD_CHANGE.of(subject=str(user_id))], now)


def allow_password_changes(*, user_id: UUID) -> None:
    """Forget a user's wrong current passwords, after the right one."""
    budgets.reset(subject=str(user_id), kinds=[PASSWORD_CHANGE])


def unlock(*, email: str) -> bool:
    """Forget the wrong passwords and codes of an account and return whether there were any."""
    return budgets.reset(subject=normalise_email(email), kinds=[PAIR, DEVICE, ACCOUNT, SECOND_FACTOR])


def delay_seconds(attempts: int) -> float:
    """Return how long an attempt waits if so many count on its account."""
    excess = attempts - ATTEMPTS_WITHOUT_DELAY
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (excess - 1)) if excess > 0 else 0.0


def _spend(spendings: Sequence[Spending], now: datetime) -> list[int]:
    try:
        return budgets.spend(spendings, now=now)
    except BudgetSpent as error:
        raise LockedOut(retry_after=error.retry_after) from error


def _delay(seconds: float) -> None:
    if seconds and _delays.acquire(blocking=False):
        try:
            time.sleep(seconds)
        finally:
            _delays.release()
