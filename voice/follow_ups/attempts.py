"""What an ended call means for its booking, and the next attempt of a single call: a chain of bookings."""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import QuerySet

from lad import writes
from lad.errors import DomainError
from leads.bookings import services as bookings
from leads.bookings.models import (
    IS_OPEN,
    BookingSource,
    BookingStatus,
    BookingType,
    CallResult,
    LeadBooking,
    TaskStatus,
)
from leads.contactability.models import Purpose
from leads.contacts.models import Lead
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.hooks import CallOver, DetailsCame, when_details_came, when_over
from voice.dialer.models import CallPlacement
from voice.follow_ups import automatic
from voice.follow_ups.automatic import AutomaticCall
from voice.follow_ups.people import keeper_of
from voice.follow_ups.places import zone_of
from voice.follow_ups.slots import at_first_free

# The calendar of whoever looks after the lead is taken for this long: the agent calls, they may listen.
SHORT: Final = timedelta(minutes=5)
RESULTS: Final = {
    Outcome.ANSWERED: CallResult.ANSWERED,
    Outcome.VOICEMAIL: CallResult.VOICEMAIL,
    Outcome.BUSY: CallResult.BUSY,
    Outcome.NO_ANSWER: CallResult.NO_ANSWER,
    Outcome.DECLINED: CallResult.REJECTED,
}
ANSWERED_AFTER_ALL: Final = "The call was answered after all."
ANOTHER_ATTEMPT: Final = "The lead was not reached ({outcome}). Another attempt is booked."

log = structlog.get_logger("voice.follow_ups")


@when_over
def keep_booking(over: CallOver) -> None:
    """End the booking that the call keeps, and book the next attempt if there is one. Entries of batches have none."""
    placement = over.placement
    if placement is None or placement.entry_id is not None:
        return
    booking = _ended(placement, over) if placement.booking_id is not None else None
    if over.retry_at is None or over.call.lead_id is None:
        return
    try:
        with transaction.atomic():
            _book_again(booking or _first_attempt(over, placement), over, placement)
    except DomainError as error:
        log.info("no further attempt", call=str(over.call.pk), reason=error.detail)


@when_details_came
def drop_next_attempt(came: DetailsCame) -> None:
    """Take back the next attempt of a call of which it is learned late that somebody answered."""
    if "outcome" not in came.learned or came.call.outcome != Outcome.ANSWERED:
        return
    for booking in _next_attempts(came.call).filter(task_status=TaskStatus.SCHEDULED):
        bookings.cancel(booking=booking, reason=ANSWERED_AFTER_ALL)


def has_next_attempt(call: CallLog) -> bool:
    """Return whether another attempt of the call is booked, or under way."""
    return _next_attempts(call).exists()


def _next_attempts(call: CallLog) -> QuerySet[LeadBooking]:
    return LeadBooking.objects.filter(IS_OPEN, lead=call.lead_id, metadata__previous_call=str(call.pk))


def _ended(placement: CallPlacement, over: CallOver) -> LeadBooking | None:
    """End the booking by the outcome of its call. One that somebody ended meanwhile stays as it is."""
    booking = LeadBooking.objects.select_for_update(of=("self",)).filter(pk=placement.booking_id).first()
    if booking is None or not booking.is_open:
        return None
    if over.outcome == Outcome.ANSWERED:
        bookings.complete(booking=booking, call_result=CallResult.ANSWERED)
        return None
    if over.outcome == Outcome.CANCELLED:
        bookings.cancel(booking=booking, reason="The call was cancelled.")
        return None
    if over.outcome in RESULTS:
        return bookings.miss(booking=booking, call_result=RESULTS[over.outcome])
    values = {"status": BookingStatus.FAILED, "last_execution_error": over.call.cause or over.outcome.label}
    return writes.update(booking, values)


def _first_attempt(over: CallOver, placement: CallPlacement) -> LeadBooking:
    """Write down a call that had no booking as the first attempt, so that further ones can follow it."""
    call, lead = over.call, Lead.objects.get(pk=over.call.lead_id)
    by_campaign = call.campaign_id is not None
    start = call.created_at
    automatic_call = _call_of(placement, call)
    values: dict[str, Any] = {
        "lead": lead,
        "assigned_user": keeper_of(lead, call),
        bookings.REASSIGN_LEAD: False,
        # An appointment that LAD makes with itself is none that the lead made.
        "booking_type": BookingType.MANUAL_FOLLOWUP if call.initiated_by_user_id else BookingType.AUTO_FOLLOWUP,
        "booking_source": BookingSource.CAMPAIGN if by_campaign else BookingSource.VOICE_AGENT,
        "scheduled_at": start,
        "buffer_until": max(over.at, start + SHORT),
        "timezone": zone_of(call, lead).key,
        "status": BookingStatus.MISSED,
        "call_result": RESULTS.get(over.outcome),
        "metadata": {automatic.KEY: automatic.stored(automatic_call), "call_id": str(call.pk)},
        "created_by_user": call.initiated_by_user,
    }
    return writes.create(LeadBooking, values)


def _book_again(booking: LeadBooking, over: CallOver, placement: CallPlacement) -> None:
    call = over.call
    wanted: datetime = over.retry_at  # type: ignore[assignment]
    automatic_call = AutomaticCall.of(booking) or _call_of(placement, call)
    keeper = booking.assigned_user or keeper_of(booking.lead, call)

    def book(moment: datetime) -> LeadBooking:
        further = {
            **automatic.values_of(automatic_call, None, moment),
            "booking_type": BookingType.SYSTEM_RETRY,
            "assigned_user": keeper,
            bookings.REASSIGN_LEAD: False,
            "buffer_until": moment + SHORT,
            "notes": ANOTHER_ATTEMPT.format(outcome=over.outcome.label.lower()),
            "created_by_user": call.initiated_by_user,
        }
        further["metadata"] = {**further["metadata"], "previous_call": str(call.pk)}
        return bookings.retry(booking=booking, scheduled_at=moment, further=further)

    at_first_free(wanted, book)


def _call_of(placement: CallPlacement, call: CallLog) -> AutomaticCall:
    """Return the call to make again: by the same agent, for the same reason."""
    return AutomaticCall(
        agent_id=call.agent_id or placement.agent_id or 0,
        purpose=placement.purpose or Purpose.OUTREACH,
        context=str(call.metadata.get("context", "")),
        campaign_lead_id=str(call.campaign_lead_id) if call.campaign_lead_id else None,
        campaign_step_id=str(call.campaign_step_id) if call.campaign_step_id else None,
    )
