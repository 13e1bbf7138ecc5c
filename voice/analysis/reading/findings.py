"""What an analysis finds: values, each with the turn and the words it came from and how sure it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

EMBEDDED: Final = "embedded"


class Outcome(StrEnum):
    """What came of a call."""

    MEETING_BOOKED = "meeting_booked"
    INTERESTED = "interested"
    INFORMATION = "information_requested"
    CALLBACK = "callback_requested"
    UNDECIDED = "undecided"
    NOT_INTERESTED = "not_interested"
    DO_NOT_CALL = "do_not_call"
    WRONG_PERSON = "wrong_person"
    GATEKEEPER = "gatekeeper"
    CUSTOMER = "already_customer"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    NO_CONVERSATION = "no_conversation"


class AnsweredBy(StrEnum):
    """Who or what answered, in the five classes of LiveKit's detection."""

    HUMAN = "human"
    MACHINE_IVR = "machine-ivr"
    MACHINE_VM = "machine-vm"
    MACHINE_UNAVAILABLE = "machine-unavailable"
    UNCERTAIN = "uncertain"


class Objection(StrEnum):
    """Why somebody hesitates."""

    PRICE = "price"
    TIMING = "timing"
    COMPETITOR = "competitor"
    AUTHORITY = "authority"
    NEED = "need"
    TRUST = "trust"


# After these nobody calls again.
DECLINED: Final = frozenset(
    {Outcome.NOT_INTERESTED, Outcome.DO_NOT_CALL, Outcome.WRONG_PERSON, Outcome.VOICEMAIL, Outcome.IVR}
    | {Outcome.NO_CONVERSATION, Outcome.CUSTOMER}
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One value of an analysis: the turn (from 0) and the words it was read from, None and empty where it follows
    from what was not said. ``confidence`` is from 0 to 1."""

    name: str
    value: Any
    turn: int | None
    words: str
    confidence: float
    source: str = EMBEDDED

    def stored(self) -> dict[str, Any]:
        """Return it as JSON."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return {
            "name": self.name,
            "value": value,
            "turn": self.turn,
            "words": self.words[:500],
            "confidence": round(self.confidence, 2),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Findings:
    """What a transcript says. ``fields`` are the agent's own, only those that were said."""

    outcome: Outcome
    answered_by: AnsweredBy
    sentiment: str | None
    do_not_call: bool
    objections: Sequence[Objection]
    follow_up_at: datetime | None
    summary: str
    engagement: str | None = None
    key_points: Sequence[str] = ()
    questions: Sequence[str] = ()
    concerns: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Evidence] = ()
    email_given: bool = False
    refuses_recording: bool = False
