"""Record what workers and carriers report about calls, in any order and any number of times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStep
from campaigns.enrolment.models import CampaignLead
from lad import writes
from lad.db.columns import Columns, read_rows
from lad.db.queries import rows
from lad.db.statements import update_row
from lad.errors import Conflict, Invalid
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.services import Touch, record_activity, record_contacts
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import Counted, count, lock_batch
from voice.calls.models import CallLog
from voice.calls.transcripts import normalise_transcript
from voice.changes import tell_pages
from voice.phone_columns import tenant_of_new, with_number
from voice.statuses import (
    BATCH_OPEN,
    CALL_FINISHED,
    CALL_ORDER,
    CallStatus,
    EntryStatus,
    entry_status_for,
    parse_call_status,
)

# Carriers' words are short; a longer one is cut.
MAX_CAUSE: Final = 200
PROGRESS: Final = (
    "status",
    "started_at",
    "ended_at",
    "duration_seconds",
    "outcome",
    "answered_by",
    "cause",
    "metadata",
)
ENTRY_PROGRESS: Final = ("status", "error_message", "next_attempt_at", "retry_count", "outcome")
CALL: Final = Columns(CallLog, "call")
ENTRY: Final = Columns(CallBatchEntry, "entry")
BATCH: Final = Columns(CallBatch, "batch")
# PostgreSQL locks in the order of this list: the batch first, as everybody does, or two could wait for each other.
LOCK: Final = """
SELECT {call}, {entry}, {batch} FROM voice_call_logs call
JOIN voice_call_batch_entries entry ON entry.tenant_id = call.tenant_id AND entry.call_log_id = call.id
JOIN voice_call_batches batch ON batch.tenant_id = entry.tenant_id AND batch.id = entry.batch_id
WHERE call.tenant_id = %s AND call.id = %s AND entry.deleted_at IS NULL AND batch.deleted_at IS NULL
FOR NO KEY UPDATE OF batch, entry, call
"""


class CallFinished(Conflict):
    """This call has ended. Its status can no longer change."""

    code = "call_is_over"


@dataclass(frozen=True, slots=True)
class CallReport:
    """A report about a call. ``at`` is when it reached the status, ``reason`` why it failed."""

    at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    reason: str = ""


class CallDetails(TypedDict, total=False):
    """What arrives after a call."""

    recording_url: str | None
    transcripts: object
    cost: Decimal | None
    currency: str | None
    cost_breakdown: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class LockedCall:
    """A call that is locked until the transaction ends, with its batch and the entry that was locked before it."""

    call: CallLog
    entry: tuple[CallBatch, CallBatchEntry] | None = None


def lock_call(call_id: UUID) -> LockedCall:
    """Lock a call of the current tenant, after its batch and its entry, in one statement where there is an entry."""
    found = rows(_lock_statement(), [current_tenant_id(), call_id])
    if not found:
        return LockedCall(CallLog.objects.select_for_update(no_key=True).get(pk=call_id))
    call, entry, batch = read_rows(found[0], CALL, ENTRY, BATCH)
    entry.batch = batch
    return LockedCall(call, (batch, entry))


@transaction.atomic
def record_call_status(
    *,
    call: CallLog,
    status: str,
    report: CallReport | None = None,
    now: datetime | None = None,
    outcome: str = "",
    answered_by: str = "",
    cause: str = "",
    retry_at: datetime | None = None,
) -> CallLog:
    """Set the status of a call, given in any word that ``voice.statuses`` knows, and return the call.

    A call only moves forward and never leaves a final status, so late, repeated and out-of-order reports change
    nothing. The batch entry of the call and the batch's counters are updated with it. With ``retry_at`` the entry of a
    call that is over goes back to the queue until then, unless its batch is over. ``outcome`` is how the call ended,
    ``cause`` the carrier's own word for it. ``now`` stands in for times the carrier does not give. A duration longer
    than the call is cut. Emits ``voice.call.started``, ``voice.call.ended`` or ``voice.call.failed``. Raises
    UnknownStatus.
    """
    return advance(
        lock_call(call.pk),
        status=status,
        report=report or CallReport(),
        now=now or timezone.now(),
        outcome=outcome,
        answered_by=answered_by,
        cause=cause,
        retry_at=retry_at,
    )


def advance(
    locked: LockedCall,
    *,
    status: str,
    report: CallReport,
    now: datetime,
    outcome: str = "",
    answered_by: str = "",
    cause: str = "",
    retry_at: datetime | None = None,
) -> CallLog:
    """Set the status of a call that the caller has locked, as ``record_call_status`` does, and return the call."""
    row, new_status = locked.call, parse_call_status(status)
    if not _is_forward(row.status, new_status):
        return row
    before = CallStatus(row.status)
    row.status = new_status
    set_times(row, report, now)
    # Keep the provider's own word: busy and rejected are both stored as declined.
    details = {"provider_status": status if status != new_status else "", "reason": report.reason}
    row.metadata = {**row.metadata, **{name: text for name, text in details.items() if text}}
    row.outcome = outcome or row.outcome
    row.answered_by = answered_by or row.answered_by
    row.cause = cause[:MAX_CAUSE] or row.cause
    update_row(row, PROGRESS)
    _update_entry(locked.entry, row, report.reason, now, retry_at)
    _record_on_lead(row, now)
    emit_many(_progress_events(row, before, reason=report.reason))
    tell_pages(row.tenant_id)
    return row


@transaction.atomic
def record_call_details(*, call: CallLog, **details: Unpack[CallDetails]) -> CallLog:
    """Store what arrives after a call: its recording, its transcript in any known form, its cost.

    Details that are None or left out stay as they are. Recording the same details twice changes nothing. Raises
    Invalid or UnreadableTranscript.
    """
    row = CallLog.objects.select_for_update(no_key=True).get(pk=call.pk)
    return write_details(row, **details)


def write_details(row: CallLog, **details: Unpack[CallDetails]) -> CallLog:
    """Store details on a call that the caller has locked, as ``record_call_details`` does, and return the call."""
    values: dict[str, Any] = {name: value for name, value in details.items() if value is not None}
    if "transcripts" in values:
        values["transcripts"] = normalise_transcript(values["transcripts"])
    updated: CallLog = writes.update(row, values)
    return updated


class CallWriter(writes.Writer[CallLog]):
    """Apply the order of statuses, the campaign's keys and valid numbers to calls that staff write by hand."""

    def prepare(self, row: CallLog | None, values: Values, *, actor: Actor) -> Values:
        tenant_id = row.tenant_id if row is not None else tenant_of_new(values)
        values = with_number(_with_normalised_transcript(values), row, tenant_id, prefix="to_")
        if row is None:
            _check_campaign(values.get("campaign"), values.get("campaign_lead"), values.get("campaign_step"))
            return {"initiated_by_user": actor, **values}
        before = CallStatus(row.status)
        after = CallStatus(values.get("status", before))
        if after != before and not _is_forward(before, after):
            message = f"The call is already {before.label.lower()} and cannot go back."
            raise CallFinished if before in CALL_FINISHED else Invalid(errors={"status": [message]})
        if {"campaign", "campaign_lead", "campaign_step"} & set(writes.differing(row, values)):
            _check_campaign(
                values.get("campaign", row.campaign),
                values.get("campaign_lead", row.campaign_lead),
                values.get("campaign_step", row.campaign_step),
            )
        if after != before:
            _lock_entry(row)
        return values

    def events(self, change: writes.Change[CallLog]) -> list[NewEvent]:
        if "status" not in change.before:
            return []
        return _progress_events(change.row, CallStatus(change.before["status"]), actor=change.actor)

    def after_save(self, change: writes.Change[CallLog]) -> None:
        now = timezone.now()
        if "status" in change.before:
            _update_entry(_lock_entry(change.row), change.row, "", now)
        if change.created or "status" in change.before:
            _record_on_lead(change.row, now)


