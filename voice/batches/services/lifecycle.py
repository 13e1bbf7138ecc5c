"""Schedule, pause, resume, cancel and stop batches. What is asked takes effect with the next claim of the dialer."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.errors import Conflict
from lad.jobs.models import Job, JobState
from lad.outbox.emission import emit
from lad.types import Actor
from voice.batches.models import CallBatch, CallBatchLine
from voice.batches.services import ending, pausing
from voice.batches.services.progress import counters, update_progress
from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.services import cancel_calls, wake
from voice.errors import BatchFinished
from voice.statuses import BATCH_OPEN, CALL_FINISHED, BatchStatus

PAUSED_BY_HAND: Final = "Somebody paused it."
_LIVE_JOBS: Final = (JobState.QUEUED, JobState.RUNNING)


class BatchNotStarted(Conflict):
    """This batch has not started. Cancel it instead."""

    code = "batch_not_begun"


class BatchNotPaused(Conflict):
    """This batch is not paused."""

    code = "batch_not_paused"


class BatchBeingFilled(Conflict):
    """People are still being added to this batch. It goes on by itself when that is done; you may cancel that job."""

    code = "batch_being_filled"


@transaction.atomic
def schedule_batch(*, batch: CallBatch, at: datetime | None, actor: Actor = None) -> CallBatch:
    """Let a queued batch begin at a time, or now if ``at`` is None or past. Return the batch.

    Emits ``voice.call_batch.scheduled``. Raises BatchAlreadyStarted.
    """
    row: CallBatch = CallBatch.objects.select_for_update().get(pk=batch.pk)
    row = writes.update(row, {"scheduled_at": at}, actor=actor)
    emit("voice.call_batch.scheduled", aggregate=row, payload={"scheduled_at": at}, actor=actor)
    wake()
    return row


@transaction.atomic
def pause_batch(*, batch: CallBatch, reason: str = "", actor: Actor = None, now: datetime | None = None) -> CallBatch:
    """Pause a queued or running batch and return it: nobody else is dialled, calls that have begun continue.

    One that is paused already, for example by the breaker, is from now on paused for this reason and goes on only by
    hand. Emits ``voice.call_batch.paused``. Raises BatchFinished.
    """
    row = _lock_open(batch)
    reason = reason or PAUSED_BY_HAND
    if not pausing.pause([row.pk], reason=reason, now=now or timezone.now(), actor=actor):
        CallBatch.objects.filter(pk=row.pk).update(pause_reason=reason)
    row.refresh_from_db()
    return row


@transaction.atomic
def resume_batch(*, batch: CallBatch, actor: Actor = None) -> CallBatch:
    """Let a paused batch go on and return it. Emits ``voice.call_batch.resumed``.

    Raises BatchFinished, BatchNotPaused, and BatchBeingFilled while a job adds people.
    """
    row = _lock_open(batch)
    if row.paused_at is None:
        raise BatchNotPaused
    if row.pause_reason == pausing.FILLING and is_being_filled(row):
        raise BatchBeingFilled
    pausing.resume([row.pk], actor=actor)
    row.refresh_from_db()
    wake()
    return row


@transaction.atomic
def cancel_batch(
    *, batch: CallBatch, reason: str = "", forced: bool = False, actor: Actor = None, now: datetime | None = None
) -> CallBatch:
    """Cancel a batch and return it: nobody is dialled any more, and calls that wait for a carrier are cancelled.

    Workers end the entries of a batch with thousands, whom nobody dials meanwhile. Calls that the carrier has been
    asked for continue and are still counted, unless ``forced`` hangs them up. An entry that waited for another attempt
    is over with what its last call came to. Emits ``voice.call_batch.cancelled``. Raises BatchFinished; the calls of a
    batch that was stopped or cancelled can still be hung up with ``forced``.
    """
    now = now or timezone.now()
    # Before the batch, as whoever records what became of a call does.
    _lock_placements(batch)
    row = _lock_calling(batch) if forced else _lock_open(batch)
    was_open = row.status in BATCH_OPEN
    if was_open:
        _finish(row, BatchStatus.CANCELLED, now)
        _end_entries(row)
    cancel_calls(list(_open_calls(row)), forced=forced, actor=actor)
    return _counted(row, "voice.call_batch.cancelled" if was_open else "", reason, actor, now)


@transaction.atomic
def stop_batch(*, batch: CallBatch, reason: str = "", actor: Actor = None, now: datetime | None = None) -> CallBatch:
    """Stop a running batch and return it: dial nobody else and let every call that has begun continue.

    Calls that wait for their turn again have not begun, so they are cancelled.
    Emits ``voice.call_batch.stopped``. Raises BatchFinished or BatchNotStarted.
    """
    now = now or timezone.now()
    _lock_placements(batch)
    row = _lock_open(batch)
    if row.status != BatchStatus.RUNNING:
        raise BatchNotStarted
    _finish(row, BatchStatus.STOPPED, now)
    _end_entries(row)
    waiting = list(_open_calls(row).filter(placements__state=PlacementState.QUEUED))
    cancel_calls(waiting, forced=False, actor=actor)
    return _counted(row, "voice.call_batch.stopped", reason, actor, now)


def is_being_filled(batch: CallBatch) -> bool:
    """Return whether a job still adds people to the batch."""
    jobs = CallBatchLine.objects.filter(batch=batch, problem="").order_by().values("job_id").distinct()
    return Job.objects.filter(pk__in=jobs, state__in=_LIVE_JOBS).exists()


def _lock_open(batch: CallBatch) -> CallBatch:
    row: CallBatch = CallBatch.objects.select_for_update().get(pk=batch.pk)
    if row.status not in BATCH_OPEN:
        raise BatchFinished
    return row


def _lock_calling(batch: CallBatch) -> CallBatch:
    """Return the batch, locked, if it is open or its last calls still go on. Raise BatchFinished."""
    row: CallBatch = CallBatch.objects.select_for_update().get(pk=batch.pk)
    if row.status not in BATCH_OPEN and not _open_calls(row).exists():
        raise BatchFinished
    return row


def _finish(batch: CallBatch, status: BatchStatus, now: datetime) -> None:
    batch.status = status
    batch.finished_at = max(now, batch.started_at or now)
    batch.paused_at, batch.pause_reason = None, ""
    batch.save(update_fields=["status", "finished_at", "paused_at", "pause_reason"])


def _end_entries(batch: CallBatch) -> None:
    if not ending.end_waiting(batch):
        ending.notifier.notify_on_commit()


def _open_calls(batch: CallBatch) -> QuerySet[CallLog]:
    return CallLog.objects.filter(batch_entries__batch=batch).exclude(status__in=CALL_FINISHED)


def _lock_placements(batch: CallBatch) -> None:
    rows = CallPlacement.objects.filter(batch=batch).exclude(state=PlacementState.SETTLED)
    list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))


def _counted(batch: CallBatch, event_type: str, reason: str, actor: Actor, now: datetime) -> CallBatch:
    row = update_progress(batch_id=batch.pk, now=now) or batch
    if event_type:
        emit(event_type, aggregate=row, payload={**counters(row), "reason": reason}, actor=actor)
    return row
