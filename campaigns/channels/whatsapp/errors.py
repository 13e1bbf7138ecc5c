"""What WhatsApp's errors mean: for the message, its recipient, or the account.

Codes: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.accounts.models import AccountStatus
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Limit, Result
from campaigns.messages.models import Action
from lad.observability import mask_text
from lad.requests import Answer

MAX_TEXT: Final = 300
CLOSED_WINDOW: Final = 131047
UNDELIVERABLE: Final = 131026
STOPPED_MARKETING: Final = 131050
CLOSED: Final = (
    "WhatsApp takes no free text here: the person last wrote more than 24 hours ago, or never. Send an approved"
    " template instead, or wait until they write."
)
NOT_REACHABLE: Final = (
    "WhatsApp could not deliver the message: the number is not on WhatsApp, has blocked this account, or has an app"
    " that is too old."
)
OPTED_OUT: Final = "The person stopped marketing messages of this account in WhatsApp."
UNDERSTOOD: Final = "WhatsApp answered {code}: {text}"

# Only a person can help with these.
ACCOUNTS: Final[Mapping[int, tuple[AccountStatus, str]]] = {
    0: (AccountStatus.EXPIRED, "WhatsApp does not accept the access token. Enter a valid one, then test the account."),
    190: (
        AccountStatus.EXPIRED,
        "The access token has expired or was withdrawn. Enter a new one, then test the account.",
    ),
    3: (AccountStatus.REVOKED, "The access token may not send messages. Give it whatsapp_business_messaging."),
    10: (AccountStatus.REVOKED, "The access token may not act for this number. Give it the permission, then test."),
    368: (AccountStatus.ERROR, "WhatsApp has blocked this account for its content. See WhatsApp Manager."),
    130497: (AccountStatus.ERROR, "WhatsApp does not let this account write to people in some countries."),
    131031: (AccountStatus.ERROR, "WhatsApp has locked this account. See WhatsApp Manager for what to do."),
    131042: (AccountStatus.ERROR, "WhatsApp has no valid way to be paid. Add one in WhatsApp Manager, then test."),
    131045: (AccountStatus.ERROR, "The number's certificate is not valid. Register the number again."),
    133010: (AccountStatus.ERROR, "The number is not registered with the Cloud API. Register it, then test."),
}
PERMISSIONS: Final = range(200, 300)
# The account is asked to send less for a while.
SLOWER: Final[Mapping[int, timedelta]] = {
    4: timedelta(hours=1),
    80007: timedelta(hours=1),
    130429: timedelta(minutes=2),
}
SPAM_LIMIT: Final = 131048
WAIT_SECONDS: Final = 60.0
# Nothing was sent, and the same may work later.
PASSING: Final = frozenset({1, 2, 131000, 131016, 131056, 131057, 133004})
REFUSED: Final[Mapping[int, str]] = {
    130472: "WhatsApp left the person out of marketing messages, as an experiment of its own.",
    131021: "The number is this account's own.",
    131030: "The number is not on the list of recipients of this test account. Add it in WhatsApp's dashboard.",
    131049: "WhatsApp did not deliver it, because the person got enough marketing messages of late. Try another day.",
    132000: "The template has another number of variables. Read the templates from WhatsApp again.",
    132001: "WhatsApp has no approved template of this name in this language. Read the templates from WhatsApp again.",
    132005: "The text is too long with its variables filled in. Shorten them.",
    132007: "WhatsApp refuses the template's content. See WhatsApp Manager.",
    132012: "A variable of the template has the wrong form. Correct it in the step.",
    132015: "WhatsApp has paused the template, because people did not like it. Choose another one.",
    132016: "WhatsApp has disabled the template. Choose another one.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of WhatsApp, in an answer or a report."""

    code: int
    text: str

    @property
    def sentence(self) -> str:
        """Return what it means for people."""
        if self.code == CLOSED_WINDOW:
            return CLOSED
        if self.code == UNDELIVERABLE:
            return NOT_REACHABLE
        if self.code == STOPPED_MARKETING:
            return OPTED_OUT
        if self.code in ACCOUNTS:
            return ACCOUNTS[self.code][1]
        return REFUSED.get(self.code) or UNDERSTOOD.format(code=self.code, text=self.text)

    @property
    def bounce(self) -> dict[str, object] | None:
        """Return what it says about the recipient's number, if anything."""
        if self.code != UNDELIVERABLE:
            return None
        return {"severity": "hard", "sentence": self.sentence, "code": self.code}


def problem_of(error: object) -> Problem:
    """Return an error as WhatsApp writes it in answers and in reports."""
    values: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code = values.get("code")
    details = values.get("error_data") if isinstance(values.get("error_data"), dict) else {}
    text = str((details or {}).get("details") or values.get("message") or values.get("title") or "")
    return Problem(code if isinstance(code, int) else -1, mask_text(text)[:MAX_TEXT])


def result_of(answer: Answer, *, now: datetime) -> Result:
    """Return what an answer below 500 that is no success means for the message. Raises AccountTrouble."""
    if (trouble := account_error(answer)) is not None:
        raise trouble
    problem = problem_of(answer.json.get("error"))
    if problem.code in SLOWER:
        return Result(Fate.NOT_SENT, problem.sentence, limit=Limit(Action.MESSAGE, "", now + SLOWER[problem.code]))
    if problem.code == SPAM_LIMIT:
        return Result(Fate.NOT_SENT, problem.sentence, limit=Limit(Action.MESSAGE, "day"))
    if problem.code in PASSING:
        return Result(Fate.NOT_SENT, problem.sentence)
    if answer.status == 429:
        until = now + timedelta(seconds=answer.retry_after(WAIT_SECONDS))
        return Result(Fate.NOT_SENT, problem.sentence, limit=Limit(Action.MESSAGE, "", until))
    return Result(Fate.REFUSED, problem.sentence, bounce=problem.bounce)


def account_error(answer: Answer) -> AccountTrouble | None:
    """Return the error if an answer says that the account cannot be used."""
    problem = problem_of(answer.json.get("error"))
    if problem.code in ACCOUNTS:
        status, text = ACCOUNTS[problem.code]
        return AccountTrouble(text, status)
    if problem.code in PERMISSIONS:
        return AccountTrouble(ACCOUNTS[10][1], AccountStatus.REVOKED)
    if answer.status == 401:
        return AccountTrouble(ACCOUNTS[190][1], AccountStatus.EXPIRED)
    return None
