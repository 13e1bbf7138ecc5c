"""What became of a batch so far: counts by status and outcome, who waits until when, who was not called and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from lad.db.queries import rows
from voice.batches.models import CallBatch
from voice.batches.services.previews import WORDS, Group
from voice.statuses import ENTRY_NOT_REACHED, EntryStatus

# The stored decision is one of contactability, with its reasons, or a key with a sentence.
_REASON: Final = "COALESCE(entries.decision #>> '{reasons,0,code}', entries.decision ->> 'reason', '')"
_ENTRIES: Final = f"""
SELECT entries.status, entries.outcome, {_REASON} AS reason, entries.call_log_id IS NULL,
    count(*), min(entries.next_attempt_at) FILTER (WHERE entries.next_attempt_at > %(now)s),
    max(entries.next_attempt_at) FILTER (WHERE entries.next_attempt_at > %(now)s),
    count(*) FILTER (WHERE entries.next_attempt_at > %(now)s),
    max(COALESCE(entries.decision ->> 'sentence', entries.error_message))
FROM voice_call_batch_entries AS entries
WHERE entries.tenant_id = %(tenant)s AND entries.batch_id = %(batch)s AND entries.deleted_at IS NULL
GROUP BY 1, 2, 3, 4
"""
_CALLS: Final = """
SELECT calls.currency, count(*), sum(calls.cost), sum(calls.duration_seconds)
FROM voice_call_placements AS placements
JOIN voice_call_logs AS calls ON calls.tenant_id = placements.tenant_id AND calls.id = placements.call_log_id
WHERE placements.tenant_id = %(tenant)s AND placements.batch_id = %(batch)s
GROUP BY 1
"""
RETRY: Final = "retry"
NOT_STATED: Final = "not_stated"
_WORDS: Final[Mapping[str, str]] = {
    **WORDS,
    RETRY: "who are called again",
    "credit": "for lack of credit",
    "daily_cap": "because the numbers have called often enough today",
    "number_busy": "because the number is busy",
    "account_busy": "because the carrier account is busy",
    "account_paused": "because the carrier account is paused",
    "resting": "because the number rests",
    "no_number": "without a number to call from",
    "not_permitted": "because the number is reserved for others",
    "destination": "in a country that the number may not call",
    "on_the_line": "who are being called by somebody else",
    "calls_us": "who are calling us",
    "batch_cancelled": "not called because the batch was cancelled",
    "batch_stopped": "not called because the batch was stopped",
    NOT_STATED: "for another reason",
}


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """A batch in figures. ``costs`` are by currency; ``talk_seconds`` is the time that people talked."""

    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    waiting: Sequence[Group]
    not_called: Sequence[Group]
    calls: int
    talk_seconds: int
    costs: Mapping[str, Decimal]

    @property
    def due_now(self) -> int:
        """Return how many are called as soon as there is room."""
        return self.statuses.get(EntryStatus.QUEUED, 0) - sum(group.count for group in self.waiting)


def summary_of(batch: CallBatch, *, now: datetime) -> BatchSummary:
    """Return what became of the entries of a batch, in two statements, of the current scope."""
    statuses: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    waiting: dict[str, Group] = {}
    not_called: dict[str, Group] = {}
    parameters = {"tenant": batch.tenant_id, "batch": batch.pk, "now": now}
    for status, outcome, reason, uncalled, count, first, last, waits, sentence in rows(_ENTRIES, parameters):
        statuses[status] = statuses.get(status, 0) + count
        if outcome and not uncalled:
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        if status == EntryStatus.QUEUED and waits:
            code = reason if reason and (uncalled or not outcome) else RETRY
            _add(waiting, Group(code, _words(code), waits, first, last, sentence or ""))
        elif status in ENTRY_NOT_REACHED and uncalled:
            _add(not_called, Group(reason or NOT_STATED, _words(reason or NOT_STATED), count, detail=sentence or ""))
    found = rows(_CALLS, parameters)
    return BatchSummary(
        statuses=statuses,
        outcomes=outcomes,
        waiting=_most_first(waiting),
        not_called=_most_first(not_called),
        calls=sum(each[1] for each in found),
        talk_seconds=sum(each[3] or 0 for each in found),
        costs={each[0]: each[2] for each in found if each[2]},
    )


def _words(reason: str) -> str:
    return _WORDS.get(reason, reason.replace("_", " "))


def _add(groups: dict[str, Group], group: Group) -> None:
    before = groups.get(group.reason)
    if before is None:
        groups[group.reason] = group
        return
    first = min(filter(None, [before.first, group.first]), default=None)
    last = max(filter(None, [before.last, group.last]), default=None)
    groups[group.reason] = replace(before, count=before.count + group.count, first=first, last=last)


def _most_first(groups: Mapping[str, Group]) -> list[Group]:
    return sorted(groups.values(), key=lambda group: -group.count)
