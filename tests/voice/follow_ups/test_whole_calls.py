"""Calls at the sandbox, from the first ring to what follows: nothing is made up between the two."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.bookings.models import BookingStatus, BookingType, LeadBooking, TaskStatus
from leads.contactability.models import Suppression
from leads.contacts.models import LeadNote
from tests.voice.callbacks.conftest import Line, _retries_without_waiting, callbacks, line  # noqa: F401  (fixtures)
from voice.analysis import queue
from voice.calls.models import CallLog

LONDON = ZoneInfo("Europe/London")
TUESDAY, THURSDAY = 1, 3

pytestmark = pytest.mark.django_db(transaction=True)


def whole(at: Line, behaviour: str) -> CallLog:
    """Call somebody who behaves so, and let everything happen that follows."""
    call = at.call(behaviour)
    at.sandbox.advance(minutes=6)
    assert {answer.status_code for answer in at.deliver()} == {200}
    queue.run_due()
    drain()
    return at.finished(call)


def bookings(call: CallLog) -> list[LeadBooking]:
    with platform_context():
        return list(LeadBooking.objects.filter(lead=call.lead_id).order_by("retry_count"))


def local(booking: LeadBooking) -> datetime:
    return booking.scheduled_at.astimezone(LONDON)


@pytest.mark.parametrize("protocol", ["livekit", "vapi"])
def test_who_asks_for_tuesday_at_three_is_called_then(line: Any, protocol: str) -> None:  # noqa: F811
    call = whole(line(protocol), "tuesday")
    [booking] = bookings(call)
    assert (booking.booking_type, booking.task_status) == (BookingType.CALLBACK_REQUESTED, TaskStatus.SCHEDULED)
    assert (local(booking).weekday(), local(booking).hour, booking.timezone) == (TUESDAY, 15, "Europe/London")
    with platform_context():
        assert LeadNote.objects.filter(lead=call.lead_id).count() == 1


def test_who_books_has_one_appointment(line: Any) -> None:  # noqa: F811
    [booking] = bookings(whole(line("livekit"), "books"))
    assert (booking.booking_type, local(booking).weekday()) == (BookingType.AUTO_CONSULTATION, THURSDAY)


@pytest.mark.parametrize("behaviour", ["never_again", "not_interested"])
def test_who_refuses_has_no_booking(line: Any, behaviour: str) -> None:  # noqa: F811
    call = whole(line("vapi"), behaviour)
    assert bookings(call) == []
    with platform_context():
        listed = {row.address for row in Suppression.objects.filter(tenant=call.tenant_id)}
    assert (call.phone.e164 in listed) is (behaviour == "never_again")


@pytest.mark.parametrize("behaviour", ["busy", "no_answer", "voicemail"])
def test_who_was_not_reached_is_tried_again(line: Any, behaviour: str) -> None:  # noqa: F811
    missed, again = bookings(whole(line("livekit"), behaviour))
    assert (missed.status, again.status) == (BookingStatus.MISSED, BookingStatus.SCHEDULED)
    assert (again.parent_booking_id, again.task_status) == (missed.pk, TaskStatus.SCHEDULED)


@pytest.mark.parametrize("behaviour", ["declines", "wrong_number"])
def test_who_declined_is_left_alone(line: Any, behaviour: str) -> None:  # noqa: F811
    assert bookings(whole(line("vapi"), behaviour)) == []
