"""Put people into a batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import F
from django.utils import timezone

from lad import writes
from lad.errors import Conflict
from lad.jobs.models import Job, JobState
from lad.outbox.emission import emit, quiet
from lad.tenancy.context import tenant_context
from lad.types import Actor
from voice.batches.models import CallBatch, CallBatchEntry, CallBatchLine
from voice.batches.services import pausing
from voice.batches.services.targets import Target, TargetCheck, check_people
from voice.dialer.services import wake
from voice.errors import BatchFinished
from voice.statuses import BATCH_OPEN, BatchStatus, EntryStatus

# A batch with more would take weeks, and its pages minutes.
MAX_ENTRIES: Final = 2_000_000
LIVE_JOBS: Final = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.UNKNOWN})
NOBODY: Final = "Nobody of {number:,} people can be called. The job that added them says why."
INTERRUPTED: Final = "Adding people ended early, with {number:,} in the batch. Resume the job, or this batch as it is."
UNEXPECTED: Final = "It could not be added."


class BatchTooLarge(Conflict):
    """The batch would become too large. Create another one for the rest."""

    code = "batch_too_large"


def add_people(
    batch: CallBatch, targets: Sequence[Target], *, now: datetime, places: Sequence[int] | None = None
) -> list[TargetCheck]:
    """Put the targets into the batch and return one check per target, in the same order.

    Those who cannot be called, may not be called or are in the batch already are left out; their check says why.
    Those who may be called later wait until then. ``places`` are those of the targets in a longer list. Locks the
    batch until the transaction ends. Raises BatchFinished and BatchTooLarge.
    """
    row = CallBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if row.status not in BATCH_OPEN:
        raise BatchFinished
    require_room(row, len(targets))
    at = max(now, row.scheduled_at or now)
    checks = check_people(targets, purpose=row.purpose, at=at, batch=row)
    accepted = [check for check in checks if check.is_accepted]
    CallBatchEntry.objects.bulk_create(
        [
            _new_entry(row, check, targets[check.index], places[check.index] if places else check.index)
            for check in accepted
        ],
        batch_size=1_000,
    )
    if accepted:
        CallBatch.objects.filter(pk=row.pk).update(total_calls=F("total_calls") + len(accepted))
    return checks


def require_room(batch: CallBatch, number: int) -> None:
    """Raise BatchTooLarge if so many people more do not fit into the batch."""
    if batch.total_calls + number > MAX_ENTRIES:
        raise BatchTooLarge(f"A batch holds at most {MAX_ENTRIES:,} people. Create another one for the rest.")


def release(batch: CallBatch, *, actor: Actor = None) -> None:
    """Let a batch begin now that everybody is in it. One without anybody is over.

    Emits ``voice.call_batch.filled``.
    """
    row = CallBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    left_out = CallBatchLine.objects.filter(batch=row).count()
    payload = {"added": row.total_calls, "left_out": left_out}
    emit("voice.call_batch.filled", aggregate=row, payload=payload, actor=actor)
    if row.total_calls:
        with quiet():  # It was no pause that somebody wanted.
            pausing.resume([row.pk], reason=pausing.FILLING, actor=actor)
        wake()
    elif row.status in BATCH_OPEN:
        reason = NOBODY.format(number=left_out)
        changes = {"status": BatchStatus.FAILED, "finished_at": timezone.now(), "pause_reason": reason}
        CallBatch.objects.filter(pk=row.pk).update(**changes)


def settle_filled() -> int:
    """Look at the batches whose job ended before all were added, in a platform scope. Return how many there were.

    One whose job was cancelled or failed stays paused and says so.
    """
    settled = 0
    for batch in CallBatch.objects.filter(status__in=BATCH_OPEN, pause_reason=pausing.FILLING).order_by("pk")[:100]:
        jobs = Job.objects.filter(pk__in=CallBatchLine.objects.filter(batch=batch).values("job_id"))
        states = set(jobs.values_list("state", flat=True))
        if states & LIVE_JOBS:
            continue
        with tenant_context(batch.tenant_id):
            _settle(batch, states)
        settled += 1
    return settled


@writes.in_transaction
def _settle(batch: CallBatch, states: set[str]) -> None:
    if states <= {JobState.SUCCEEDED}:
        CallBatchLine.objects.filter(batch=batch, problem="").update(problem=UNEXPECTED)
        release(batch)
        return
    reason = INTERRUPTED.format(number=batch.total_calls)
    CallBatch.objects.filter(pk=batch.pk, pause_reason=pausing.FILLING).update(pause_reason=reason)


def _new_entry(batch: CallBatch, check: TargetCheck, target: Target, place: int) -> CallBatchEntry:
    metadata = {
        "lead_name": target.name or check.lead_name,
        "context": target.context,
        "entry_index": place,
        "variables": dict(target.variables),
    }
    return CallBatchEntry(
        tenant_id=batch.tenant_id,
        batch=batch,
        lead_id=check.lead_id,
        to_phone=check.to_phone,
        status=EntryStatus.QUEUED,
        next_attempt_at=check.until,
        decision=dict(check.decision),
        metadata={name: value for name, value in metadata.items() if value not in ("", {})},
    )
