"""A batch's counters and status, folded from its entries."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from lad.outbox.emission import emit
from voice.batches.models import CallBatch
from voice.statuses import BATCH_OPEN, ENTRY_MISSED, ENTRY_OPEN, BatchStatus, EntryStatus

# The entries are counted and the batch written in one statement, so that the sum is never older than the row.
_FOLD: Final = """
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
           count(*) FILTER (WHERE status <> ALL(%(still)s)) AS begun
    FROM voice_call_batch_entries
    WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s AND deleted_at IS NULL
) entries
WHERE batch.tenant_id = %(tenant)s AND batch.id = %(batch)s AND batch.deleted_at IS NULL
"""


def fold(*, batch_id: UUID, now: datetime) -> CallBatch | None:
    """Bring a batch up to date with its entries; None when there is no such batch any more.

    It starts with the first entry that is begun and is completed when none is left to do; one that was
    cancelled or stopped stays so while calls under way are still counted. Emits
    ``voice.call_batch.started`` and ``voice.call_batch.completed``.
    """
    before = CallBatch.objects.select_for_update().filter(pk=batch_id).first()
    if before is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, _parameters(before, now))
    batch = CallBatch.objects.get(pk=batch_id)
    if before.status == BatchStatus.QUEUED and batch.status != BatchStatus.QUEUED and batch.started_at:
        emit("voice.call_batch.started", aggregate=batch, payload={"total_calls": batch.total_calls})
    if before.status != batch.status and batch.status == BatchStatus.COMPLETED:
        emit("voice.call_batch.completed", aggregate=batch, payload=counts(batch))
    return batch


def counts(batch: CallBatch) -> dict[str, int]:
    """The batch's counters, as its events tell them."""
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
        "missed": list(ENTRY_MISSED),
        "waiting": list(ENTRY_OPEN),
        # What has not begun: waiting for its turn, or given up before it came.
        "still": [EntryStatus.QUEUED, EntryStatus.CANCELLED],
    }
