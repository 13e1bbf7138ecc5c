"""The booking for the time that a person and the voice agent agreed on: one for each call."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

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
BOOKED_FOR: Final = "booked_for"
BY_AGENT: Final = "booked_in_call"
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
        refused = analysis.do_not_call or analysis.outcome in WITHOUT
        # What the agent booked in the call holds unless the person declined. A time may only have passed meanwhile.
        if refused or (analysis.follow_up_at is None and not row.metadata.get(BY_AGENT)):
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
    return row.metadata.get(BOOKED_FOR) != _written(row.scheduled_at)


def book_now(call: CallLog, lead: Lead, wanted: datetime, *, zone: str, is_meeting: bool) -> LeadBooking:
    """Book the time that an agent and the person agree on while they talk, or move what they agreed on before.

    Raises NoFreeTime, and BookingEnded if what they agreed on before has ended meanwhile.
    """
    row = LeadBooking.all_objects.filter(idempotency_key=_key(call)).select_related("lead").first()
    agreement = _Agreement(wanted, zone, is_meeting, by_agent=True)
    if row is None:
        return at_first_free(wanted, lambda moment: _create(call, lead, agreement, moment))
    return at_first_free(wanted, lambda moment: _moved(row, wanted, moment))


@dataclass(frozen=True, slots=True)
class _Agreement:
    """What was agreed on. ``summary`` is what was said in the call."""

    wanted: datetime
    zone: str
    is_meeting: bool
    summary: str = ""
    by_agent: bool = False

    @property
    def context(self) -> str:
        """Return what the agent is told of the earlier call."""
        return f"The person asked to be called at this time. About the earlier call: {self.summary}".strip()


def _book(call: CallLog, analysis: CallAnalysis, lead: Lead, wanted: datetime) -> LeadBooking | None:
    is_meeting = analysis.outcome == CallOutcome.MEETING_BOOKED
    agreement = _Agreement(wanted, analysis.follow_up_zone or "UTC", is_meeting, analysis.summary)
    try:
        return at_first_free(wanted, lambda moment: _create(call, lead, agreement, moment))
    except DomainError as error:
        log.info("agreed time not booked", call=str(call.pk), reason=error.detail)
        return None


def _create(call: CallLog, lead: Lead, agreement: _Agreement, moment: datetime) -> LeadBooking:
    kind = BookingType.AUTO_CONSULTATION if agreement.is_meeting else BookingType.CALLBACK_REQUESTED
    values: dict[str, Any] = {
        "lead": lead,
        "assigned_user": keeper_of(lead, call),
        # A lead that nobody looks after goes to whoever had it called.
        bookings.REASSIGN_LEAD: lead.assigned_user_id is None and call.initiated_by_user_id is not None,
        "booking_type": kind,
        "booking_source": BookingSource.VOICE_AGENT,
        "scheduled_at": moment,
        "buffer_until": moment + DEFAULT_DURATION,
        "timezone": agreement.zone,
        "notes": _notes(agreement, moment),
        "idempotency_key": _key(call),
        "metadata": {
            "call_id": str(call.pk),
            AGREED: _written(agreement.wanted),
            BOOKED_FOR: _written(moment),
            **({BY_AGENT: True} if agreement.by_agent else {}),
        },
        "created_by_user": call.initiated_by_user,
    }
    if call.agent_id is not None and not agreement.is_meeting:
        own = automatic.values_of(AutomaticCall(call.agent_id, context=agreement.context), None, moment)
        values |= {**own, "metadata": {**own["metadata"], **values["metadata"]}}
    return writes.create(LeadBooking, values)


def _move(row: LeadBooking, wanted: datetime) -> LeadBooking | None:
    if row.metadata.get(AGREED) == _written(wanted):
        return None
    try:
        return at_first_free(wanted, lambda moment: _moved(row, wanted, moment))
    except DomainError as error:
        log.info("booking not moved", booking=str(row.pk), reason=error.detail)
        return None


def _moved(row: LeadBooking, wanted: datetime, moment: datetime) -> LeadBooking:
    moved = bookings.reschedule(booking=row, scheduled_at=moment)
    about = {**moved.metadata, AGREED: _written(wanted), BOOKED_FOR: _written(moment)}
    return writes.update(moved, {"metadata": about})


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _notes(agreement: _Agreement, moment: datetime) -> str:
    parts = [agreement.summary]
    if moment - agreement.wanted >= timedelta(minutes=1):
        parts.append(TAKEN.format(agreed=agreement.wanted.astimezone(ZoneInfo(agreement.zone)).strftime("%H:%M")))
    return "\n".join(filter(None, parts))
