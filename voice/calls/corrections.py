"""Correct the record of a call that is over, when a late report says that it ended otherwise, or took longer."""

from datetime import datetime
from typing import Any

from django.db import transaction

from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.services import Touch, record_contacts
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import Counted, count, lock_batch
from voice.calls.models import CallLog
from voice.calls.services import CallReport, set_times
from voice.carriers.outcomes import STATES, Outcome
from voice.statuses import EntryStatus, entry_status_for

COLUMNS = ("status", "started_at", "ended_at", "duration_seconds", "outcome", "answered_by", "cause")


@transaction.atomic
def correct_call(
    *, call: CallLog, outcome: Outcome, answered_by: str, cause: str, report: CallReport, now: datetime
) -> CallLog:
    """Write how a call that is over really ended, and return it. The same twice changes nothing.

    The entry of its batch follows. One that waits for another attempt waits no more if the person was reached.
    """
    locked = _lock_entry(call)
    row = CallLog.objects.select_for_update(no_key=True).get(pk=call.pk)
    if not row.is_finished:
        return row
    before = _values(row)
    row.status, row.outcome, row.answered_by, row.cause = STATES[outcome], outcome, answered_by, cause
    set_times(row, report, now)
    if _values(row) == before:
        return row
    row.save(update_fields=list(COLUMNS))
    row.refresh_from_db(fields=["updated_at"])
    if row.status != before["status"] and locked is not None:
        _follow(*locked, row, now)
    if row.started_at is not None and before["started_at"] is None and row.lead_id is not None and row.ended_at:
        touch = Touch(row.lead_id, Channel.VOICE, ContactDirection(row.direction), row.ended_at, row.pk)
        record_contacts([touch])
    return row


def _values(row: CallLog) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def _lock_entry(call: CallLog) -> tuple[CallBatch, CallBatchEntry] | None:
    """Lock and return the entry of the call, after its batch."""
    entry = CallBatchEntry.objects.filter(placements__call_log=call.pk).first()
    batch = lock_batch(entry.batch_id) if entry is not None else None
    if entry is None or batch is None:
        return None
    row = CallBatchEntry.objects.select_for_update(no_key=True).filter(pk=entry.pk).first()
    return None if row is None else (batch, row)


def _follow(batch: CallBatch, entry: CallBatchEntry, call: CallLog, now: datetime) -> None:
    """Let the entry follow, unless another call was made for it since."""
    if entry.call_log_id not in (None, call.pk):
        return
    before = entry.status
    if before == EntryStatus.QUEUED and call.outcome not in (Outcome.ANSWERED, Outcome.VOICEMAIL):
        return
    entry.status, entry.outcome, entry.next_attempt_at = entry_status_for(call.status), call.outcome, None
    entry.call_log, entry.error_message = call, ""
    entry.save(update_fields=["status", "outcome", "next_attempt_at", "call_log", "error_message"])
    count(batch, Counted.of(before, entry.status), now=now)
