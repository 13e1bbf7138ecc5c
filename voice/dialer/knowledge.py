"""What LAD knows of one call, and how one more report of it is added: in any order, and any number of times.

Facts only grow. An answer is never taken back, a time never becomes later, and a cause that says how the call ended
replaces one that only says that it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, Final

from voice.calls.models import CallLog
from voice.carriers.outcomes import AnsweredBy, Cause, Outcome
from voice.carriers.protocol import CarrierCall, Presence, Usage
from voice.dialer.facts import FACTS, facts_of, merged, moment_of, price_of, recording_of, seconds_of, usage_of
from voice.dialer.models import CallPlacement

# The carrier does not know the call any more. Who was answered was talked to; the rest is not known.
GONE: Final = Cause("gone", Outcome.ANSWERED, Outcome.UNKNOWN)
# A call that the carrier knew and no longer knows, or of which it only says that it is over: its last callbacks may be
# on their way for so long.
LATE_CALLBACKS: Final = timedelta(seconds=150)
# Nobody knows whether the call was placed. By then a carrier has forgotten those that were not.
NEVER_CONFIRMED: Final = timedelta(minutes=12)
SIP: Final = "sip-"
ANSWER_COLUMNS: Final = ("answered", "answered_at", "answered_by", "cause", "if_answered", "if_unanswered")


@dataclass(slots=True)
class Known:
    """What is known of a call. ``confirmed`` says that the carrier had it."""

    reference: str = ""
    carrier_call_id: str = ""
    confirmed: bool = False
    answered: bool = False
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    cause: Cause | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    asked_at: datetime | None = None

    @classmethod
    def of_placement(cls, placement: CallPlacement) -> "Known":
        return cls(
            reference=placement.reference,
            carrier_call_id=placement.carrier_call_id,
            confirmed=placement.placed_at is not None,
            answered=placement.answered,
            answered_at=placement.answered_at,
            answered_by=AnsweredBy(placement.answered_by) if placement.answered_by else None,
            cause=_cause(placement.cause, placement.if_answered, placement.if_unanswered),
            facts=dict(placement.facts),
            asked_at=placement.asked_at,
        )

    @classmethod
    def of_call(cls, call: CallLog) -> "Known":
        """Return what is known of a call that LAD did not place."""
        kept = dict(facts_of(call, None))
        answered_by = kept.get("answered_by")
        return cls(
            reference=str(kept.get("reference", "")),
            confirmed=True,
            answered=bool(kept.get("answered")),
            answered_at=moment_of(kept, "answered_at"),
            answered_by=AnsweredBy(answered_by) if answered_by in AnsweredBy.values else None,
            cause=_cause(*(str(kept.get(name, "")) for name in ("cause", "if_answered", "if_unanswered"))),
            facts=kept,
        )

    def as_columns(self) -> dict[str, Any]:
        """Return the columns of a placement that keep this."""
        cause = self.cause
        return {
            "reference": self.reference,
            "carrier_call_id": self.carrier_call_id,
            "answered": self.answered,
            "answered_at": self.answered_at,
            "answered_by": self.answered_by or "",
            "cause": cause.raw if cause else "",
            "if_answered": cause.if_answered if cause else "",
            "if_unanswered": cause.if_unanswered if cause else "",
            "facts": self.facts,
        }

    def as_metadata(self) -> dict[str, Any]:
        """Return what the metadata of a call without a placement keeps."""
        columns = self.as_columns()
        kept = {name: columns[name] for name in (*ANSWER_COLUMNS, "reference")}
        kept["answered_at"] = self.answered_at.isoformat() if self.answered_at else None
        return {FACTS: {**self.facts, **kept}}

    def add(self, told: CarrierCall, at: datetime, now: datetime) -> frozenset[str]:
        """Add what a carrier told at a moment. Return what is news, by the names that ``DetailsCame`` has."""
        self.reference = self.reference or told.reference
        self.answered_by = told.answered_by if self.answered_by in (None, AnsweredBy.UNCERTAIN) else self.answered_by
        self._add_answer(told)
        learned = self._add_details(told)
        if told.presence == Presence.PLACED:
            self.confirmed = True
            self.facts.pop("gone_since", None)
        elif told.presence == Presence.UNKNOWN:
            self.facts.setdefault("gone_since", now.isoformat())
        self._add_end(told, now)
        return frozenset(learned)

    @property
    def is_weak(self) -> bool:
        """Return whether the cause only says that the call is over, and nothing says whether anybody answered."""
        return self.cause is not None and not self.answered and _is_weak(self.cause)

    @property
    def ended_at(self) -> datetime | None:
        """Return when the call ended. After a conversation of a known length, that counts from the answer."""
        said = moment_of(self.facts, "ended_at")
        if said is None and self.answered_at is not None and (seconds := self.talk_seconds) is not None:
            said = self.answered_at + timedelta(seconds=seconds)
        return said or moment_of(self.facts, "gone_since")

    @property
    def talk_seconds(self) -> int | None:
        """Return the length of the conversation: as the carrier says it, or if a time is missing, the recording's.

        None means that it follows from the answer and the end.
        """
        if (seconds := seconds_of(self.facts)) is not None:
            return seconds
        recording = recording_of(self.facts)
        if recording is None or recording.duration_seconds is None:
            return None
        both_known = self.answered_at is not None and moment_of(self.facts, "ended_at") is not None
        return None if both_known else ceil(recording.duration_seconds)

    @property
    def started_at(self) -> datetime | None:
        """Return when somebody answered. If only the end and the length are known, it follows from them."""
        if not self.answered:
            return None
        ended, seconds = self.ended_at, self.talk_seconds
        if self.answered_at is None and ended is not None and seconds is not None:
            return ended - timedelta(seconds=seconds)
        return self.answered_at

    def outcome(self, now: datetime) -> Outcome | None:
        """Return how the call ended, or None while it goes on, or while callbacks may still say how it ended."""
        if self.cause is None:
            return None
        since = moment_of(self.facts, "weak_since")
        if self.is_weak and since is not None and now - since < LATE_CALLBACKS:
            return None
        return self.cause.outcome(answered=self.answered, answered_by=self.answered_by)

    def _add_answer(self, told: CarrierCall) -> None:
        heard = any(turn.role == "person" for turn in told.transcript)
        recorded = told.recording is not None and bool(told.recording.duration_seconds)
        self.answered = self.answered or told.answered or heard or recorded
        if told.answered_at is not None and (self.answered_at is None or told.answered_at < self.answered_at):
            self.answered_at = told.answered_at

    def _add_details(self, told: CarrierCall) -> set[str]:
        learned: set[str] = set()
        if told.duration_seconds is not None and told.duration_seconds != seconds_of(self.facts):
            self.facts["duration_seconds"] = told.duration_seconds
            learned.add("duration")
        before, known = price_of(self.facts), usage_of(self.facts)
        if told.recording is not None and recording_of(self.facts) is None:
            learned.add("recording")
        if told.price is not None and (before is None or told.price.amount > before.amount):
            learned.add("price")
        if len(told.usage) >= len(known) and _amount(told.usage) > _amount(known):
            learned.add("usage")
        # Of a recording the newest link is the one that works.
        news = replace(
            told,
            price=told.price if "price" in learned else None,
            usage=told.usage if "usage" in learned else (),
        )
        self.facts = merged(self.facts, news)
        return learned

    def _add_end(self, told: CarrierCall, now: datetime) -> None:
        # Something ended of which nobody knows whether it was the call.
        cause = told.cause if told.presence == Presence.PLACED or self.confirmed or self.answered else None
        if cause is None and self.cause is None and self._is_gone(now):
            cause = GONE
        if cause is not None and (self.cause is None or _says_more(cause, self.cause)):
            self.cause = cause
        ended, before = told.ended_at, moment_of(self.facts, "ended_at")
        if ended is not None and (before is None or ended < before):
            self.facts["ended_at"] = ended.isoformat()
        if self.is_weak:
            self.facts.setdefault("weak_since", self.facts.get("gone_since", now.isoformat()))

    def _is_gone(self, now: datetime) -> bool:
        """Return whether a call that the carrier does not know is certainly over."""
        since = moment_of(self.facts, "gone_since")
        if since is None:
            return False
        recording = recording_of(self.facts)
        if recording is not None and recording.duration_seconds:
            return True
        if self.confirmed:
            return now - since >= LATE_CALLBACKS
        return self.asked_at is None or now - self.asked_at >= NEVER_CONFIRMED


def _is_weak(cause: Cause) -> bool:
    return cause.if_unanswered == Outcome.UNKNOWN


def _says_more(cause: Cause, known: Cause) -> bool:
    """Return whether a cause says more than the known one. The status codes of SIP say the most."""
    if _is_weak(cause):
        return False
    return _is_weak(known) or (cause.raw.startswith(SIP) and not known.raw.startswith(SIP))


def _cause(raw: str, if_answered: str, if_unanswered: str) -> Cause | None:
    return Cause(raw, Outcome(if_answered), Outcome(if_unanswered)) if raw else None


def _amount(usage: Sequence[Usage]) -> Decimal:
    return sum((each.amount for each in usage), Decimal(0))
