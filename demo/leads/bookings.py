"""Bookings of one tenant: past ones, retries of missed ones, and upcoming ones."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from demo.demo_tenant import DemoTenant
from demo.leads import words
from leads.bookings.models import (
    DEFAULT_DURATION,
    MAX_RETRIES,
    BookingSource,
    BookingStatus,
    BookingType,
    CallResult,
    LeadBooking,
    TaskStatus,
)
from leads.contacts.models import Lead
from tenants.accounts.models import User

ZONES: Final = {"kestrel-analytics": "Europe/Stockholm", "brightpath-education": "Europe/London"}
OTHER_ZONE: Final = "Australia/Sydney"
# The share of assigned leads that have bookings.
BOOKED_SHARE: Final = 0.45
FUTURE_DAYS: Final = 25
GRID: Final = timedelta(minutes=30)
# Some bookings of the last days are still open after their end.
OVERDUE_SINCE: Final = timedelta(days=4)
OVERDUE_SHARE: Final = 0.4

PAST: Final = {
    BookingStatus.COMPLETED: 10,
    BookingStatus.MISSED: 6,
    BookingStatus.CANCELLED: 2,
    BookingStatus.FAILED: 2,
}
UPCOMING: Final = {BookingStatus.SCHEDULED: 6, BookingStatus.CONFIRMED: 4, BookingStatus.CANCELLED: 1}
TYPES: Final = {
    BookingType.AUTO_FOLLOWUP: 4,
    BookingType.MANUAL_FOLLOWUP: 4,
    BookingType.CALLBACK_REQUESTED: 2,
    BookingType.SCHEDULED_CALL: 2,
    BookingType.CONSULTATION: 2,
    BookingType.DEMO: 2,
    BookingType.ONBOARDING: 1,
    BookingType.SUPPORT: 1,
}
SCHOOL_TYPES: Final = {
    BookingType.AUTO_CONSULTATION: 3,
    BookingType.INITIAL_CONSULT: 4,
    BookingType.APPLICATION_REVIEW: 4,
    BookingType.AUTO_FOLLOWUP: 3,
    BookingType.CALLBACK_REQUESTED: 1,
}
RESULTS: Final = {
    BookingStatus.COMPLETED: {CallResult.ANSWERED: 1},
    BookingStatus.MISSED: {CallResult.NO_ANSWER: 4, CallResult.VOICEMAIL: 2, CallResult.BUSY: 1},
    BookingStatus.FAILED: {CallResult.REJECTED: 1, CallResult.BUSY: 1},
}
TASKS: Final = {
    BookingStatus.COMPLETED: TaskStatus.EXECUTED,
    BookingStatus.MISSED: TaskStatus.EXECUTED,
    BookingStatus.FAILED: TaskStatus.FAILED,
    BookingStatus.CANCELLED: TaskStatus.CANCELLED,
    BookingStatus.CONFIRMED: TaskStatus.SCHEDULED,
}


class Calendar:
    """The half hours that are taken. No user and no lead has two bookings at the same time."""

    def __init__(self, demo: DemoTenant) -> None:
        self.demo = demo
        self._taken: set[tuple[UUID, datetime]] = set()

    def take(self, user: User, lead: Lead, near: datetime) -> datetime:
        """Take the first half hour from ``near`` on that is free for both, and return its start."""
        start = near.replace(minute=30 * (near.minute // 30), second=0, microsecond=0)
        while (user.pk, start) in self._taken or (lead.pk, start) in self._taken:
            start += GRID
        self._taken |= {(user.pk, start), (lead.pk, start)}
        return start


def load(demo: DemoTenant, leads: list[Lead]) -> None:
    """Create bookings of assigned leads, each with its retries."""
    calendar = Calendar(demo)
    generations: list[list[LeadBooking]] = [[] for _ in range(MAX_RETRIES + 1)]
    for lead in leads:
        if lead.assigned_user is None or demo.random.random() > BOOKED_SHARE:
            continue
        for booking in _chain(demo, calendar, lead):
            generations[booking.retry_count].append(booking)
    _one_in_progress(demo, calendar, generations[0], leads)
    # A retry refers to the attempt before it.
    for generation in generations:
        LeadBooking.objects.bulk_create(sorted(generation, key=lambda booking: booking.created_at))


def _chain(demo: DemoTenant, calendar: Calendar, lead: Lead) -> list[LeadBooking]:
    first = demo.between(lead.created_at, demo.now + timedelta(days=FUTURE_DAYS))
    booking_type = demo.pick(SCHOOL_TYPES if demo.tenant.metadata.get("vertical") == "education" else TYPES)
    chain: list[LeadBooking] = []
    moment = first.replace(hour=demo.random.randint(8, 16))
    while True:
        booking = _booking(demo, calendar, lead, booking_type, moment, chain[-1] if chain else None)
        chain.append(booking)
        again = booking.status in (BookingStatus.MISSED, BookingStatus.FAILED) and demo.random.random() < 0.7
        if not again or booking.retry_count == MAX_RETRIES:
            return chain
        moment = booking.scheduled_at + timedelta(days=demo.random.randint(1, 4))


def _booking(
    demo: DemoTenant,
    calendar: Calendar,
    lead: Lead,
    booking_type: BookingType,
    moment: datetime,
    parent: LeadBooking | None,
) -> LeadBooking:
    user = lead.assigned_user
    assert user is not None  # only assigned leads are booked
    starts = calendar.take(user, lead, moment)
    past = starts + DEFAULT_DURATION < demo.now
    status = demo.pick(PAST if past else UPCOMING)
    if past and demo.now - starts < OVERDUE_SINCE and demo.random.random() < OVERDUE_SHARE:
        status = BookingStatus.SCHEDULED
    made = min(starts - timedelta(hours=demo.random.randint(2, 60)), demo.now)
    if parent is not None:
        made = max(made, min(parent.buffer_until, demo.now))
    booking = LeadBooking(
        **demo.created(made),
        tenant=demo.tenant,
        lead=lead,
        assigned_user=user,
        created_by_user=user,
        parent_booking=parent,
        retry_count=parent.retry_count + 1 if parent else 0,
        booking_type=booking_type,
        booking_source=demo.pick(
            {BookingSource.USER_UI: 5, BookingSource.CAMPAIGN: 2, BookingSource.WEB: 2, BookingSource.PHONE: 1}
        ),
        scheduled_at=starts,
        buffer_until=starts + (DEFAULT_DURATION if demo.random.random() < 0.6 else GRID),
        timezone=ZONES.get(demo.slug, OTHER_ZONE),
        status=status,
        call_result=demo.pick(RESULTS[status]) if status in RESULTS else None,
    )
    if status == BookingStatus.CANCELLED:
        booking.metadata = {"cancelled_because": demo.random.choice(words.CANCELLED_BECAUSE)}
    if booking_type == BookingType.AUTO_FOLLOWUP:
        _as_task(demo, booking)
    return booking


def _as_task(demo: DemoTenant, booking: LeadBooking) -> None:
    """Set the task columns of an automatic follow-up, a call that the system makes."""
    status = TASKS.get(BookingStatus(booking.status), TaskStatus.PENDING)
    booking.booking_source = BookingSource.SYSTEM if booking.retry_count else BookingSource.VOICE_AGENT
    booking.task_status = status
    booking.task_scheduled_at = booking.scheduled_at
    stamp = booking.scheduled_at.isoformat()
    booking.idempotency_key = f"followup:{demo.tenant.pk}:{booking.pk}:{stamp}"
    if status != TaskStatus.PENDING:
        booking.task_name = f"followup-{booking.pk}"
    if status in (TaskStatus.EXECUTED, TaskStatus.FAILED):
        booking.execution_attempts = 1 if status == TaskStatus.EXECUTED else 3
        booking.executed_at = booking.scheduled_at if status == TaskStatus.EXECUTED else None
    if status == TaskStatus.FAILED:
        booking.last_execution_error = demo.random.choice(words.CALL_ERRORS)


def _one_in_progress(demo: DemoTenant, calendar: Calendar, bookings: list[LeadBooking], leads: list[Lead]) -> None:
    """Create a booking that is in progress now."""
    busy = {booking.lead_id for booking in bookings}
    lead = next((each for each in reversed(leads) if each.assigned_user and each.pk not in busy), None)
    if lead is None:
        return
    booking = _booking(demo, calendar, lead, BookingType.SCHEDULED_CALL, demo.now, None)
    booking.status, booking.call_result, booking.metadata = BookingStatus.IN_PROGRESS, None, {}
    bookings.append(booking)
