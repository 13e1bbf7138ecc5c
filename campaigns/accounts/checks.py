"""Test accounts on networks: ask their provider what it says of them, and keep the answer.

Channels register how the accounts of their provider are tested.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, NetworkAccount
from campaigns.accounts.providers import channel_providers
from lad.errors import Conflict
from lad.tenancy.context import require_no_scope


class NoTest(Conflict):
    """LAD has no test for accounts of this provider."""

    code = "no_account_test"


class AccountChanged(Conflict):
    """The account was changed while it was tested. Test it again."""

    code = "account_changed"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the provider says of the account, under a label for people."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a test: the account's status, what is wrong and what to do, and what the provider says of it.

    ``notes`` are sentences about what should be changed although the account works. ``limits`` are what the provider
    allows of each action a day.
    """

    status: AccountStatus
    reason: str = ""
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    address: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status == AccountStatus.ACTIVE


# Any kind of account: each function knows that of its provider.
Check = Callable[[Any], Checked]
_checks: Final[dict[str, Check]] = {}
# What a test found holds for these only.
PLACE: Final = ("provider", "provider_account_id", "provider_parent_id", "base_url", "secret")


def register_check(provider: str, function: Check) -> None:
    """Test accounts of a provider with the function. It asks the provider, and raises nothing about the account."""
    if _checks.setdefault(provider, function) is not function:
        raise ValueError(f"Accounts of {provider} are tested twice.")


def can_check(account: NetworkAccount) -> bool:
    """Return whether LAD can test the account."""
    return _provider(account) in _checks


def check(account: NetworkAccount) -> Checked:
    """Ask the account's provider about it. Writes nothing; call it outside any scope. Raises NoTest."""
    require_no_scope("A provider is asked about an account")
    function = _checks.get(_provider(account))
    if function is None:
        label = channel_providers.get(_provider(account)).label if _provider(account) in channel_providers else ""
        raise NoTest(f"LAD has no test for accounts of {label}." if label else "")
    return function(account)


@transaction.atomic
def keep(account: NetworkAccount, found: Checked, *, now: datetime | None = None) -> NetworkAccount:
    """Keep the result of a test on the account, in its tenant's scope, and return it. Raises AccountChanged."""
    now = now or timezone.now()
    row: NetworkAccount = type(account).all_objects.select_for_update(no_key=True).get(pk=account.pk)
    if any(getattr(row, name, None) != getattr(account, name, None) for name in PLACE):
        raise AccountChanged
    values: dict[str, Any] = {
        "status": found.status,
        "status_reason": " ".join([found.reason, *found.notes]).strip(),
        "health": {**row.health, "facts": [[each.key, each.label, each.value] for each in found.facts]},
    }
    if found.succeeded:
        values |= {"last_verified_at": now, "failures": 0, "next_send_at": None}
        values["learned_limits"] = with_limits(row.learned_limits, found.limits, now)
        if found.address and hasattr(row, "address") and not row.address:
            values["address"] = found.address
    type(row).all_objects.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)
    vars(account).update(vars(row))
    return row


def with_limits(learned: Mapping[str, Any], limits: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Return learned limits with those that the provider itself states. ``stated`` marks them."""
    given = {action: {"day": day, "at": now.isoformat(), "stated": True} for action, day in limits.items()}
    return {**learned, **given}


def _provider(account: NetworkAccount) -> str:
    return str(getattr(account, "provider", ""))
