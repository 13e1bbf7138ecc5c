"""Create, change, cancel and stop call batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit, quiet
from lad.types import Actor, Values
from leads.contacts.models import Lead
from voice.agents.services.permissions import require_use
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import counters, update_progress
from voice.batches.services.targets import MAX_TARGETS, Target, TargetCheck, check_targets
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.numbers.models import NumberStatus
from voice.statuses import BATCH_OPEN, BatchStatus, CallStatus, EntryStatus

_FIELDS_CHECKED: Final = ("agent", "voice", "from_number")


class BatchFinished(Conflict):
    """This batch has finished and can no longer be cancelled or stopped."""

    code = "batch_is_over"


class BatchAlreadyStarted(Conflict):
    """This batch has already started. Stop it and create a new one."""

    code = "batch_has_begun"


class BatchNotStarted(Conflict):
    """This batch has not started. Cancel it instead."""

    code = "batch_not_begun"


class NobodyToCall(Invalid):
    """None of the rows can be called. Correct the numbers and try again."""

    code = "nobody_to_call"


@dataclass(frozen=True, slots=True)
class CreatedBatch:
    """A new batch and the check of every row that was sent, in their order."""

    batch: CallBatch
    checks: Sequence[TargetCheck]


@transaction.atomic
def create_batch(*, values: Values, targets: Sequence[Target], actor: Actor) -> CreatedBatch:
    """Create a queued batch with one entry per callable target. Nobody is called yet.

    ``values`` are the batch's own fields. Targets without a valid number, with an unknown lead or with a
    repeated number are left out; their check says why. Emits ``voice.call_batch.created``. Raises NobodyToCall
    with all checks, Invalid or NotPermitted.
    """
    if len(targets) > MAX_TARGETS:
        raise Invalid(errors={"entries": [f"A batch holds at most {MAX_TARGETS:,} rows."]})
    checks = check_targets(targets)
    accepted = [check for check in checks if check.is_accepted]
    if not accepted:
        raise NobodyToCall(verdicts=[check.as_json() for check in checks])
    with quiet():  # The event below says more.
        batch = writes.create(CallBatch, {**values, "total_calls": len(accepted)}, actor=actor)
    CallBatchEntry.objects.bulk_create(_new_entry(batch, check, targets[check.index]) for check in accepted)
    emit(
        "voice.call_batch.created",
        aggregate=batch,
        payload={
            "agent_id": batch.agent_id,
            "total_calls": batch.total_calls,
            "refused": len(checks) - len(accepted),
            "scheduled_at": batch.scheduled_at,
        },
        actor=actor,
    )
    return CreatedBatch(batch, checks)


@transaction.atomic
def cancel_batch(*, batch: CallBatch, reason: str = "", actor: Actor = None, now: datetime | None = None) -> CallBatch:
    """Cancel a batch: no entry that has not been dialled will be, and pending calls are cancelled.

    Calls that already ring or are ongoing continue and are still counted. Emits
    ``voice.call_batch.cancelled``. Raises BatchFinished.
    """
    now = now or timezone.now()
    row = _lock_open(batch)
    pending = CallLog.objects.filter(batch_entries__batch=row, status=CallStatus.PENDING)
    _finish(row, BatchStatus.CANCELLED, now)
    _cancel_entries(row, EntryStatus.QUEUED, EntryStatus.RUNNING)
    _cancel_entries(row, EntryStatus.DISPATCHED, call_log__isnull=True)
    for call in pending:
        record_call_status(call=call, status=CallStatus.CANCELLED, now=now)
    return _recount_and_emit(row, "voice.call_batch.cancelled", reason, actor, now)


@transaction.atomic
def stop_batch(*, batch: CallBatch, reason: str = "", actor: Actor = None, now: datetime | None = None) -> CallBatch:
    """Stop a running batch: dial nobody else and let every started call continue.

    Emits ``voice.call_batch.stopped``. Raises BatchFinished or BatchNotStarted.
    """
    now = now or timezone.now()
    row = _lock_open(batch)
    if row.status != BatchStatus.RUNNING:
        raise BatchNotStarted
    _finish(row, BatchStatus.STOPPED, now)
    _cancel_entries(row, EntryStatus.QUEUED)
    return _recount_and_emit(row, "voice.call_batch.stopped", reason, actor, now)


class CallBatchWriter(writes.Writer[CallBatch]):
    """Change a batch only while it is queued, and delete it only while it is not running."""

    def prepare(self, row: CallBatch | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            values = {"initiated_by_user": actor, **values}
            _check(CallBatch(**values), actor)
            return values
        if row.status != BatchStatus.QUEUED:
            raise BatchAlreadyStarted
        checked = {name: values.get(name, getattr(row, name)) for name in _FIELDS_CHECKED}
        _check(CallBatch(**checked, tenant_id=row.tenant_id), actor)
        return values

    def before_delete(self, row: CallBatch, *, actor: Actor) -> None:
        if row.status == BatchStatus.RUNNING:
            raise BatchAlreadyStarted("This batch is running. Stop or cancel it before you delete it.")


class CallBatchEntryWriter(writes.Writer[CallBatchEntry]):
    """Add, change and remove entries only while their batch is queued, and keep its counters right."""

    def prepare(self, row: CallBatchEntry | None, values: Values, *, actor: Actor) -> Values:
        _require_queued(values["batch"].pk if row is None else row.batch_id)
        if row is None:
            return with_dialled_number(values, values.get("lead"), new=True)
        message = "An entry cannot move to another batch. Delete it here and add it to the other batch."
        writes.fixed_fields(row, values, {"batch"}, message)
        if values.get("to_phone") == row.to_phone:
            values = {name: value for name, value in values.items() if name != "to_phone"}
        return with_dialled_number(values, values.get("lead", row.lead), new=False)

    def after_save(self, change: writes.Change[CallBatchEntry]) -> None:
        if change.created:
            update_progress(batch_id=change.row.batch_id, now=timezone.now())

    def before_delete(self, row: CallBatchEntry, *, actor: Actor) -> None:
        _require_queued(row.batch_id)

    def after_delete(self, row: CallBatchEntry, *, actor: Actor) -> None:
        update_progress(batch_id=row.batch_id, now=timezone.now())

    def before_restore(self, row: CallBatchEntry, *, actor: Actor) -> None:
        _require_queued(row.batch_id)

    def after_restore(self, row: CallBatchEntry, *, actor: Actor) -> None:
        update_progress(batch_id=row.batch_id, now=timezone.now())


def _require_queued(batch_id: UUID) -> None:
    locked = CallBatch.all_objects.select_for_update().get(pk=batch_id)
    if locked.status != BatchStatus.QUEUED:
        raise BatchAlreadyStarted


def _check(batch: CallBatch, actor: Actor) -> None:
    """Raise Invalid if the agent or number cannot be used, NotPermitted if this user may not use them."""
    agent = batch.agent if batch.agent_id else None
    number = batch.from_number if batch.from_number_id else None
    errors = {}
    if agent is not None and agent.deleted_at:
        errors["agent"] = ["This agent was deleted. Choose another."]
    if number is not None and (number.deleted_at or number.status != NumberStatus.ACTIVE):
        errors["from_number"] = ["This number is not active. Choose another."]
    elif number is not None and number.metadata.get("rules", {}).get("outbound") is False:
        errors["from_number"] = ["This number does not allow outbound calls. Choose another."]
    if errors:
        raise Invalid(errors=errors)
    require_use(actor=actor, number=number, voice=batch.voice if batch.voice_id else None)


def _new_entry(batch: CallBatch, check: TargetCheck, target: Target) -> CallBatchEntry:
    metadata = {"lead_name": target.name or check.lead_name, "context": target.context, "entry_index": check.index}
    return CallBatchEntry(
        tenant_id=batch.tenant_id,
        batch=batch,
        lead_id=check.lead_id,
        to_phone=check.to_phone,
        metadata={name: value for name, value in metadata.items() if value != ""},
    )


def with_dialled_number(values: Values, lead: Lead | None, *, new: bool) -> dict[str, Any]:
    """Return the values with ``to_phone`` in E.164, taken from the lead if none is given. Raise Invalid."""
    if not new and "to_phone" not in values and values.get("lead") is None:
        return dict(values)
    [check] = check_targets([Target(lead_id=lead.pk if lead else None, phone=values.get("to_phone", ""))])
    if not check.is_accepted:
        raise Invalid(errors={"to_phone": [check.detail]})
    return {**values, "to_phone": check.to_phone}


def _lock_open(batch: CallBatch) -> CallBatch:
    row: CallBatch = CallBatch.objects.select_for_update().get(pk=batch.pk)
    if row.status not in BATCH_OPEN:
        raise BatchFinished
    return row


def _finish(batch: CallBatch, status: BatchStatus, now: datetime) -> None:
    batch.status = status
    batch.finished_at = max(now, batch.started_at or now)
    batch.save(update_fields=["status", "finished_at"])


def _cancel_entries(batch: CallBatch, *statuses: EntryStatus, **conditions: bool) -> None:
    rows = CallBatchEntry.objects.filter(batch=batch, status__in=statuses, **conditions)
    rows.update(status=EntryStatus.CANCELLED)


def _recount_and_emit(batch: CallBatch, event_type: str, reason: str, actor: Actor, now: datetime) -> CallBatch:
    row = update_progress(batch_id=batch.pk, now=now) or batch
    emit(event_type, aggregate=row, payload={**counters(row), "reason": reason}, actor=actor)
    return row


writes.register(CallBatch, CallBatchWriter)
writes.register(CallBatchEntry, CallBatchEntryWriter)
