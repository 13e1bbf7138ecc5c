"""The booking for the time that a person and the voice agent agreed on: one for each call."""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from lad import writes
from lad.errors import DomainError
from leads.bookings import services as bookings
from leads.bookings.models import DEFAULT_DURATION, BookingSource, BookingType, LeadBooking
from leads.contacts.models import Lead
from voice.analysis.models import CallAnalysis, CallOutcome
from voice.calls.models import CallLog
from voice.follow_ups import automatic
from voice.follow_ups.automatic import AutomaticCall
from voice.follow_ups.people import keeper_of
from voice.follow_ups.slots import at_first_free

# Nothing is booked with somebody who does not want it, or with whom nothing was agreed.
WITHOUT: Final = frozenset(
    {
        CallOutcome.NOT_INTERESTED,
        CallOutcome.DO_NOT_CALL,
        CallOutcome.WRONG_PERSON,
        CallOutcome.VOICEMAIL,
        CallOutcome.IVR,
        CallOutcome.NO_CONVERSATION,
    }
)
AGREED: Final = "agreed_at"
TAKEN: Final = "It was agreed for {agreed}. That time was taken."
NO_LONGER: Final = "By a newer analysis of the call nothing was agreed on."

log = structlog.get_logger("voice.follow_ups")


def keep(call: CallLog, analysis: CallAnalysis, lead: Lead, *, now: datetime) -> LeadBooking | None:
    """Book the agreed time, or move or cancel the booking of an earlier analysis. Return what was booked or moved.

    A booking that somebody moved, ended or deleted stays as they left it.
    """
    wanted = agreed_time(analysis, now)
    row = LeadBooking.all_objects.filter(idempotency_key=_key(call)).select_related("lead").first()
    if row is None:
        return _book(call, analysis, lead, wanted) if wanted is not None else None
    if row.deleted_at is not None or not row.is_open or _was_moved(row):
        return None
    if wanted is None:
        # The time may only have passed meanwhile.
        if analysis.follow_up_at is None or analysis.do_not_call or analysis.outcome in WITHOUT:
            bookings.cancel(booking=row, reason=NO_LONGER)
        return None
    return _move(row, wanted)


def agreed_time(analysis: CallAnalysis, now: datetime) -> datetime | None:
    """Return the time to come that was agreed on; None if there is none, or if the person declined."""
    if analysis.do_not_call or analysis.outcome in WITHOUT or analysis.follow_up_at is None:
        return None
    return analysis.follow_up_at if analysis.follow_up_at > now else None


def _key(call: CallLog) -> str:
    return f"call:{call.pk}"


def _was_moved(row: LeadBooking) -> bool:
    return row.metadata.get("booked_for") != row.scheduled_at.isoformat()


def _book(call: CallLog, analysis: CallAnalysis, lead: Lead, wanted: datetime) -> LeadBooking | None:
    is_meeting = analysis.outcome == CallOutcome.MEETING_BOOKED
    automatic_call = AutomaticCall(call.agent_id, context=_context(analysis)) if call.agent_id else None

    def book(moment: datetime) -> LeadBooking:
        values: dict[str, Any] = {
            "lead": lead,
            "assigned_user": keeper_of(lead, call),
            # A lead that nobody looks after goes to whoever had it called.
            bookings.REASSIGN_LEAD: lead.assigned_user_id is None and call.initiated_by_user_id is not None,
            "booking_type": BookingType.AUTO_CONSULTATION if is_meeting else BookingType.CALLBACK_REQUESTED,
            "booking_source": BookingSource.VOICE_AGENT,
            "scheduled_at": moment,
            "buffer_until": moment + DEFAULT_DURATION,
            "timezone": analysis.follow_up_zone or "UTC",
            "notes": _notes(analysis, wanted, moment),
            "idempotency_key": _key(call),
            "metadata": _metadata(call, wanted, moment),
            "created_by_user": call.initiated_by_user,
        }
        if automatic_call is not None and not is_meeting:
            own = automatic.values_of(automatic_call, None, moment)
            values |= {**own, "metadata": {**own["metadata"], **values["metadata"]}}
        return writes.create(LeadBooking, values)

    try:
        return at_first_free(wanted, book)
    except DomainError as error:
        log.info("agreed time not booked", call=str(call.pk), reason=error.detail)
        return None


def _move(row: LeadBooking, wanted: datetime) -> LeadBooking | None:
    if row.metadata.get(AGREED) == wanted.isoformat():
        return None

    def book(moment: datetime) -> LeadBooking:
        moved = bookings.reschedule(booking=row, scheduled_at=moment)
        about = {**moved.metadata, AGREED: wanted.isoformat(), "booked_for": moment.isoformat()}
        return writes.update(moved, {"metadata": about})

    try:
        return at_first_free(wanted, book)
    except DomainError as error:
        log.info("booking not moved", booking=str(row.pk), reason=error.detail)
        return None


def _metadata(call: CallLog, wanted: datetime, moment: datetime) -> dict[str, str]:
    return {"call_id": str(call.pk), AGREED: wanted.isoformat(), "booked_for": moment.isoformat()}


def _context(analysis: CallAnalysis) -> str:
    """Return what the agent is told of the earlier call."""
    return f"The person asked to be called at this time. About the earlier call: {analysis.summary}".strip()


def _notes(analysis: CallAnalysis, wanted: datetime, moment: datetime) -> str:
    parts = [analysis.summary]
    if moment - wanted >= timedelta(minutes=1):
        parts.append(TAKEN.format(agreed=wanted.strftime("%H:%M UTC")))
    return "\n".join(filter(None, parts))