@cache
def _lock_statement() -> str:
    return LOCK.format(call=CALL, entry=ENTRY, batch=BATCH)


def _with_normalised_transcript(values: Values) -> dict[str, Any]:
    if "transcripts" not in values:
        return dict(values)
    return {**values, "transcripts": normalise_transcript(values["transcripts"])}


def _check_campaign(campaign: Campaign | None, enrolment: CampaignLead | None, step: CampaignStep | None) -> None:
    campaign_id = campaign.pk if campaign else None
    for name, row in (("campaign_lead", enrolment), ("campaign_step", step)):
        if row is not None and row.campaign_id != campaign_id:
            raise Invalid(errors={name: ["It does not belong to the call's campaign."]})


def _is_forward(before: str, after: str) -> bool:
    if before in CALL_FINISHED:
        return False
    return after in CALL_FINISHED or CALL_ORDER[CallStatus(after)] > CALL_ORDER[CallStatus(before)]


def set_times(row: CallLog, report: CallReport, now: datetime) -> None:
    at = report.at or now
    started = report.started_at or row.started_at
    if row.status == CallStatus.ONGOING:
        row.started_at = started or at
    if not row.is_finished:
        return
    row.ended_at = report.ended_at or at
    if started is None and report.duration_seconds:
        started = row.ended_at - timedelta(seconds=report.duration_seconds)
    # The reports may come from two clocks, so the start can lie after the end.
    row.started_at = min(started, row.ended_at) if started else None
    span = ceil((row.ended_at - row.started_at).total_seconds()) if row.started_at else None
    talk_time = report.duration_seconds
    if talk_time is None:
        talk_time = span or 0 if row.status == CallStatus.ENDED else 0
    row.duration_seconds = max(talk_time if span is None else min(talk_time, span), 0)


