"""Create call batches, and write batches and entries by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit, quiet
from lad.types import Actor, Values
from leads.contacts.models import Lead
from voice.agents.services.defaults import with_defaults
from voice.agents.services.usable import AGENT_MISSING, check_usable
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.filling import add_people
from voice.batches.services.progress import update_progress
from voice.batches.services.targets import MAX_TARGETS, Target, TargetCheck, check_targets
from voice.statuses import BatchStatus, EntryStatus

_FIELDS_CHECKED: Final = ("agent", "voice", "from_number")
_JUDGED_BY: Final = {"scheduled_at", "purpose"}


class BatchAlreadyStarted(Conflict):
    """This batch has already started. Stop it and create a new one."""

    code = "batch_has_begun"


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

    ``values`` are the batch's own fields; the agent and the number are by default those of the user's voice profile.
    Targets without a valid number, with an unknown lead, with a repeated number or without permission are left out;
    their check says why. Emits ``voice.call_batch.created``. Raises NobodyToCall with all checks, Invalid or
    NotPermitted.
    """
    if len(targets) > MAX_TARGETS:
        raise Invalid(errors={"entries": [f"A request holds at most {MAX_TARGETS:,} rows. Send a file for more."]})
    with quiet():  # The event below says more.
        batch = writes.create(CallBatch, values, actor=actor)
    checks = add_people(batch, targets, now=timezone.now())
    accepted = sum(check.is_accepted for check in checks)
    if not accepted:
        raise NobodyToCall(verdicts=[check.as_json() for check in checks])
    batch.refresh_from_db()
    announce_created(batch, total=accepted, refused=len(checks) - accepted, actor=actor)
    return CreatedBatch(batch, checks)


def announce_created(batch: CallBatch, *, total: int, refused: int, actor: Actor) -> None:
    """Emit that the batch was created for so many people."""
    emit(
        "voice.call_batch.created",
        aggregate=batch,
        payload={
            "agent_id": batch.agent_id,
            "total_calls": total,
            "refused": refused,
            "scheduled_at": batch.scheduled_at,
        },
        actor=actor,
    )


class CallBatchWriter(writes.Writer[CallBatch]):
    """Change a batch only while it is queued, and delete it only while it is not running."""

    def prepare(self, row: CallBatch | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            values = with_defaults({"initiated_by_user": actor, **values}, actor)
            if values.get("agent") is None:
                raise Invalid(errors={"agent": [AGENT_MISSING]})
            _check(CallBatch(**values), actor)
            return values
        if row.status != BatchStatus.QUEUED:
            raise BatchAlreadyStarted
        checked = {name: values.get(name, getattr(row, name)) for name in _FIELDS_CHECKED}
        _check(CallBatch(**checked, tenant_id=row.tenant_id), actor)
        return values

    def after_save(self, change: writes.Change[CallBatch]) -> None:
        if not change.created and _JUDGED_BY & set(change.before):
            # Those who wait were judged by the old values. The dialer judges again.
            waiting = CallBatchEntry.objects.filter(batch=change.row, status=EntryStatus.QUEUED)
            waiting.exclude(next_attempt_at=None).update(next_attempt_at=None, decision={})

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
    check_usable(
        agent=batch.agent if batch.agent_id else None,
        number=batch.from_number if batch.from_number_id else None,
        voice=batch.voice if batch.voice_id else None,
        actor=actor,
    )


def with_dialled_number(values: Values, lead: Lead | None, *, new: bool) -> dict[str, Any]:
    """Return the values with ``to_phone`` in E.164, taken from the lead if none is given. Raise Invalid."""
    if not new and "to_phone" not in values and values.get("lead") is None:
        return dict(values)
    [check] = check_targets([Target(lead_id=lead.pk if lead else None, phone=values.get("to_phone", ""))])
    if not check.is_accepted:
        raise Invalid(errors={"to_phone": [check.detail]})
    return {**values, "to_phone": check.to_phone}


writes.register(CallBatch, CallBatchWriter)
writes.register(CallBatchEntry, CallBatchEntryWriter)
