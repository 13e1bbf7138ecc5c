"""Bookings of one company: what was, what was missed and tried again, and what is to come."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from demo.company import DemoCompany
from demo.leads import words
from leads.bookings.models import (
    DEFAULT_LENGTH,
    MAX_RETRIES,
    BookingSource,
    BookingStatus,
    BookingType,
    CallResult,
    LeadBooking,
    TaskStatus,
)
from leads.contacts.models import Lead

ZONES: Final = {"kestrel-analytics": "Europe/Stockholm", "brightpath-education": "Europe/London"}
OTHER_ZONE: Final = "Australia/Sydney"
# One in so many leads is met at all.
PART_MET: Final = 0.45
FUTURE_DAYS: Final = 25
GRID: Final = timedelta(minutes=30)
# Of the last days some bookings still wait for somebody to say what came of them.
FORGOTTEN: Final = timedelta(days=4)
PART_FORGOTTEN: Final = 0.4

PAST: Final = {
    BookingStatus.COMPLETED: 10,
    BookingStatus.MISSED: 6,
    BookingStatus.CANCELLED: 2,
    BookingStatus.FAILED: 2,
}
AHEAD: Final = {BookingStatus.SCHEDULED: 6, BookingStatus.CONFIRMED: 4, BookingStatus.CANCELLED: 1}
KINDS: Final = {
    BookingType.AUTO_FOLLOWUP: 4,
    BookingType.MANUAL_FOLLOWUP: 4,
    BookingType.CALLBACK_REQUESTED: 2,
    BookingType.SCHEDULED_CALL: 2,
    BookingType.CONSULTATION: 2,
    BookingType.DEMO: 2,
    BookingType.ONBOARDING: 1,
    BookingType.SUPPORT: 1,
}
SCHOOL_KINDS: Final = {
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
    """Everybody's time in half hours; nobody is in two places at once."""

    def __init__(self, company: DemoCompany) -> None:
        self.company = company
        self._taken: set[tuple[UUID, datetime]] = set()

    def free(self, person: Any, lead: Lead, near: datetime) -> datetime:
        """The first free half hour at or after the moment at which neither the person nor the lead is busy."""
        start = near.replace(minute=30 * (near.minute // 30), second=0, microsecond=0)
        while (person.pk, start) in self._taken or (lead.pk, start) in self._taken:
            start += GRID
        self._taken |= {(person.pk, start), (lead.pk, start)}
        return start


def load(company: DemoCompany, leads: list[Lead]) -> None:
    """Make the bookings of the leads that have an owner, each chain from its first attempt on."""
    calendar = Calendar(company)
    generations: list[list[LeadBooking]] = [[] for _ in range(MAX_RETRIES + 1)]
    for lead in leads:
        if lead.assigned_user is None or company.random.random() > PART_MET:
            continue
        for booking in _chain(company, calendar, lead):
            generations[booking.retry_count].append(booking)
    _one_in_progress(company, calendar, generations[0], leads)
    # An attempt comes after the one it follows.
    for generation in generations:
        LeadBooking.objects.bulk_create(sorted(generation, key=lambda booking: booking.created_at))


def _chain(company: DemoCompany, calendar: Calendar, lead: Lead) -> list[LeadBooking]:
    first = company.between(lead.created_at, company.now + timedelta(days=FUTURE_DAYS))
    kind = company.one(SCHOOL_KINDS if company.tenant.metadata.get("vertical") == "education" else KINDS)
    chain: list[LeadBooking] = []
    moment = first.replace(hour=company.random.randint(8, 16))
    while True:
        booking = _booking(company, calendar, lead, kind, moment, chain[-1] if chain else None)
        chain.append(booking)
        again = booking.status in (BookingStatus.MISSED, BookingStatus.FAILED) and company.random.random() < 0.7
        if not again or booking.retry_count == MAX_RETRIES:
            return chain
        moment = booking.scheduled_at + timedelta(days=company.random.randint(1, 4))


def _booking(
    company: DemoCompany, calendar: Calendar, lead: Lead, kind: Any, moment: datetime, parent: LeadBooking | None
) -> LeadBooking:
    person = lead.assigned_user
    starts = calendar.free(person, lead, moment)
    past = starts + DEFAULT_LENGTH < company.now
    status = company.one(PAST if past else AHEAD)
    if past and company.now - starts < FORGOTTEN and company.random.random() < PART_FORGOTTEN:
        status = BookingStatus.SCHEDULED
    made = min(starts - timedelta(hours=company.random.randint(2, 60)), company.now)
    if parent is not None:
        made = max(made, min(parent.buffer_until, company.now))
    booking = LeadBooking(
        **company.born(made),
        tenant=company.tenant,
        lead=lead,
        assigned_user=person,
        created_by_user=person,
        parent_booking=parent,
        retry_count=parent.retry_count + 1 if parent else 0,
        booking_type=kind,
        booking_source=company.one(
            {BookingSource.USER_UI: 5, BookingSource.CAMPAIGN: 2, BookingSource.WEB: 2, BookingSource.PHONE: 1}
        ),
        scheduled_at=starts,
        buffer_until=starts + (DEFAULT_LENGTH if company.random.random() < 0.6 else GRID),
        timezone=ZONES.get(company.slug, OTHER_ZONE),
        status=status,
        call_result=company.one(RESULTS[status]) if status in RESULTS else None,
    )
    if status == BookingStatus.CANCELLED:
        booking.metadata = {"cancelled_because": company.random.choice(words.CANCELLED_BECAUSE)}
    if kind == BookingType.AUTO_FOLLOWUP:
        _as_task(company, booking)
    return booking


def _as_task(company: DemoCompany, booking: LeadBooking) -> None:
    """An automatic follow-up is a call the system makes at that time."""
    status = TASKS.get(BookingStatus(booking.status), TaskStatus.PENDING)
    booking.booking_source = BookingSource.SYSTEM if booking.retry_count else BookingSource.VOICE_AGENT
    booking.task_status = status
    booking.task_scheduled_at = booking.scheduled_at
    stamp = booking.scheduled_at.isoformat()
    booking.idempotency_key = f"followup:{company.tenant.pk}:{booking.pk}:{stamp}"
    if status != TaskStatus.PENDING:
        booking.task_name = f"followup-{booking.pk}"
    if status in (TaskStatus.EXECUTED, TaskStatus.FAILED):
        booking.execution_attempts = 1 if status == TaskStatus.EXECUTED else 3
        booking.executed_at = booking.scheduled_at if status == TaskStatus.EXECUTED else None
    if status == TaskStatus.FAILED:
        booking.last_execution_error = company.random.choice(words.CALL_ERRORS)


def _one_in_progress(company: DemoCompany, calendar: Calendar, bookings: list[LeadBooking], leads: list[Lead]) -> None:
    """Somebody is talking to a lead at this moment."""
    busy = {booking.lead_id for booking in bookings}
    lead = next((each for each in reversed(leads) if each.assigned_user and each.pk not in busy), None)
    if lead is None:
        return
    booking = _booking(company, calendar, lead, BookingType.SCHEDULED_CALL, company.now, None)
    booking.status, booking.call_result, booking.metadata = BookingStatus.IN_PROGRESS, None, {}
    bookings.append(booking)
