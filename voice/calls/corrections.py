"""Correct the record of a call that is over, when a late report says that it ended otherwise, or took longer."""

from datetime import datetime
from typing import Any

from django.db import transaction

from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.services import Touch, record_contacts
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import update_progress
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
    entry = _lock_entry(call)
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
    if row.status != before["status"] and entry is not None:
        _follow(entry, row, now)
    if row.started_at is not None and before["started_at"] is None and row.lead_id is not None and row.ended_at:
        touch = Touch(row.lead_id, Channel.VOICE, ContactDirection(row.direction), row.ended_at, row.pk)
        record_contacts([touch])
    return row


def _values(row: CallLog) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def _lock_entry(call: CallLog) -> CallBatchEntry | None:
    """Lock and return the entry of the call, after its batch."""
    entry = CallBatchEntry.objects.filter(placements__call_log=call.pk).first()
    if entry is None or CallBatch.objects.select_for_update().filter(pk=entry.batch_id).first() is None:
        return None
    return CallBatchEntry.objects.select_for_update().filter(pk=entry.pk).first()


def _follow(entry: CallBatchEntry, call: CallLog, now: datetime) -> None:
    """Let the entry follow, unless another call was made for it since."""
    if entry.call_log_id not in (None, call.pk):
        return
    waits = entry.status == EntryStatus.QUEUED
    if waits and call.outcome not in (Outcome.ANSWERED, Outcome.VOICEMAIL):
        return
    entry.status, entry.outcome, entry.next_attempt_at = entry_status_for(call.status), call.outcome, None
    entry.call_log = call
    entry.save(update_fields=["status", "outcome", "next_attempt_at", "call_log"])
    update_progress(batch_id=entry.batch_id, now=now)
