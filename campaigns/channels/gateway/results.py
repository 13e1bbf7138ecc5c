"""Say as the result of an attempt what the gateway's errors mean."""

from typing import Any, Final

from campaigns.channels.protocol import Fate, Limit, Result
from campaigns.gateways.unipile.errors import (
    AccountTrouble,
    AnswerLost,
    GatewayDown,
    GatewayError,
    GatewayMissing,
    KeyRefused,
    LimitMet,
    Refused,
)

WAITS: Final = "The network takes no more of this from the account for now. It waits."
LOST: Final = "The gateway may have done it, but its answer was lost. LAD looks for it."
# Nobody is at the address.
NOBODY: Final = frozenset({"invalid_recipient", "no_profile"})
# About the account: its other messages would fare no better, and nothing was handed over.
ABOUT_ACCOUNT: Final = (AccountTrouble, KeyRefused, GatewayMissing)


def result_of(error: GatewayError, action: str) -> Result:
    """Return the result of an attempt that ended with the error. Raises it if the account cannot be used."""
    if isinstance(error, ABOUT_ACCOUNT):
        raise error
    if isinstance(error, LimitMet):
        return Result(Fate.NOT_SENT, WAITS, by_account=True, limit=Limit(action, error.period, error.until))
    if isinstance(error, AnswerLost):
        return Result(Fate.UNKNOWN, LOST, by_account=True)
    if isinstance(error, GatewayDown):
        return Result(Fate.NOT_SENT, error.detail, by_account=True, usable=False)
    kind = error.kind if isinstance(error, Refused) else ""
    return Result(Fate.REFUSED, error.detail, bounce=_bounce(error) if kind in NOBODY else None)


def _bounce(error: GatewayError) -> dict[str, Any]:
    return {"severity": "hard", "sentence": error.detail}
