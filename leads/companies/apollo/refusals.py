"""Keep on an account what Apollo says about its key and plan, so that its page shows it."""

from collections.abc import Mapping
from typing import Any, Final

from lad.tenancy.context import platform_context
from leads.companies.accounts.mails import queue_notice
from leads.companies.accounts.models import AccountStatus, DirectoryAccount
from leads.companies.apollo.errors import DirectoryError, KeyRefused, PlanRefused

# CreditsUsedUp is none of them: credits come back with the next cycle.
STATUSES: Final[Mapping[type[DirectoryError], AccountStatus]] = {
    KeyRefused: AccountStatus.KEY_REFUSED,
    PlanRefused: AccountStatus.PLAN_REFUSED,
}


def keep_refusal(account: DirectoryAccount, error: DirectoryError) -> None:
    """Keep that the directory refused the key or the plan. Tell the owners of one that has worked before.

    Other failures leave the account as it is.
    """
    status = STATUSES.get(type(error))
    if status is None or account.status == status:
        return
    with platform_context():
        # Of several calls that are refused at once, one tells.
        rows = DirectoryAccount.all_objects.filter(pk=account.pk, status=AccountStatus.CONNECTED)
        has_worked = rows.select_for_update(no_key=True, of=("self",)).first() is not None
        keep(account, status=status, status_reason=error.detail)
        if has_worked and account.status == status:
            queue_notice(account)


def keep(account: DirectoryAccount, **values: Any) -> None:
    """Write values about the account's key and address, unless these were changed in the meantime."""
    # A tenant may use the platform's account, but not write it.
    with platform_context():
        rows = DirectoryAccount.all_objects.filter(pk=account.pk)
        stored = rows.filter(base_url=account.base_url, provider=account.provider).first()
        if stored is None or stored.api_key != account.api_key:
            return
        rows.update(**values)
    for name, value in values.items():
        setattr(account, name, value)
