"""Say in a few words how an account on a network stands, and what its owner can do about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from campaigns.accounts.models import AccountStatus, NetworkAccount
from campaigns.accounts.network_connecting.attempts import attempt_of, gateway_id
from campaigns.accounts.network_health import halted_because
from campaigns.accounts.network_services import is_through_gateway


class Todo(StrEnum):
    """What helps."""

    NOTHING = ""
    CONNECT = "connect"
    CONTINUE = "continue"
    CHECK = "check"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Standing:
    """``label`` is short, ``reason`` a sentence or two, ``tone`` a colour of labels."""

    label: str
    tone: str
    reason: str = ""
    todo: Todo = Todo.NOTHING
    until: datetime | None = None


HALTED: Final = "Stopped by LAD"
PAUSED: Final = "Paused"
RESTING: Final = "Resting"
TONES: Final = {
    "Active": "success",
    "Not connected": "default",
    "Not checked": "default",
    "Connecting": "info",
    PAUSED: "default",
    RESTING: "info",
    HALTED: "danger",
    "Needs confirmation": "warning",
    "Sign-in expired": "danger",
    "Revoked": "danger",
    "Disconnected": "default",
    "Error": "danger",
}


def standing_of(account: NetworkAccount, *, now: datetime) -> Standing:
    """Return how the account stands."""
    attempt = attempt_of(account)
    open_attempt = attempt is not None and not attempt.is_over(now)
    if reason := halted_because(account):
        return _standing(HALTED, reason, Todo.RESUME)
    if account.status != AccountStatus.ACTIVE:
        return _not_working(account, open_attempt)
    if not account.is_active:
        return _standing(PAUSED, "Somebody paused it. What waits for it goes on waiting.", Todo.RESUME)
    if account.paused_until is not None and account.paused_until > now:
        text = account.status_reason or "The network asked for a rest. It goes on by itself."
        return Standing(RESTING, TONES[RESTING], text, until=account.paused_until)
    return _standing("Active", account.status_reason)


def _not_working(account: NetworkAccount, open_attempt: bool) -> Standing:
    label, reason = str(account.get_status_display()), account.status_reason
    if not is_through_gateway(account):
        return _standing("Not checked" if account.status == AccountStatus.PENDING else label, reason, Todo.CHECK)
    if account.status == AccountStatus.PENDING and not gateway_id(account):
        label = "Connecting" if open_attempt else "Not connected"
    if open_attempt:
        return _standing(label, reason, Todo.CONTINUE)
    return _standing(label, reason, Todo.CHECK if account.status == AccountStatus.ERROR else Todo.CONNECT)


def _standing(label: str, reason: str, todo: Todo = Todo.NOTHING) -> Standing:
    return Standing(label, TONES.get(label, "default"), reason, todo)
