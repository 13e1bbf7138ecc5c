"""Keep checks of accounts on networks, and pause, resume and disconnect them.

``checks.check`` and ``release`` ask a provider and run outside any scope; the others write and ask nobody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from campaigns.accounts import checks, network_status
from campaigns.accounts.checks import Checked
from campaigns.accounts.models import AccountStatus, LinkedinAccount, NetworkAccount
from campaigns.accounts.network_connecting.attempts import gateway_column, gateway_id
from campaigns.accounts.network_health import judged_from
from campaigns.accounts.network_hooks import connected
from campaigns.accounts.providers import UNIPILE
from campaigns.gateways.unipile import accounts as gateway
from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.tenancy.context import require_no_scope
from lad.types import Actor

NEVER: Final = "It is not connected. Press “Connect” on its page."
GONE: Final = "The gateway no longer has this account. Connect it again."
# What the gateway says of an account, the worst first.
STATES: Final[Mapping[str, tuple[AccountStatus, str]]] = {
    "CREDENTIALS": (AccountStatus.EXPIRED, "The network has ended the session. Press “Connect” and sign in again."),
    "PERMISSIONS": (AccountStatus.REVOKED, "The network has withdrawn the permission. Connect the account again."),
    "STOPPED": (AccountStatus.ERROR, "The gateway has stopped this account. Press “Connect” and sign in again."),
    "ERROR": (AccountStatus.ERROR, "The gateway cannot reach the account. Check it again in a few minutes."),
    "CONNECTING": (AccountStatus.PENDING, "The gateway is still connecting. Check it again in a minute."),
}


class NotConnected(Conflict):
    """This account is not connected. Press “Connect” on its page first."""

    code = "not_connected"


class NothingToResume(Conflict):
    """This account is at work already."""

    code = "nothing_to_resume"


def is_through_gateway(account: NetworkAccount) -> bool:
    """Return whether the gateway carries the account, and not a provider with keys of the tenant's own."""
    return isinstance(account, LinkedinAccount) or account.provider == UNIPILE  # type: ignore[attr-defined]


def gateway_check(account: NetworkAccount) -> Checked:
    """Return what the gateway says of an account. Asks it."""
    found = gateway.read(gateway_id(account)) if gateway_id(account) else None
    if found is None:
        return Checked(AccountStatus.DISCONNECTED, GONE if gateway_id(account) else NEVER)
    return next((Checked(*STATES[word]) for word in STATES if word in found.statuses), Checked(AccountStatus.ACTIVE))


@transaction.atomic
def keep(*, account: NetworkAccount, checked: Checked, actor: Actor) -> Checked:
    """Keep what the provider said. An account that works again reads what it missed.

    Emits an event if it works again or no longer. Raises AccountChanged.
    """
    before = _locked(account)
    was = before.status
    if was == AccountStatus.PENDING and not checked.succeeded and is_through_gateway(before):
        # It still waits to be connected for the first time, and its page says for what.
        raise NotConnected
    network_status.record(before, checked.status, checked.reason)
    row = checks.keep(account, checked)
    if checked.succeeded and was != AccountStatus.ACTIVE:
        _works_again(row, again=was != AccountStatus.PENDING, actor=actor)
    vars(account).update(vars(row))
    return checked


def _works_again(row: NetworkAccount, *, again: bool, actor: Actor) -> None:
    if row.caught_up_at is None:
        # Nothing that came before is news.
        _write(row, caught_up_at=row.last_verified_at)
    emit(f"{row.event_name}.connected", aggregate=row, payload={"again": again}, actor=actor)
    connected(row, again=again)


@transaction.atomic
def pause(*, account: NetworkAccount, actor: Actor) -> NetworkAccount:
    """Let the account do nothing until somebody resumes it. What waits for it goes on waiting."""
    return writes.update(account, {"is_active": False}, actor=actor)


@transaction.atomic
def resume(*, account: NetworkAccount, checked: Checked, actor: Actor, now: datetime) -> Checked:
    """Let an account act again that a person paused or LAD stopped. It is judged anew from now on.

    It stays stopped if its provider says that it does not work. Emits an event. Raises NothingToResume.
    """
    row = _locked(account)
    if row.is_active and row.status == AccountStatus.ACTIVE:
        raise NothingToResume
    keep(account=row, checked=checked, actor=actor)
    if not checked.succeeded:
        vars(account).update(vars(row))
        return checked
    if not row.is_active:
        writes.update(row, {"is_active": True}, actor=actor)
    _write(row, health=judged_from(row.health, now), failures=0, next_send_at=None)
    emit(f"{row.event_name}.resumed", aggregate=row, payload={}, actor=actor)
    vars(account).update(vars(row))
    return checked


def release(account: NetworkAccount) -> None:
    """End the account's connection at the gateway, which then no longer reads its messages. Asks the gateway."""
    require_no_scope("The gateway is asked")
    if is_through_gateway(account) and gateway_id(account):
        gateway.delete(gateway_id(account))


@transaction.atomic
def keep_disconnected(*, account: NetworkAccount, actor: Actor) -> NetworkAccount:
    """Keep that the connection was ended. The account stays, inactive, with all that it did. Emits an event."""
    row = _locked(account)
    values: dict[str, Any] = {
        "status": AccountStatus.DISCONNECTED,
        "status_reason": "You disconnected it. Press “Connect” to use it again.",
        "is_active": False,
        "checkpoint": {},
    }
    if is_through_gateway(row):
        # The gateway's id is void: no report may find this account by it.
        values[gateway_column(type(row))] = ""
    _write(row, **values)
    emit(f"{row.event_name}.disconnected", aggregate=row, payload={}, actor=actor)
    vars(account).update(vars(row))
    return row


def _locked(account: NetworkAccount) -> NetworkAccount:
    row: NetworkAccount = type(account).objects.select_for_update(no_key=True).get(pk=account.pk)
    return row


def _write(row: NetworkAccount, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


checks.register_check(UNIPILE, gateway_check)