def _lock_entry(call: CallLog) -> tuple[CallBatch, CallBatchEntry] | None:
    """Lock and return the call's batch entry. Lock its batch first, the order that prevents deadlocks."""
    entry = CallBatchEntry.objects.filter(call_log=call).first()
    batch = lock_batch(entry.batch_id) if entry is not None else None
    if entry is None or batch is None:
        return None
    row = CallBatchEntry.objects.select_for_update(no_key=True).filter(pk=entry.pk, call_log=call).first()
    return None if row is None else (batch, row)


def _update_entry(
    locked: tuple[CallBatch, CallBatchEntry] | None,
    call: CallLog,
    reason: str,
    now: datetime,
    retry_at: datetime | None = None,
) -> None:
    if locked is None:
        return
    batch, entry = locked
    before, values = entry.status, _progress_of(entry)
    again = retry_at is not None and call.is_finished and batch.status in BATCH_OPEN
    if again:
        entry.status, entry.next_attempt_at, entry.retry_count = EntryStatus.QUEUED, retry_at, entry.retry_count + 1
    else:
        entry.status, entry.next_attempt_at = entry_status_for(call.status), None
    entry.error_message = reason[:2_000] if call.status == CallStatus.FAILED else ""
    entry.outcome = call.outcome or entry.outcome
    # While a call goes on, its entry mostly stays as it is.
    if _progress_of(entry) != values:
        update_row(entry, ENTRY_PROGRESS)
    count(batch, Counted.of(before, entry.status), now=now)


def _progress_of(entry: CallBatchEntry) -> list[object]:
    return [getattr(entry, name) for name in ENTRY_PROGRESS]


def _record_on_lead(call: CallLog, now: datetime) -> None:
    """Record an answered call as contact with its lead, and an unanswered one as activity once it is finished."""
    if call.lead_id is None:
        return
    at = call.ended_at or call.started_at or now
    if call.status in (CallStatus.ONGOING, CallStatus.ENDED):
        record_contacts([Touch(call.lead_id, Channel.VOICE, ContactDirection(call.direction), at, call.pk)])
    elif call.is_finished:
        record_activity([call.lead_id], at=at)


def _progress_events(call: CallLog, before: CallStatus, *, reason: str = "", actor: Actor = None) -> list[NewEvent]:
    """Return the events that the call was answered, that it finished, or both for one report."""
    events = []
    payload = {
        "direction": call.direction,
        "agent_id": call.agent_id,
        **{name: getattr(call, name) for name in ("lead_id", "campaign_id", "campaign_lead_id", "campaign_step_id")},
    }
    if call.status == CallStatus.ONGOING or (call.status == CallStatus.ENDED and before != CallStatus.ONGOING):
        events.append(NewEvent("voice.call.started", call, payload, actor))
    if not call.is_finished:
        return events
    finished = {"status": call.status, "duration_seconds": call.duration_seconds, **payload}
    if call.status == CallStatus.FAILED:
        events.append(NewEvent("voice.call.failed", call, {**finished, "reason": reason}, actor))
    else:
        events.append(NewEvent("voice.call.ended", call, finished, actor))
    return events


writes.register(CallLog, CallWriter)
