"""What becomes of candidates that are not called now: they wait until a known time, or are left out for good."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from lad.db.queries import execute
from lad.tenancy.context import current_tenant_id, tenant_context
from leads.contactability.decisions import Decision, Verdict
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import Counted, count, lock_batch
from voice.carriers.outcomes import Outcome
from voice.dialer.candidates import Candidate
from voice.dialer.ending import finish, lock_placement
from voice.dialer.models import PlacementState
from voice.dialer.waking import wake
from voice.statuses import BATCH_OPEN, EntryStatus

MAX_SENTENCE: Final = 2_000
POSTPONE_ENTRIES: Final = """
UPDATE voice_call_batch_entries entry
SET next_attempt_at = CASE WHEN entry.status = 'queued' THEN given.until ELSE entry.next_attempt_at END,
    decision = given.decision
FROM json_to_recordset(%s) AS given (id uuid, until timestamptz, decision jsonb)
WHERE entry.tenant_id = %s AND entry.id = given.id
"""
POSTPONE_PLACEMENTS: Final = """
UPDATE voice_call_placements placement SET due_at = given.until, decision = given.decision
FROM json_to_recordset(%s) AS given (id uuid, until timestamptz, decision jsonb)
WHERE placement.tenant_id = %s AND placement.id = given.id AND placement.state = 'queued'
"""
# A call that waits because of a decision is due at the decision's time. Any other time belongs to a retry or a wish.
ASK_CALLS_AGAIN: Final = """
UPDATE voice_call_placements SET due_at = %(now)s WHERE tenant_id = %(tenant)s AND id IN (
    SELECT id FROM voice_call_placements
    WHERE tenant_id = %(tenant)s AND state = 'queued' AND due_at > %(now)s
        AND due_at = (decision ->> 'until')::timestamptz
    ORDER BY id FOR NO KEY UPDATE
)
"""
ASK_ENTRIES_AGAIN: Final = """
UPDATE voice_call_batch_entries SET next_attempt_at = %(now)s WHERE tenant_id = %(tenant)s AND id IN (
    SELECT id FROM voice_call_batch_entries
    WHERE tenant_id = %(tenant)s AND status = 'queued' AND deleted_at IS NULL AND next_attempt_at > %(now)s
        AND next_attempt_at = (decision ->> 'until')::timestamptz
        AND batch_id IN (
            SELECT id FROM voice_call_batches
            WHERE tenant_id = %(tenant)s AND deleted_at IS NULL AND status = ANY(%(open)s)
        )
    ORDER BY id FOR NO KEY UPDATE
)
"""
PAUSE: Final = """
UPDATE voice_call_batches SET paused_at = %s, pause_reason = %s
WHERE tenant_id = %s AND id = %s AND paused_at IS NULL AND status = ANY(%s) AND deleted_at IS NULL
"""

log = structlog.get_logger("voice.dialer")


@dataclass(frozen=True, slots=True)
class Left:
    """A candidate that is never called as things are. Permission that is missing cancels it; the rest is a failure."""

    candidate: Candidate
    sentence: str
    decision: Mapping[str, Any]
    outcome: Outcome

    @property
    def entry_status(self) -> EntryStatus:
        return EntryStatus.CANCELLED if self.outcome == Outcome.CANCELLED else EntryStatus.FAILED


@dataclass(slots=True)
class Aside:
    """Who is not called in one claim, and why. ``postpone`` belongs to the claim; ``settle`` follows its commit.

    What follows locks batches, which those whose calls end lock before leads and wallets, as a claim does not.
    """

    now: datetime
    waiting: list[tuple[Candidate, datetime, Mapping[str, Any]]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    pauses: dict[UUID, str] = field(default_factory=dict)

    def wait(self, candidate: Candidate, until: datetime, code: str, detail: str) -> None:
        """Let a candidate wait for something that ends by itself."""
        self.waiting.append((candidate, until, why(Verdict.DEFER, code, detail, until)))

    def defer(self, candidate: Candidate, decision: Decision, until: datetime) -> None:
        self.waiting.append((candidate, until, decision.explained()))

    def refuse(self, candidate: Candidate, decision: Decision) -> None:
        """Leave somebody out who may not be called."""
        stored = decision.explained()
        self.left.append(Left(candidate, decision.sentence(), stored, Outcome.CANCELLED))

    def fail(self, candidate: Candidate, code: str, detail: str, outcome: Outcome) -> None:
        """Leave somebody out who cannot be called."""
        self.left.append(Left(candidate, detail, why(Verdict.REFUSE, code, detail), outcome))

    def pause(self, batch_id: UUID, reason: str) -> None:
        self.pauses.setdefault(batch_id, reason)

    def postpone(self) -> None:
        """Write down what the waiting candidates wait for."""
        given = [(each, {"until": until.isoformat(), "decision": dict(why)}) for each, until, why in self.waiting]
        entries = [{"id": str(each.entry.pk), **values} for each, values in given if each.entry is not None]
        placements = [{"id": str(each.placement.pk), **values} for each, values in given if each.placement is not None]
        for statement, rows in ((POSTPONE_ENTRIES, entries), (POSTPONE_PLACEMENTS, placements)):
            if rows:
                execute(statement, [json.dumps(rows), current_tenant_id()])

    def settle(self, tenant_id: UUID) -> None:
        """Record who is left out and pause batches, in transactions of their own. Repeating it changes nothing."""
        for batch_id, reason in self.pauses.items():
            with tenant_context(tenant_id):
                pause_batch(batch_id, reason, now=self.now)
        by_batch: dict[UUID, list[Left]] = defaultdict(list)
        for each in self.left:
            if each.candidate.placement is not None:
                with tenant_context(tenant_id):
                    _end_waiting(each, self.now)
            elif each.candidate.entry is not None:
                by_batch[each.candidate.entry.batch_id].append(each)
        for batch_id, group in by_batch.items():
            with tenant_context(tenant_id):
                _leave_out(batch_id, group, self.now)


def why(verdict: Verdict, code: str, detail: str, until: datetime | None = None) -> dict[str, Any]:
    """Return a reason of the dialer's own in the form of a decision of contactability."""
    return {
        "verdict": str(verdict),
        "until": until.isoformat() if until else None,
        "reasons": [{"code": code, "detail": detail}],
        "sentence": detail,
    }


