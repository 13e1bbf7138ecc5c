"""Batches: asking for many calls at once, and thinking better of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.agents.services.permissions import require_use
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import counts, fold
from voice.batches.services.targets import MAX_TARGETS, Target, Verdict, judge
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.numbers.models import NumberStatus, VoiceNumber
from voice.statuses import BATCH_OPEN, BatchStatus, CallStatus, EntryStatus


class BatchIsOver(Conflict):
    """The batch is over: there is nothing left to call off."""

    code = "batch_is_over"


class BatchHasBegun(Conflict):
    """The batch has begun: stop it and make a new one."""

    code = "batch_has_begun"


class BatchNotBegun(Conflict):
    """The batch has not begun: cancel it instead."""

    code = "batch_not_begun"


class NobodyToCall(Invalid):
    """None of the rows names somebody who can be called."""

    code = "nobody_to_call"


@dataclass(frozen=True, slots=True)
class Created:
    """A new batch and what became of each row that was sent, in their order."""

    batch: CallBatch
    verdicts: Sequence[Verdict]


@transaction.atomic
def create_batch(
    *, values: Mapping[str, Any], targets: Sequence[Target], actor: Any, now: datetime | None = None
) -> Created:
    """Ask for a call to each target; the batch waits as queued and nobody has been called yet.

    ``values`` are the batch's own fields. Rows without a number that could be dialled, of leads that are not
    here, or repeating a number are left out with the reason in their verdict. Emits
    ``voice.call_batch.created``. Raises NobodyToCall with the verdicts, Invalid or NotPermitted.
    """
    if len(targets) > MAX_TARGETS:
        raise Invalid(errors={"entries": [f"At most {MAX_TARGETS} rows in one batch."]})
    verdicts = judge(targets)
    taken = [verdict for verdict in verdicts if verdict.is_taken]
    if not taken:
        raise NobodyToCall(verdicts=[verdict.shown() for verdict in verdicts])
    batch = CallBatch(**values, initiated_by_user=actor, total_calls=len(taken))
    _check(batch, actor)
    writer: Any = writes.writer_for(CallBatch)
    writer.save(batch)
    CallBatchEntry.objects.bulk_create(_entry(batch, verdict, targets) for verdict in taken)
    emit(
        "voice.call_batch.created",
        aggregate=batch,
        payload={
            "agent_id": batch.agent_id,
            "total_calls": batch.total_calls,
            "refused": len(verdicts) - len(taken),
            "scheduled_at": batch.scheduled_at,
        },
        actor=actor,
    )
    return Created(batch, verdicts)


@transaction.atomic
def cancel_batch(*, batch: CallBatch, reason: str = "", actor: Any = None, now: datetime | None = None) -> CallBatch:
    """Call a batch off: whoever has not been dialled will not be, calls that wait for a line included.

    Calls that ring or are spoken on end by themselves and are still counted. Emits
    ``voice.call_batch.cancelled``. Raises BatchIsOver.
    """
    now = now or timezone.now()
    row = _open(batch)
    waiting = CallLog.objects.filter(batch_entries__batch=row, status=CallStatus.PENDING)
    _close(row, BatchStatus.CANCELLED, now)
    _give_up(row, EntryStatus.QUEUED, EntryStatus.RUNNING)
    _give_up(row, EntryStatus.DISPATCHED, call_log__isnull=True)
    for call in waiting:
        record_call_status(call=call, status=CallStatus.CANCELLED, now=now)
    return _folded(row, "voice.call_batch.cancelled", reason, actor, now)


@transaction.atomic
def stop_batch(*, batch: CallBatch, reason: str = "", actor: Any = None, now: datetime | None = None) -> CallBatch:
    """End a running batch early: nobody new is dialled, every call that was begun takes its course.

    Emits ``voice.call_batch.stopped``. Raises BatchIsOver or BatchNotBegun.
    """
    now = now or timezone.now()
    row = _open(batch)
    if row.status != BatchStatus.RUNNING:
        raise BatchNotBegun
    _close(row, BatchStatus.STOPPED, now)
    _give_up(row, EntryStatus.QUEUED)
    return _folded(row, "voice.call_batch.stopped", reason, actor, now)


class CallBatchWriter(writes.Writer):
    """A batch is changed while it waits, and deleted when it is not running."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        row = CallBatch(**{"initiated_by_user": actor, **values})
        _check(row, actor)
        self.save(row)
        writes.announce("created", row, changed=sorted(values), actor=actor)
        return row

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        if row.status != BatchStatus.QUEUED:
            raise BatchHasBegun
        changed = CallBatch(**{name: values.get(name, getattr(row, name)) for name in _CHECKED}, tenant=row.tenant)
        _check(changed, actor)
        return super().update(row, values, actor=actor)

    def delete(self, row: Any, *, actor: Any = None) -> None:
        if row.status == BatchStatus.RUNNING:
            raise BatchHasBegun("The batch is running: stop or cancel it before you delete it.")
        super().delete(row, actor=actor)

    def save(self, row: CallBatch) -> None:
        """Check and write a row without telling of it."""
        self._save(row)


