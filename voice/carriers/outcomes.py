"""How calls end: the outcomes that LAD tells apart, and the carriers' own words for them."""

from dataclasses import dataclass
from typing import Final

from django.db import models

from voice.statuses import CallStatus


class Outcome(models.TextChoices):
    """How a call ended."""

    ANSWERED = "answered", "Answered"
    VOICEMAIL = "voicemail", "Voicemail"
    BUSY = "busy", "Busy"
    NO_ANSWER = "no_answer", "No answer"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"
    WRONG_NUMBER = "wrong_number", "Number not in service"
    REFUSED = "refused", "Refused by the carrier"
    OVER_LIMIT = "over_limit", "Over the carrier's limit"
    CARRIER_FAILED = "carrier_failed", "The carrier failed"
    AGENT_FAILED = "agent_failed", "The agent failed"
    UNKNOWN = "unknown", "Not known"


class AnsweredBy(models.TextChoices):
    """Who or what answered a call, in the classes of answering-machine detection."""

    HUMAN = "human", "Person"
    MACHINE_IVR = "machine-ivr", "Menu"
    MACHINE_VOICEMAIL = "machine-vm", "Voicemail"
    MACHINE_UNAVAILABLE = "machine-unavailable", "Announcement"
    UNCERTAIN = "uncertain", "Uncertain"


# Nobody is there, and nothing can be chosen.
VOICEMAILS: Final = frozenset({AnsweredBy.MACHINE_VOICEMAIL, AnsweredBy.MACHINE_UNAVAILABLE})
STATES: Final = {
    Outcome.ANSWERED: CallStatus.ENDED,
    Outcome.VOICEMAIL: CallStatus.ENDED,
    Outcome.BUSY: CallStatus.DECLINED,
    Outcome.NO_ANSWER: CallStatus.DECLINED,
    Outcome.DECLINED: CallStatus.DECLINED,
    Outcome.CANCELLED: CallStatus.CANCELLED,
    Outcome.WRONG_NUMBER: CallStatus.FAILED,
    Outcome.REFUSED: CallStatus.FAILED,
    Outcome.OVER_LIMIT: CallStatus.FAILED,
    Outcome.CARRIER_FAILED: CallStatus.FAILED,
    Outcome.AGENT_FAILED: CallStatus.FAILED,
    Outcome.UNKNOWN: CallStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a call ended, in the carrier's own word, and what that means.

    The same word means something else for a call that was answered. Callbacks come in any order, so the two outcomes
    stay side by side until it is known whether somebody answered.
    """

    raw: str
    if_answered: Outcome
    if_unanswered: Outcome

    def outcome(self, *, answered: bool, answered_by: AnsweredBy | None = None) -> Outcome:
        """Return how the call ended. A call that a machine answered and that seems to have gone well is a voicemail."""
        outcome = self.if_answered if answered else self.if_unanswered
        return Outcome.VOICEMAIL if outcome == Outcome.ANSWERED and answered_by in VOICEMAILS else outcome

    def state(self, *, answered: bool) -> CallStatus:
        return STATES[self.outcome(answered=answered)]