def ask_again(*, now: datetime) -> None:
    """Let all calls of the current tenant that a decision made wait be asked about again now."""
    given = {"now": now, "tenant": current_tenant_id(), "open": list(BATCH_OPEN)}
    if execute(ASK_CALLS_AGAIN, given) + execute(ASK_ENTRIES_AGAIN, given):
        wake()


def pause_batch(batch_id: UUID, reason: str, *, now: datetime) -> None:
    """Pause a batch of the current tenant that is not over. One that is paused keeps its reason."""
    if execute(PAUSE, [now, reason, current_tenant_id(), batch_id, list(BATCH_OPEN)]):
        log.warning("batch paused", batch=str(batch_id))


def _end_waiting(left: Left, now: datetime) -> None:
    placement = lock_placement(left.candidate.call_id)
    if placement is None or placement.state != PlacementState.QUEUED:
        return
    placement.decision = dict(left.decision)
    placement.save(update_fields=["decision"])
    if placement.entry_id is not None:
        CallBatchEntry.objects.filter(pk=placement.entry_id).update(decision=dict(left.decision))
    finish(placement, left.outcome, now=now, reason=left.sentence, retry=False)


def _leave_out(batch_id: UUID, group: Sequence[Left], now: datetime) -> None:
    batch: CallBatch | None = lock_batch(batch_id)
    if batch is None:
        return
    missed = 0
    for status, same in _by_status(group):
        rows = {each.candidate.key: each for each in same}
        waiting = CallBatchEntry.objects.select_for_update(no_key=True).filter(pk__in=rows, status=EntryStatus.QUEUED)
        for entry in waiting.order_by("pk"):
            left = rows[entry.pk]
            entry.status, entry.error_message = status, left.sentence[:MAX_SENTENCE]
            entry.decision, entry.outcome, entry.next_attempt_at = dict(left.decision), left.outcome, None
            entry.save(update_fields=["status", "error_message", "decision", "outcome", "next_attempt_at"])
            missed += 1
    count(batch, Counted(missed=missed), now=now)


def _by_status(group: Sequence[Left]) -> Iterable[tuple[EntryStatus, list[Left]]]:
    for status in (EntryStatus.CANCELLED, EntryStatus.FAILED):
        yield status, [each for each in group if each.entry_status == status]
