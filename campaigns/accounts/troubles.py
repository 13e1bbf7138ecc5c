"""What accounts on networks lead to that fail: another try later, or a stop until a person acts."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least, Now

from campaigns.accounts import network_status
from campaigns.accounts.models import AccountStatus, NetworkAccount
from lad.errors import DomainError

FAILURES_BEFORE_STOP: Final = 10
MAX_FAILURES_COUNTED: Final = 1_000
FIRST_RETRY: Final = timedelta(minutes=2)
LAST_RETRY: Final = timedelta(hours=1)


class AccountTrouble(DomainError):
    """The account cannot be used. ``account_status`` is what it becomes; active means that it is tried again later."""

    code = "account_trouble"
    status: ClassVar[int] = 422
    title = "The account cannot be used"

    def __init__(self, detail: str, account_status: AccountStatus = AccountStatus.ACTIVE) -> None:
        super().__init__(detail)
        self.account_status = account_status


@transaction.atomic
def record_trouble(account: NetworkAccount, error: DomainError) -> None:
    """Keep that the account cannot be used: its messages wait. It stops if only a person can help."""
    status = getattr(error, "account_status", AccountStatus.ACTIVE)
    if status != AccountStatus.ACTIVE:
        stop(account, status, error.detail)
        return
    failures = min(account.failures + 1, MAX_FAILURES_COUNTED)
    delay = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LAST_RETRY)
    account.failures = failures
    _active(account).update(failures=failures, status_reason=error.detail, next_send_at=Now() + delay)


@transaction.atomic
def record_failure(account: NetworkAccount, reason: str) -> None:
    """Count an action that failed. After several in a row the account stops, saying why."""
    type(account)._default_manager.filter(pk=account.pk).update(failures=Least(F("failures") + 1, MAX_FAILURES_COUNTED))
    account.failures = min(account.failures + 1, MAX_FAILURES_COUNTED)
    if account.failures >= FAILURES_BEFORE_STOP:
        text = (
            f"{FAILURES_BEFORE_STOP} actions in a row failed. The last time: {reason} Solve this, then resume the"
            " account on its page."
        )
        stop(account, AccountStatus.ERROR, text)


def record_success(account: NetworkAccount) -> None:
    """Keep that the account works, unless it was stopped meanwhile."""
    if account.failures:
        account.failures = 0
        _active(account).update(failures=0, status_reason="")


def stop(account: NetworkAccount, status: AccountStatus, reason: str) -> None:
    """Let the account do nothing until a person acts, unless it was stopped already."""
    if _active(account).exists():
        network_status.record(account, status, reason)


def rest(account: NetworkAccount, until: datetime) -> None:
    """Let the account do nothing until a moment, because its network asked for it."""
    account.paused_until = until
    _active(account).update(paused_until=until, next_send_at=until)


def _active(account: NetworkAccount) -> QuerySet[NetworkAccount]:
    return type(account)._default_manager.filter(pk=account.pk, status=AccountStatus.ACTIVE)
