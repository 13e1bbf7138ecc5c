"""Keep a batch's counters and status: by what changed of one entry, and from all entries once they may be over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from lad.db.queries import execute, rows
from lad.outbox.emission import emit
from voice.batches.models import CallBatch
from voice.statuses import BATCH_OPEN, ENTRY_NOT_REACHED, ENTRY_OPEN, BatchStatus, EntryStatus

# One statement counts the entries and writes the batch, so the counters never lag behind the entries.
_UPDATE_COUNTERS: Final = """
UPDATE voice_call_batches batch SET
    total_calls = entries.total,
    completed_calls = entries.reached,
    failed_calls = entries.missed,
    started_at = CASE WHEN entries.begun > 0 THEN COALESCE(batch.started_at, %(now)s) ELSE batch.started_at END,
    status = CASE
        WHEN batch.status <> ALL(%(open)s) THEN batch.status
        WHEN entries.total > 0 AND entries.waiting = 0 THEN %(completed)s
        WHEN entries.begun > 0 THEN %(running)s
        ELSE batch.status END,
    finished_at = CASE
        WHEN batch.status = ANY(%(open)s) AND entries.total > 0 AND entries.waiting = 0
        THEN GREATEST(%(now)s, batch.started_at) ELSE batch.finished_at END
FROM (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE status = %(reached)s) AS reached,
           count(*) FILTER (WHERE status = ANY(%(missed)s)) AS missed,
           count(*) FILTER (WHERE status = ANY(%(waiting)s)) AS waiting,
           count(*) FILTER (WHERE status <> ALL(%(not_begun)s)) AS begun
    FROM voice_call_batch_entries
    WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s AND deleted_at IS NULL
) entries
WHERE batch.tenant_id = %(tenant)s AND batch.id = %(batch)s AND batch.deleted_at IS NULL
"""


# What one entry or a few add. The counters never exceed the number of entries, whatever was written by hand.
_ADD: Final = """
UPDATE voice_call_batches SET
    completed_calls = GREATEST(completed_calls + %(reached)s, 0), failed_calls = GREATEST(failed_calls + %(missed)s, 0),
    started_at = COALESCE(started_at, %(now)s), status = CASE status WHEN %(queued)s THEN %(running)s ELSE status END
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND deleted_at IS NULL
    AND total_calls >= GREATEST(completed_calls + %(reached)s, 0) + GREATEST(failed_calls + %(missed)s, 0)
RETURNING completed_calls + failed_calls >= total_calls
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many more entries were reached and missed."""

    reached: int = 0
    missed: int = 0

    @classmethod
    def of(cls, before: str, after: str) -> "Counted":
        """Return what one entry adds that goes from one status to another."""
        return cls(
            (after == EntryStatus.COMPLETED) - (before == EntryStatus.COMPLETED),
            (after in ENTRY_NOT_REACHED) - (before in ENTRY_NOT_REACHED),
        )


def lock_batch(batch_id: UUID) -> CallBatch | None:
    """Lock a batch before its entries, and return it; None if it no longer exists.

    Whoever dials for it is not kept waiting; whoever cancels or pauses it is.
    """
    return CallBatch.objects.select_for_update(no_key=True).filter(pk=batch_id).first()


def count(batch: CallBatch, counted: Counted, *, now: datetime) -> None:
    """Add to the counters of a batch that is locked. It costs the same however many entries there are.

    The batch starts with its first started entry. When all entries are counted, they are recounted once. Emits
    ``voice.call_batch.started`` and ``voice.call_batch.completed``.
    """
    if counted == Counted() and batch.status != BatchStatus.QUEUED:
        return
    found = rows(
        _ADD,
        {
            "reached": counted.reached,
            "missed": counted.missed,
            "now": now,
            "queued": BatchStatus.QUEUED,
            "running": BatchStatus.RUNNING,
            "tenant": batch.tenant_id,
            "batch": batch.pk,
        },
    )
    if not found or found[0][0]:
        update_progress(batch_id=batch.pk, now=now, started=batch.status != BatchStatus.QUEUED)
    elif batch.status == BatchStatus.QUEUED:
        emit("voice.call_batch.started", aggregate=batch, payload={"total_calls": batch.total_calls})


def update_progress(*, batch_id: UUID, now: datetime, started: bool | None = None) -> CallBatch | None:
    """Recount a batch from its entries and return it, or None if it no longer exists.

    ``started`` says whether the event that it started was emitted, if that does not follow from its status. The batch
    starts with its first started entry and completes when no entry is open. A cancelled or stopped batch keeps its
    status while the last calls are still counted. Emits ``voice.call_batch.started`` and
    ``voice.call_batch.completed``.
    """
    before = lock_batch(batch_id)
    if before is None:
        return None
    started = before.status != BatchStatus.QUEUED if started is None else started
    execute(_UPDATE_COUNTERS, _parameters(before, now))
    batch = CallBatch.objects.get(pk=batch_id)
    if not started and batch.status != BatchStatus.QUEUED and batch.started_at:
        emit("voice.call_batch.started", aggregate=batch, payload={"total_calls": batch.total_calls})
    if before.status != batch.status and batch.status == BatchStatus.COMPLETED:
        emit("voice.call_batch.completed", aggregate=batch, payload=counters(batch))
    return batch


def counters(batch: CallBatch) -> dict[str, int]:
    """Return the batch's counters as its events carry them."""
    return {name: getattr(batch, name) for name in ("total_calls", "completed_calls", "failed_calls")}


def _parameters(batch: CallBatch, now: datetime) -> dict[str, Any]:
    return {
        "tenant": batch.tenant_id,
        "batch": batch.pk,
        "now": now,
        "open": list(BATCH_OPEN),
        "completed": BatchStatus.COMPLETED,
        "running": BatchStatus.RUNNING,
        "reached": EntryStatus.COMPLETED,
        "missed": list(ENTRY_NOT_REACHED),
        "waiting": list(ENTRY_OPEN),
        "not_begun": [EntryStatus.QUEUED, EntryStatus.CANCELLED],
    }
