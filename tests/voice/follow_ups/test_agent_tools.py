"""What an agent books while it talks, and what the analysis of the call makes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import BookingStatus, BookingType, LeadBooking, TaskStatus
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.voice.follow_ups.conftest import call_with
from tests.voice.helpers import create
from voice.analysis.models import CallOutcome
from voice.callbacks.tools import answer
from voice.calls.models import CallLog
from voice.carriers.protocol import ToolCall
from voice.follow_ups import agent_tools
from voice.follow_ups.agent_tools import moment_of

DUBAI = ZoneInfo("Asia/Dubai")
# A Monday.
START = datetime(2026, 3, 2, 10, 30, tzinfo=DUBAI)

MOMENTS = [
    ("tuesday", "15:00", "en", datetime(2026, 3, 3, 15, tzinfo=DUBAI)),
    ("thursday", "10:00", "en", datetime(2026, 3, 5, 10, tzinfo=DUBAI)),
    ("tomorrow", "at three", "en", datetime(2026, 3, 3, 15, tzinfo=DUBAI)),
    ("2026-03-10", "09:05", "en", datetime(2026, 3, 10, 9, 5, tzinfo=DUBAI)),
    ("Donnerstag", "10:00", "de", datetime(2026, 3, 5, 10, tzinfo=DUBAI)),
]
NO_MOMENTS = [
    ("2026-03-01", "09:00", agent_tools.HAS_PASSED),
    ("2026-02-31", "09:00", agent_tools.NOT_UNDERSTOOD),
    ("2029-01-01", "09:00", agent_tools.NOT_UNDERSTOOD),
    ("whenever", "", agent_tools.NOT_UNDERSTOOD),
    ("", "", agent_tools.NOT_UNDERSTOOD),
]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("day", "clock", "language", "moment"), MOMENTS)
def test_a_time_is_read_as_it_was_said(day: str, clock: str, language: str, moment: datetime) -> None:
    assert moment_of(day, clock, START, language) == moment


@pytest.mark.parametrize(("day", "clock", "detail"), NO_MOMENTS)
def test_the_agent_is_told_what_to_ask(day: str, clock: str, detail: str) -> None:
    with pytest.raises(Invalid, match=detail.split(".")[0]):
        moment_of(day, clock, START, "en")


@pytest.fixture
def talking(tenant: Tenant, lead: Lead) -> CallLog:
    return call_with(tenant, lead, status="ongoing", started_at=timezone.now())


def in_days(days: int, hour: int = 15) -> datetime:
    return (timezone.now().astimezone(DUBAI) + timedelta(days=days)).replace(
        hour=hour, minute=0, second=0, microsecond=0
    )


def say(call: CallLog, name: str, at: datetime, key: str = "one") -> str:
    asked = ToolCall(key, name, {"day": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}"})
    with tenant_context(call.tenant_id):
        return answer(call, [asked], now=timezone.now())[key]


def bookings(call: CallLog) -> list[LeadBooking]:
    with platform_context():
        return list(LeadBooking.objects.filter(lead=call.lead_id).order_by("created_at"))


@pytest.mark.parametrize(
    ("name", "kind", "task"),
    [
        ("call_back", BookingType.CALLBACK_REQUESTED, TaskStatus.SCHEDULED),
        ("book_slot", BookingType.AUTO_CONSULTATION, TaskStatus.PENDING),
    ],
)
def test_an_agent_books_while_it_talks(talking: CallLog, name: str, kind: str, task: str) -> None:
    at = in_days(3)
    assert say(talking, name, at) == f"Booked for {at:%A %d %B, %H:%M}."
    assert say(talking, name, at) == f"Booked for {at:%A %d %B, %H:%M}."
    [row] = bookings(talking)
    assert (row.scheduled_at, row.booking_type, row.task_status) == (at, kind, task)
    assert row.timezone == "Asia/Dubai"


def test_another_time_in_the_same_call_moves_the_booking(talking: CallLog) -> None:
    say(talking, "call_back", in_days(3))
    say(talking, "call_back", in_days(4), "two")
    [row] = bookings(talking)
    assert row.scheduled_at == in_days(4)


def test_a_taken_time_is_said(tenant: Tenant, lead: Lead, talking: CallLog) -> None:
    at = in_days(3)
    create(tenant, LeadBookingFactory, lead=lead, scheduled_at=at, buffer_until=at + timedelta(minutes=20))
    assert "That time is taken" in say(talking, "book_slot", at)
    assert at + timedelta(minutes=20) in [row.scheduled_at for row in bookings(talking)]


AFTERWARDS: list[tuple[dict[str, Any], str, int]] = [
    # What the analysis found, the status of the booking, in how many days it is.
    ({"outcome": CallOutcome.CALLBACK, "follow_up_at": 3}, BookingStatus.SCHEDULED, 3),
    ({"outcome": CallOutcome.CALLBACK, "follow_up_at": 5}, BookingStatus.SCHEDULED, 5),
    ({"outcome": CallOutcome.INTERESTED}, BookingStatus.SCHEDULED, 3),
    ({"outcome": CallOutcome.NOT_INTERESTED}, BookingStatus.CANCELLED, 3),
    ({"outcome": CallOutcome.INTERESTED, "do_not_call": True}, BookingStatus.CANCELLED, 3),
]


@pytest.mark.parametrize(("found", "status", "days"), AFTERWARDS)
def test_the_analysis_meets_the_booking_of_the_agent(
    talking: CallLog, analysed: Callable[..., Any], found: dict[str, Any], status: str, days: int
) -> None:
    say(talking, "call_back", in_days(3))
    at = found.get("follow_up_at")
    analysed(talking, **{**found, "follow_up_at": in_days(at) if at else None})
    [row] = bookings(talking)
    assert (row.status, row.scheduled_at) == (status, in_days(days))


def test_nothing_is_booked_with_nobody(tenant: Tenant) -> None:
    call = call_with(tenant, None, "+971501112233", status="ongoing", started_at=timezone.now())
    assert say(call, "call_back", in_days(3)) == agent_tools.NOBODY
