"""The story of one call: what was asked, what happened, why, and what came of it, in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from lad.times import written
from leads.bookings.models import LeadBooking
from voice.analysis.models import CallAnalysis
from voice.batches.models import CallBatchEntry
from voice.calls.models import CallLog
from voice.carriers.outcomes import AnsweredBy, Outcome
from voice.dialer.models import CallPlacement, PlacementState
from voice.formatting import format_duration
from voice.statuses import CallStatus, Direction, EntryStatus

ATTEMPTS_SHOWN: Final = 10
# How a call ended, as a sentence. The carrier's own word is shown beside it.
ENDINGS: Final = {
    Outcome.ANSWERED: "The conversation ended",
    Outcome.VOICEMAIL: "A voicemail answered",
    Outcome.BUSY: "The line was busy",
    Outcome.NO_ANSWER: "Nobody answered",
    Outcome.DECLINED: "The call was declined",
    Outcome.CANCELLED: "The call was cancelled",
    Outcome.WRONG_NUMBER: "The number is not in service",
    Outcome.REFUSED: "The carrier refused the call",
    Outcome.OVER_LIMIT: "The carrier had no room for the call",
    Outcome.CARRIER_FAILED: "The carrier failed",
    Outcome.AGENT_FAILED: "The agent failed",
    Outcome.UNKNOWN: "Nobody knows what became of the call",
}
BY_STATUS: Final = {
    CallStatus.ENDED: "The call ended",
    CallStatus.DECLINED: "Nobody took the call",
    CallStatus.CANCELLED: "The call was cancelled",
    CallStatus.FAILED: "The call failed",
}
ANSWERED: Final = {
    AnsweredBy.HUMAN: "A person answered",
    AnsweredBy.MACHINE_IVR: "A menu answered",
    AnsweredBy.MACHINE_VOICEMAIL: "A voicemail answered",
    AnsweredBy.MACHINE_UNAVAILABLE: "An announcement answered",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or will. ``at`` is None where nobody knows when."""

    icon: str
    text: str
    at: datetime | None = None
    detail: str = ""
    url: str = ""
    warns: bool = False
    to_come: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Another call of the same entry."""

    call: CallLog
    result: str
    url: str


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a call beside its conversation."""

    steps: Sequence[Step]
    attempts: Sequence[Attempt]
    batch_url: str = ""
    batch_name: str = ""


def story_of(call: CallLog, analysis: CallAnalysis | None) -> Story:
    """Return the story of a call. ``analysis`` is the newest one, if there is any."""
    placement = CallPlacement.objects.filter(tenant=call.tenant_id, call_log=call.pk).first()
    entry = _entry_of(call, placement)
    steps = [*_asked(call, placement, entry), *_happened(call, placement), *_came_of_it(call, analysis, entry)]
    batch = entry.batch if entry is not None else None
    return Story(
        steps=steps,
        attempts=_attempts(call, entry),
        batch_url=reverse("admin:voice_callbatch_change", args=(batch.pk,)) if batch else "",
        batch_name=(batch.name or f"Batch of {batch.agent}") if batch else "",
    )


def _entry_of(call: CallLog, placement: CallPlacement | None) -> CallBatchEntry | None:
    entries = CallBatchEntry.objects.filter(tenant=call.tenant_id).select_related("batch__agent")
    if placement is not None and placement.entry_id is not None:
        return entries.filter(pk=placement.entry_id).first()
    return entries.filter(call_log=call.pk).first()


