"""Calls on their way: what workers and carriers report, in whatever order and however often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from django.db import transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import fold
from voice.calls import transcripts as transcript
from voice.calls.models import CallLog
from voice.statuses import CALL_ORDER, CALL_OVER, CallStatus, call_status, entry_status


class CallIsOver(Conflict):
    """The call is over: its status can no longer change."""

    code = "call_is_over"


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a call's progress; ``at`` is when it came to the status, ``reason`` why it failed."""

    at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    reason: str = ""


@transaction.atomic
def record_call_status(
    *, call: CallLog, status: str, report: Report | None = None, now: datetime | None = None
) -> CallLog:
    """Move a call to the status that ``status`` means, in any vocabulary ``voice.statuses`` knows.

    A call only goes forward, and never on from where it is over: a report that comes late, twice or out
    of order changes nothing. The batch entry it was dialled for follows, and its batch's counters with it.
    Where the carrier names no moments, now counts. A duration beyond the time from start to end is cut
    to it. Emits ``voice.call.started``, ``voice.call.ended`` or ``voice.call.failed``. Raises UnknownStatus.
    """
    reached = call_status(status)
    report, now = report or Report(), now or timezone.now()
    entry = _locked_entry(call)
    row = CallLog.objects.select_for_update().get(pk=call.pk)
    if not _is_forward(row.status, reached):
        return row
    before = CallStatus(row.status)
    row.status = reached
    _set_moments(row, report, now)
    # What the list of statuses cannot tell apart, such as busy and rejected, is kept as it was said.
    said = {"provider_status": status if status != reached else "", "reason": report.reason}
    row.metadata = {**row.metadata, **{name: text for name, text in said.items() if text}}
    row.save(update_fields=["status", "started_at", "ended_at", "duration_seconds", "metadata"])
    row.refresh_from_db(fields=["updated_at"])
    _follow(entry, row, report.reason, now)
    _tell(row, before, reason=report.reason)
    return row


@transaction.atomic
def record_call_details(
    *,
    call: CallLog,
    recording_url: str | None = None,
    transcripts: Any = None,
    cost: Decimal | None = None,
    currency: str | None = None,
    cost_breakdown: list[dict[str, Any]] | None = None,
) -> CallLog:
    """Keep what comes after a call: the recording, the transcript in any known form, what it cost.

    What is None stays; the same details a second time change nothing. Raises Invalid or UnreadableTranscript.
    """
    row = CallLog.objects.select_for_update().get(pk=call.pk)
    given = {
        "recording_url": recording_url,
        "transcripts": None if transcripts is None else transcript.normalise(transcripts),
        "cost": cost,
        "currency": currency,
        "cost_breakdown": cost_breakdown,
    }
    return writes.update(row, {name: value for name, value in given.items() if value is not None})


class CallWriter(writes.Writer):
    """Calls written by hand: they keep to the order of statuses and to one campaign."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        values = {"initiated_by_user": actor, **_readable(values)}
        _check_campaign(values.get("campaign"), values.get("campaign_lead"), values.get("campaign_step"))
        return super().create(values, actor=actor)

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        before, values = CallStatus(row.status), _readable(values)
        after = CallStatus(values.get("status", before))
        if after != before and not _is_forward(before, after):
            raise CallIsOver if before in CALL_OVER else Invalid(errors={"status": [f"It is {before} already."]})
        campaign = values.get("campaign", row.campaign)
        enrolment, step = (
            values.get("campaign_lead", row.campaign_lead),
            values.get("campaign_step", row.campaign_step),
        )
        _check_campaign(campaign, enrolment, step)
        entry = _locked_entry(row) if after != before else None
        saved = super().update(row, values, actor=actor)
        if after != before:
            _follow(entry, saved, "", timezone.now())
            _tell(saved, before, actor=actor)
        return saved


def _readable(values: Mapping[str, Any]) -> dict[str, Any]:
    if "transcripts" not in values:
        return dict(values)
    return {**values, "transcripts": transcript.normalise(values["transcripts"])}


def _check_campaign(campaign: Any, enrolment: Any, step: Any) -> None:
    key = getattr(campaign, "pk", None)
    for name, row in (("campaign_lead", enrolment), ("campaign_step", step)):
        if row is not None and row.campaign_id != key:
            raise Invalid(errors={name: ["It belongs to another campaign than the call."]})


def _is_forward(before: str, after: str) -> bool:
    if before in CALL_OVER:
        return False
    return after in CALL_OVER or CALL_ORDER[CallStatus(after)] > CALL_ORDER[CallStatus(before)]


def _set_moments(row: CallLog, report: Report, now: datetime) -> None:
    at = report.at or now
    started = report.started_at or row.started_at
    if row.status == CallStatus.ONGOING:
        row.started_at = started or at
    if not row.is_over:
        return
    row.ended_at = report.ended_at or at
    if started is None and report.duration_seconds:
        started = row.ended_at - timedelta(seconds=report.duration_seconds)
    # Two clocks: a call cannot have ended before it began.
    row.started_at = min(started, row.ended_at) if started else None
    span = ceil((row.ended_at - row.started_at).total_seconds()) if row.started_at else None
    spoken = report.duration_seconds
    if spoken is None:
        spoken = span or 0 if row.status == CallStatus.ENDED else 0
    row.duration_seconds = max(spoken if span is None else min(spoken, span), 0)


def _locked_entry(call: CallLog) -> CallBatchEntry | None:
    """The entry the call was dialled for, its batch locked first as everybody does who changes both."""
    entry = CallBatchEntry.objects.filter(call_log=call).first()
    if entry is None or CallBatch.objects.select_for_update().filter(pk=entry.batch_id).first() is None:
        return None
    return CallBatchEntry.objects.select_for_update().filter(pk=entry.pk).first()


def _follow(entry: CallBatchEntry | None, call: CallLog, reason: str, now: datetime) -> None:
    if entry is None:
        return
    entry.status = entry_status(call.status)
    entry.error_message = reason[:2_000] if call.status == CallStatus.FAILED else ""
    entry.save(update_fields=["status", "error_message"])
    fold(batch_id=entry.batch_id, now=now)


def _tell(call: CallLog, before: CallStatus, *, reason: str = "", actor: Any = None) -> None:
    """Say that it was answered, or that it is over; a call may do both in one report."""
    about = {
        "direction": call.direction,
        "agent_id": call.agent_id,
        **{name: getattr(call, name) for name in ("lead_id", "campaign_id", "campaign_lead_id", "campaign_step_id")},
    }
    if call.status == CallStatus.ONGOING or (call.status == CallStatus.ENDED and before != CallStatus.ONGOING):
        emit("voice.call.started", aggregate=call, payload=about, actor=actor)
    if not call.is_over:
        return
    over = {"status": call.status, "duration_seconds": call.duration_seconds, **about}
    if call.status == CallStatus.FAILED:
        emit("voice.call.failed", aggregate=call, payload={**over, "reason": reason}, actor=actor)
    else:
        emit("voice.call.ended", aggregate=call, payload=over, actor=actor)


writes.register(CallLog, CallWriter)
