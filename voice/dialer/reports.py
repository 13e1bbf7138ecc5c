"""Take in what carriers say of calls: callbacks, look-ups and reports, in any order and any number of times.

One function decides what follows. The line of a call is free as soon as the call is over; its record is finished when
it is known how it ended, and corrected if a late report knows better.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
import structlog
from django.db import IntegrityError, transaction

from lad.db.columns import Columns, read_related
from lad.db.queries import rows
from lad.db.statements import update_row
from lad.tenancy.context import current_tenant_id
from voice.analysis.queue import request_analyses
from voice.calls.corrections import correct_call
from voice.calls.models import CallLog
from voice.calls.services import CallReport, LockedCall, advance, lock_call, record_call_details
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import STATES, Outcome
from voice.carriers.protocol import CarrierCall, Presence, Turn
from voice.carriers.providers import LIVEKIT
from voice.dialer import hooks, retries
from voice.dialer.facts import moment_of
from voice.dialer.hooks import CallOver, DetailsCame
from voice.dialer.knowledge import Known
from voice.dialer.look_times import REPORT_PATIENCE, WORDS_PATIENCE, next_look
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.placing import back_to_queue
from voice.dialer.waking import wake
from voice.statuses import CallStatus

MAX_TRANSCRIPT_BYTES: Final = 900_000
OVER_SINCE: Final = "over_since"
PLACEMENT: Final = Columns(CallPlacement, "placement")
# Without its secrets, which take long to decrypt.
ACCOUNT: Final = Columns(CarrierAccount, "account", only=("id", "tenant_id", "carrier", "base_url", "agent"))
LOCK: Final = """
SELECT {placement}, {account} FROM voice_call_placements placement
LEFT JOIN carrier_accounts account ON account.id = placement.carrier_account_id
WHERE placement.tenant_id = %s AND placement.{key} = %s
FOR NO KEY UPDATE OF placement
"""
NEVER_PLACED: Final = "The carrier did not place the call."

log = structlog.get_logger("voice.dialer")


def take_in(subject: CallPlacement | CallLog, told: CarrierCall, *, at: datetime, now: datetime) -> CallLog:
    """Add what a carrier told of a call at a moment, and do what follows. Return the call.

    The call's status, its placement and the entry of its batch follow; features are told once that it is over, and of
    whatever is learned later. Call it in the tenant's scope. Repeating it changes nothing.
    """
    placement = _locked(subject)
    if placement is None:
        assert isinstance(subject, CallLog)
        locked = LockedCall(CallLog.objects.select_for_update(no_key=True).get(pk=subject.pk))
    elif OVER_SINCE in placement.facts:
        # Corrections lock for themselves what they correct: the entry may have another call by now.
        locked = LockedCall(placement.call_log)
    else:
        locked = lock_call(placement.call_log_id)
        placement.call_log = locked.call
        if locked.entry is not None and locked.entry[1].pk == placement.entry_id:
            placement.batch, placement.entry = locked.entry
    return _Report(locked, placement, at, now).take_in(told)


def _locked(subject: CallPlacement | CallLog) -> CallPlacement | None:
    key = "id" if isinstance(subject, CallPlacement) else "call_log_id"
    found = rows(_lock_statement(key), [current_tenant_id(), subject.pk])
    return read_related(found[0], PLACEMENT, "carrier_account", ACCOUNT) if found else None


@cache
def _lock_statement(key: str) -> str:
    return LOCK.format(placement=PLACEMENT, account=ACCOUNT, key=key)


class _Report:
    """One report that is taken in."""

    def __init__(self, locked: LockedCall, placement: CallPlacement | None, at: datetime, now: datetime) -> None:
        self.locked, self.placement, self.at, self.now = locked, placement, at, now
        self.call = call = locked.call
        self.known = Known.of_call(call) if placement is None else Known.of_placement(placement)
        self.was_over = OVER_SINCE in self.known.facts
        self.before = call.status, self.known.answered

    def take_in(self, told: CarrierCall) -> CallLog:
        if told.presence == Presence.NEVER_PLACED:
            return self._never_placed()
        if told.presence == Presence.UNKNOWN and self._is_of_another_attempt():
            return self.call
        learned = set(self.known.add(told, self.at, self.now))
        outcome = self.known.outcome(self.now)
        if self.was_over:
            learned |= self._correct(outcome)
        elif outcome is None:
            self._progress(told)
        elif self._waits_for_report(outcome):
            self._free_line()
        else:
            self._finish(outcome)
        if told.transcript and self._keep_transcript(told.transcript):
            learned.add("transcript")
        self._request_analysis(again="transcript" in learned or "outcome" in learned)
        self._save()
        if self.was_over and learned:
            hooks.tell_details(DetailsCame(self.call, self.placement, self.now, frozenset(learned)))
        return self.call

    def _never_placed(self) -> CallLog:
        """Let a call wait again of which the carrier is certain that it was not placed."""
        placement = self.placement
        if placement is not None and placement.state == PlacementState.UNKNOWN and not self.known.confirmed:
            back_to_queue(placement, until=self.now, reason=NEVER_PLACED)
            wake()
            log.info("call was not placed", call=str(self.call.pk))
        return self.call

    def _is_of_another_attempt(self) -> bool:
        """Return whether the end of something cannot be the end of this attempt to place the call.

        Nothing that ended before the carrier was asked, or while the call waits for its turn, was this call.
        """
        placement = self.placement
        if placement is None or placement.state == PlacementState.SETTLED:
            return False
        waits = placement.state in (PlacementState.QUEUED, PlacementState.PLACING)
        return waits or (placement.asked_at is not None and self.at < placement.asked_at)

    def _progress(self, told: CarrierCall) -> None:
        """Follow a call that goes on, or whose end is not certain yet."""
        if told.presence == Presence.PLACED:
            self._mark_placed(told)
        status = told.state
        if self.known.answered and status != CallStatus.PENDING:
            status = CallStatus.ONGOING
        if status in (CallStatus.RINGING, CallStatus.ONGOING):
            report = CallReport(at=self.known.answered_at if status == CallStatus.ONGOING else self.at)
            self.call = advance(self.locked, status=status, report=report, now=self.now)

    def _mark_placed(self, told: CarrierCall) -> None:
        placement = self.placement
        if placement is None or placement.state == PlacementState.SETTLED:
            return
        placement.placed_at = placement.placed_at or told.placed_at or self.at
        if placement.state != PlacementState.PLACED:
            before = placement.state
            placement.state, placement.lease_until = PlacementState.PLACED, None
            placement.asked_at = placement.asked_at or placement.placed_at
            try:
                with transaction.atomic():
                    placement.save(update_fields=["state", "lease_until", "placed_at", "asked_at"])
            except IntegrityError:
                # It waited for its turn, and another call to the number went first.
                placement.state = before
                log.warning("a call is under way that should wait", call=str(self.call.pk))

    def _waits_for_report(self, outcome: Outcome) -> bool:
        """Return whether the agent's report, which says who answered, is likely to come."""
        account = self.placement.carrier_account if self.placement is not None else None
        if outcome != Outcome.ANSWERED or self.known.answered_by is not None or account is None:
            return False
        since = moment_of(self.known.facts, "line_free_since") or self.now
        reports = account.carrier == LIVEKIT.key and bool(account.agent)
        return reports and not self.call.transcripts and self.now - since < REPORT_PATIENCE

    def _free_line(self) -> None:
        """Let the next call begin. This one is over; how it ended is known in a moment."""
        self.known.facts.setdefault("line_free_since", self.now.isoformat())
        if self.placement is not None and self.placement.state != PlacementState.SETTLED:
            self.placement.state = PlacementState.SETTLED
            wake()

    def _finish(self, outcome: Outcome) -> None:
        placement, known = self.placement, self.known
        self._free_line()
        known.facts[OVER_SINCE] = self.now.isoformat()
        retry_at = None
        if placement is not None:
            for name, value in known.as_columns().items():
                setattr(placement, name, value)
            placement.placed_at = placement.placed_at or (self.at if known.confirmed else None)
            retry_at = retries.retry_at(placement, outcome, now=self.now)
        self.call = advance(
            self.locked,
            status=STATES[outcome],
            report=self._times(reason="" if STATES[outcome] != CallStatus.FAILED else outcome.label),
            now=self.now,
            outcome=outcome,
            answered_by=known.answered_by or "",
            cause=known.cause.raw if known.cause else "",
            retry_at=retry_at,
        )
        if placement is None:
            # Who is told reads what is known from there.
            self._save()
        hooks.tell(CallOver(self.call, placement, outcome, self.known.ended_at or self.at, retry_at))

    def _correct(self, outcome: Outcome | None) -> set[str]:
        """Write what is known better now. Return which of ``outcome`` and ``duration`` are others than were known."""
        if outcome is None or not self.call.outcome:
            return set()
        before = {"outcome": self.call.outcome, "duration": self.call.duration_seconds}
        self.call = correct_call(
            call=self.call,
            outcome=outcome,
            answered_by=self.known.answered_by or "",
            cause=self.known.cause.raw if self.known.cause else "",
            report=self._times(),
            now=self.now,
        )
        after = {"outcome": self.call.outcome, "duration": self.call.duration_seconds}
        return {name for name in before if after[name] != before[name]}

    def _times(self, *, reason: str = "") -> CallReport:
        known = self.known
        ended = known.ended_at or self.call.ended_at
        seconds = known.talk_seconds if known.answered else 0
        return CallReport(ended or self.at, known.started_at, ended, seconds, reason)

    def _keep_transcript(self, turns: Sequence[Turn]) -> bool:
        """Keep the transcript if it is longer than the one that is known. Return whether it was."""
        kept = _that_fits(turns)
        if len(kept) <= len(self.call.transcripts):
            return False
        self.call = record_call_details(call=self.call, transcripts=kept)
        return True

    def _request_analysis(self, *, again: bool) -> None:
        """Let a call be analysed that is over: with its words, or without if none are to come."""
        facts = self.known.facts
        since = moment_of(facts, OVER_SINCE)
        if since is None or ("analysis_asked" in facts and not again):
            return
        # Nobody looks again at a call that LAD did not place. Its words are analysed when they come.
        waits = self.known.answered and self.placement is not None and self.now - since < WORDS_PATIENCE
        if self.call.transcripts or not waits:
            facts["analysis_asked"] = self.now.isoformat()
            request_analyses([self.call.pk])

    def _save(self) -> None:
        if self.placement is None:
            self.call.metadata = {**self.call.metadata, **self.known.as_metadata()}
            update_row(self.call, ["metadata"])
            return
        placement = self.placement
        news = (self.call.status, self.known.answered) != self.before or OVER_SINCE in self.known.facts
        placement.looks = 0 if news and not self.was_over else placement.looks
        placement.look_at = next_look(placement, self.known, self.call, self.now)
        values: dict[str, Any] = self.known.as_columns()
        for name, value in values.items():
            setattr(placement, name, value)
        update_row(placement, [*values, "state", "placed_at", "lease_until", "look_at", "looks"])


def _that_fits(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return the turns without missing times, as many from the beginning as a call keeps."""
    kept: list[dict[str, Any]] = []
    size = 0
    for turn in turns:
        value = {name: each for name, each in asdict(turn).items() if each is not None}
        size += len(orjson.dumps(value))
        if size > MAX_TRANSCRIPT_BYTES:
            break
        kept.append(value)
    return kept
