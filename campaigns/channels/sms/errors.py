"""What Twilio's errors mean: for the message, its recipient, or the account.

Codes: https://www.twilio.com/docs/api/errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.accounts.models import AccountStatus
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Limit, Result
from campaigns.messages.models import Action
from lad.observability import mask_text
from lad.requests import Answer

MAX_TEXT: Final = 300
OPTED_OUT: Final = 21610
UNDERSTOOD: Final = "Twilio answered {code}: {text}"
WAIT_SECONDS: Final = 60.0

# Only a person can help with these.
ACCOUNTS: Final[Mapping[int, tuple[AccountStatus, str]]] = {
    20003: (AccountStatus.EXPIRED, "Twilio does not accept the auth token. Enter a valid one, then test the account."),
    20005: (AccountStatus.ERROR, "The Twilio account is not active. See Twilio's console, then test the account."),
    20008: (AccountStatus.ERROR, "Twilio's test credentials cannot send. Enter those of the live account."),
    20404: (AccountStatus.ERROR, "Twilio does not know the account SID. Correct it, then test the account."),
    21603: (AccountStatus.ERROR, "The account has no number to send from. Enter one, then test the account."),
    21606: (AccountStatus.ERROR, "The number cannot send SMS. Choose one in Twilio's console that can."),
    21659: (AccountStatus.ERROR, "The number to send from is not Twilio's. Correct it, then test the account."),
    21660: (AccountStatus.ERROR, "The number to send from belongs to another Twilio account. Correct it, then test."),
    21701: (AccountStatus.ERROR, "Twilio does not know the messaging service. Correct it, then test the account."),
    21703: (AccountStatus.ERROR, "The messaging service has no number. Add one in Twilio's console."),
    30002: (AccountStatus.ERROR, "Twilio has suspended the account. See Twilio's console, then test the account."),
    30034: (
        AccountStatus.ERROR,
        "The number is not registered for messages to the United States (A2P 10DLC). Register it in Twilio's console.",
    ),
}
SLOWER: Final = frozenset({14107, 20429, 21611, 30001, 30022})
# Numbers that no SMS can reach.
BAD_NUMBERS: Final[Mapping[int, str]] = {
    21211: "Twilio says that this is no telephone number. Correct it on the lead's page.",
    21214: "Twilio cannot reach this number.",
    21217: "Twilio says that this is no telephone number. Correct it on the lead's page.",
    21614: "Twilio says that this is no mobile number: it takes no SMS.",
    30005: "The number does not exist or is not in use.",
    30006: "The number is a landline, or its network takes no SMS.",
}
REFUSED: Final[Mapping[int, str]] = {
    OPTED_OUT: "The person asked for no more SMS from this number.",
    21408: "SMS to this country are not switched on in Twilio. Switch it on under “Geo permissions” in its console.",
    21602: "The message has no text.",
    21608: "A trial account of Twilio sends only to numbers that are verified there.",
    21612: "Twilio has no way from this number to the lead's. Send from another number.",
    21617: "The text is longer than the 1,600 letters that Twilio takes. Shorten it.",
    30003: "The phone is switched off or out of reach.",
    30004: "The message was blocked: the phone takes no messages from this number.",
    30007: "The carrier filtered the message as unwanted. Change its text, and write only to those who agreed.",
    30008: "The carrier did not deliver the message and does not say why.",
}
# What a report of these says about the number may pass.
PASSING_REPORTS: Final = frozenset({30003, 30008})


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of Twilio, in an answer or a report."""

    code: int
    text: str = ""

    @property
    def sentence(self) -> str:
        """Return what it means for people."""
        if self.code in ACCOUNTS:
            return ACCOUNTS[self.code][1]
        known = BAD_NUMBERS.get(self.code) or REFUSED.get(self.code)
        return known or UNDERSTOOD.format(code=self.code, text=self.text or "no reason was given.")

    @property
    def severity(self) -> str:
        """Return how much a report of it says about the number: hard, soft or block."""
        if self.code in BAD_NUMBERS:
            return "hard"
        return "soft" if self.code in PASSING_REPORTS else "block"

    @property
    def bounce(self) -> dict[str, object] | None:
        """Return what it says about the recipient's number, if anything."""
        if self.code not in BAD_NUMBERS:
            return None
        return {"severity": "hard", "sentence": self.sentence, "code": self.code}


def problem_of(answer: Answer) -> Problem:
    """Return the error of an answer. Its code is -1 if it names none."""
    code = answer.json.get("code")
    text = mask_text(str(answer.json.get("message") or ""))[:MAX_TEXT]
    return Problem(code if isinstance(code, int) else -1, text)


def result_of(answer: Answer, *, now: datetime) -> Result:
    """Return what an answer below 500 that is no success means for the message. Raises AccountTrouble."""
    if (trouble := account_error(answer)) is not None:
        raise trouble
    problem = problem_of(answer)
    if problem.code in SLOWER or answer.status == 429:
        until = now + timedelta(seconds=answer.retry_after(WAIT_SECONDS))
        return Result(Fate.NOT_SENT, problem.sentence, limit=Limit(Action.MESSAGE, "", until))
    return Result(Fate.REFUSED, problem.sentence, bounce=problem.bounce)


def account_error(answer: Answer) -> AccountTrouble | None:
    """Return the error if an answer says that the account cannot be used."""
    problem = problem_of(answer)
    if problem.code in ACCOUNTS:
        status, text = ACCOUNTS[problem.code]
        return AccountTrouble(text, status)
    if answer.status in (401, 403):
        return AccountTrouble(ACCOUNTS[20003][1], AccountStatus.EXPIRED)
    return None