def _asked(call: CallLog, placement: CallPlacement | None, entry: CallBatchEntry | None) -> Iterator[Step]:
    """Yield how the call came about, until the carrier was asked."""
    if call.direction == Direction.INBOUND:
        yield Step("phone_callback", f"{_person(call)} called", call.created_at)
        return
    yield Step("add_call", f"{_whose(call, placement, entry)} asked for the call", call.created_at)
    if placement is None:
        return
    if placement.state == PlacementState.QUEUED:
        reason = decision_text(placement.decision) or "It waits for its turn."
        yield Step(
            "hourglass_top",
            "It is called later" if placement.due_at else "It waits",
            placement.due_at,
            reason,
            to_come=True,
        )
    if placement.asked_at is not None:
        account = placement.carrier_account
        name = str(account) if account is not None and account.tenant_id else "the carrier"
        number = placement.number.phone.international if placement.number is not None else ""
        yield Step("call_made", f"LAD asked {name}", placement.asked_at, f"from {number}" if number else "")
    if placement.state == PlacementState.UNKNOWN:
        detail = "The answer was lost. The carrier is asked before anything else happens."
        yield Step("help", "It is not known whether it was placed", placement.look_at, detail, warns=True, to_come=True)


def _happened(call: CallLog, placement: CallPlacement | None) -> Iterator[Step]:
    """Yield what the carrier reported."""
    answered_at = (placement.answered_at if placement else None) or call.started_at
    if answered_at is not None:
        by = call.answered_by or (placement.answered_by if placement else "")
        yield Step(
            "phone_in_talk", ANSWERED.get(AnsweredBy(by), "Somebody answered") if by else "Answered", answered_at
        )
    if call.is_finished:
        outcome, reported = call.outcome, str(call.metadata.get("reason") or "")
        text = ENDINGS[Outcome(outcome)] if outcome else BY_STATUS[CallStatus(call.status)]
        length = f"after {format_duration(call.duration_seconds)}" if call.duration_seconds else ""
        word = f"the carrier says “{call.cause}”" if call.cause else reported
        failed = call.status == CallStatus.FAILED
        yield Step("call_end", text, call.ended_at, " · ".join(filter(None, (length, word))), warns=failed)
    if placement is not None and placement.error:
        yield Step("error", placement.error, warns=True)


def _came_of_it(call: CallLog, analysis: CallAnalysis | None, entry: CallBatchEntry | None) -> Iterator[Step]:
    if analysis is not None and analysis.outcome:
        url = reverse("admin:voice_callanalysis_change", args=(analysis.pk,))
        yield Step("analytics", f"Analysed: {analysis.get_outcome_display()}", analysis.created_at, url=url)
    for booking in LeadBooking.objects.filter(tenant=call.tenant_id, lead=call.lead_id, metadata__call_id=str(call.pk)):
        url = reverse("admin:leads_leadbooking_change", args=(booking.pk,))
        text = f"Booked: {booking.get_booking_type_display()}, {written(booking.scheduled_at)}"
        yield Step("event", text, booking.created_at, url=url)
    if entry is None:
        return
    if entry.status == EntryStatus.QUEUED:
        why = decision_text(entry.decision)
        yield Step("redo", "Another attempt follows", entry.next_attempt_at, why, to_come=True)


def _attempts(call: CallLog, entry: CallBatchEntry | None) -> list[Attempt]:
    if entry is None:
        return []
    placements = CallPlacement.objects.filter(tenant=call.tenant_id, entry=entry.pk).exclude(call_log=call.pk)
    calls = [each.call_log for each in placements.select_related("call_log").order_by("-created_at")[:ATTEMPTS_SHOWN]]
    return [
        Attempt(
            each,
            str(each.get_outcome_display() or each.get_status_display()),
            reverse("admin:voice_calllog_change", args=(each.pk,)),
        )
        for each in calls
    ]


def decision_text(decision: dict[str, Any]) -> str:
    """Return why something waits or was left out, as it was decided."""
    text = str(decision.get("sentence") or decision.get("detail") or "")
    return f"{text[:1].upper()}{text[1:]}"


def _whose(call: CallLog, placement: CallPlacement | None, entry: CallBatchEntry | None) -> str:
    if entry is not None:
        return f"The batch “{entry.batch.name}”" if entry.batch.name else "A batch"
    if call.campaign_id is not None:
        return f"The campaign “{call.campaign}”"
    if placement is not None and placement.booking_id is not None:
        return "A booking"
    return call.initiated_by_user.full_name if call.initiated_by_user is not None else "LAD"


def _person(call: CallLog) -> str:
    return str(call.lead) if call.lead is not None else str(call.phone.international)
