"""What the gateway's words for the state of an account mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.accounts.models import AccountStatus

# LAD's own word for an account that the gateway does not know any more.
UNKNOWN_ACCOUNT: Final = "DELETED"


@dataclass(frozen=True, slots=True)
class Said:
    """A state and a sentence for users. ``status`` is None if the word says nothing of the state."""

    status: AccountStatus | None
    reason: str = ""


SAYS_NOTHING: Final = Said(None)
CONNECT_AGAIN: Final = "Connect it again on its page."
# Worst first: an account is as well as its worst connection.
STATES: Final[Mapping[str, Said]] = {
    "DELETED": Said(AccountStatus.DISCONNECTED, f"The gateway does not know this account any more. {CONNECT_AGAIN}"),
    "PERMISSIONS": Said(AccountStatus.REVOKED, f"The permission to use this account was taken back. {CONNECT_AGAIN}"),
    "CREDENTIALS": Said(AccountStatus.EXPIRED, f"The network has signed this account out. {CONNECT_AGAIN}"),
    "STOPPED": Said(AccountStatus.DISCONNECTED, f"The connection to the network was stopped. {CONNECT_AGAIN}"),
    "ERROR": Said(AccountStatus.ERROR, "The gateway has trouble with this account. If it lasts, connect it again."),
    "CONNECTING": Said(AccountStatus.PENDING, "The gateway is connecting this account."),
    "OK": Said(AccountStatus.ACTIVE),
}
# What webhooks call states otherwise.
ALSO: Final = {"CREATION_SUCCESS": "OK", "RECONNECTED": "OK", "SYNC_SUCCESS": "OK"}


def said_by(word: str) -> Said:
    """Return what a word of the gateway says."""
    return STATES.get(ALSO.get(word, word), SAYS_NOTHING)


def status_of(states: Sequence[str], reported: Said) -> Said:
    """Return the state of an account with connections in these states; what was reported if there are none."""
    known = [each for each in STATES if each in states]
    return STATES[known[0]] if known else reported