class CallBatchEntryWriter(writes.Writer):
    """People are added to, changed in and taken off a batch while it waits."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        self._require_waiting(values["batch"])
        row = super().create(addressed(values, values.get("lead"), new=True), actor=actor)
        fold(batch_id=row.batch_id, now=timezone.now())
        return row

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        self._require_waiting(row.batch)
        if values.get("batch", row.batch) != row.batch:
            raise Invalid(errors={"batch": ["An entry stays in its batch: delete it here and add it there."]})
        told = addressed(values, values.get("lead", row.lead), new=False)
        return super().update(row, told, actor=actor)

    def delete(self, row: Any, *, actor: Any = None) -> None:
        self._require_waiting(row.batch)
        super().delete(row, actor=actor)
        fold(batch_id=row.batch_id, now=timezone.now())

    def restore(self, row: Any, *, actor: Any = None) -> Any:
        self._require_waiting(row.batch)
        restored = super().restore(row, actor=actor)
        fold(batch_id=row.batch_id, now=timezone.now())
        return restored

    def _require_waiting(self, batch: CallBatch) -> None:
        now = CallBatch.all_objects.select_for_update().get(pk=batch.pk)
        if now.status != BatchStatus.QUEUED:
            raise BatchHasBegun


_CHECKED = ("agent", "voice", "from_number")


def _check(batch: CallBatch, actor: Any) -> None:
    """Raise Invalid where agent or number cannot be used, NotPermitted where not by this person."""
    agent: VoiceAgent | None = batch.agent if batch.agent_id else None
    number: VoiceNumber | None = batch.from_number if batch.from_number_id else None
    errors = {}
    if agent is not None and agent.deleted_at:
        errors["agent"] = ["The agent was deleted: choose another."]
    if number is not None and (number.deleted_at or number.status != NumberStatus.ACTIVE):
        errors["from_number"] = ["The number is not active: choose another."]
    elif number is not None and number.metadata.get("rules", {}).get("outbound") is False:
        errors["from_number"] = ["No calls are made from this number: choose another."]
    if errors:
        raise Invalid(errors=errors)
    require_use(actor=actor, number=number, voice=batch.voice if batch.voice_id else None)


def _entry(batch: CallBatch, verdict: Verdict, targets: Sequence[Target]) -> CallBatchEntry:
    target = targets[verdict.index]
    about = {"lead_name": target.name or verdict.lead_name, "context": target.context, "entry_index": verdict.index}
    return CallBatchEntry(
        tenant_id=batch.tenant_id,
        batch=batch,
        lead_id=verdict.lead_id,
        to_phone=verdict.to_phone,
        metadata={name: value for name, value in about.items() if value != ""},
    )


def addressed(values: Mapping[str, Any], lead: Lead | None, *, new: bool) -> dict[str, Any]:
    """The values with the number that is dialled, in E.164; a lead that comes without one brings its own."""
    if not new and "to_phone" not in values and values.get("lead") is None:
        return dict(values)
    [verdict] = judge([Target(lead_id=lead.pk if lead else None, phone=values.get("to_phone", ""))])
    if not verdict.is_taken:
        raise Invalid(errors={"to_phone": [verdict.detail]})
    return {**values, "to_phone": verdict.to_phone}


def _open(batch: CallBatch) -> CallBatch:
    row: CallBatch = CallBatch.objects.select_for_update().get(pk=batch.pk)
    if row.status not in BATCH_OPEN:
        raise BatchIsOver
    return row


def _close(batch: CallBatch, status: BatchStatus, now: datetime) -> None:
    batch.status = status
    batch.finished_at = max(now, batch.started_at or now)
    batch.save(update_fields=["status", "finished_at"])


def _give_up(batch: CallBatch, *statuses: EntryStatus, **conditions: Any) -> None:
    rows = CallBatchEntry.objects.filter(batch=batch, status__in=statuses, **conditions)
    rows.update(status=EntryStatus.CANCELLED)


def _folded(batch: CallBatch, kind: str, reason: str, actor: Any, now: datetime) -> CallBatch:
    row = fold(batch_id=batch.pk, now=now) or batch
    emit(kind, aggregate=row, payload={**counts(row), "reason": reason}, actor=actor)
    return row


writes.register(CallBatch, CallBatchWriter)
writes.register(CallBatchEntry, CallBatchEntryWriter)
