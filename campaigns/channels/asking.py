"""Ask providers of messages, and say of a message that was handed over what is known of it."""

from typing import Final

from campaigns.accounts.models import AccountStatus
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Result
from campaigns.gateways.endpoints import endpoints
from lad import requests
from lad.requests import Answer, Asked

FORBIDDEN: Final = "LAD does not call the address of the account's provider. Correct it on the account's page."
NOT_REACHED: Final = "{provider} cannot be reached. LAD tries again."
LOST: Final = "{provider} may have taken the message, but its answer was lost."
FAILED: Final = "{provider} failed with status {status}, and may have taken the message."


def ask(provider: str, asked: Asked) -> Answer:
    """Return the answer to a question that changes nothing. Raises AccountTrouble."""
    try:
        return requests.ask(endpoints, asked)
    except requests.Forbidden:
        raise AccountTrouble(FORBIDDEN, AccountStatus.ERROR) from None
    except requests.RequestFailed:
        raise AccountTrouble(NOT_REACHED.format(provider=provider)) from None


def hand_over(provider: str, asked: Asked) -> Answer | Result:
    """Hand a message over, once. Return the answer, or the result if there is none that says what became of it.

    Raises AccountTrouble; then nothing was handed over.
    """
    try:
        answer = requests.ask(endpoints, asked)
    except requests.Forbidden:
        raise AccountTrouble(FORBIDDEN, AccountStatus.ERROR) from None
    except requests.NotDelivered:
        return Result(Fate.NOT_SENT, NOT_REACHED.format(provider=provider), by_account=True, usable=False)
    except requests.RequestFailed:
        return Result(Fate.UNKNOWN, LOST.format(provider=provider), by_account=True, usable=False)
    if answer.status >= 500:
        return Result(Fate.UNKNOWN, FAILED.format(provider=provider, status=answer.status), by_account=True)
    return answer
