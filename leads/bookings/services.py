"""Book, reschedule, end and retry appointments with leads."""

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, DomainError, Invalid, NotFound
from lad.outbox.emission import NewEvent, emit
from lad.tenancy.access import Access
from lad.times import DATE, here, written
from lad.types import Actor, Values
from lad.writes import Change
from leads.bookings.models import (
    DEFAULT_DURATION,
    IS_OPEN,
    MAX_DURATION,
    MAX_RETRIES,
    OPEN_STATUSES,
    BookingStatus,
    CallResult,
    LeadBooking,
    TaskStatus,
)
from leads.contactability.models import ContactDirection, Purpose
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_activity, record_contacts
from leads.contacts.services.notes import require_same_lead
from tenants.accounts.models import User
from tenants.teams.extensions import Holding, add_holding

# The event of each status that ends a booking.
_ENDINGS: Final = {
    BookingStatus.COMPLETED: "completed",
    BookingStatus.CANCELLED: "cancelled",
    BookingStatus.MISSED: "missed",
    BookingStatus.FAILED: "failed",
}
# A booking in one of these may be retried.
RETRIABLE: Final = (BookingStatus.MISSED, BookingStatus.FAILED, BookingStatus.CANCELLED)
# A value of a new booking beside its columns: whether the lead is assigned to the user whom the booking names.
REASSIGN_LEAD: Final = "reassign_lead"
# Their changes have events of their own and are left out of ``leads.booking.updated``.
_OWN_EVENT: Final = frozenset({"status", "scheduled_at", "buffer_until"})
# A booking for right now is entered a moment later.
LATE_ENTRY: Final = timedelta(minutes=5)
_HAS_PASSED: Final = "This time has passed. Choose a later one, or record the booking as completed or missed."
_HAS_ENDED: Final = "The booking would have ended already. Choose a later time."


class SlotTaken(Conflict):
    """The user has another booking at that time. Choose a time before or after it."""

    code = "slot_taken"


class LeadNotAssigned(Conflict):
    """The lead is assigned to nobody. Assign it, or name the user for the booking."""

    code = "lead_has_no_owner"


class BookingEnded(Conflict):
    """The booking has ended and cannot change. Book another attempt instead."""

    code = "booking_over"


class NotRetriable(Conflict):
    """Only a missed, failed or cancelled booking can be retried."""

    code = "not_retriable"


class RetriesUsedUp(Conflict):
    """The booking was retried as often as allowed. Create a new booking if the lead asked for one."""

    code = "retries_used_up"


class BookingWriter(writes.Writer[LeadBooking]):
    """Writes bookings. A booking goes to the user of its lead, takes their time while open, and never reopens.

    A new booking for another user assigns the lead to them, unless its values say ``reassign_lead: False``.

    Emits ``leads.booking.rescheduled``, ``completed``, ``cancelled``, ``missed`` and ``failed`` besides the plain
    changes. Raises LeadNotAssigned, SlotTaken and BookingEnded.
    """

    def prepare(self, row: LeadBooking | None, values: Values, *, actor: Actor) -> Values:
        columns = {name: value for name, value in values.items() if name != REASSIGN_LEAD}
        if row is None:
            values = _new_values(columns, actor, reassign=values.get(REASSIGN_LEAD, True))
        else:
            values = _changed_values(row, columns)
        if row is None or writes.differing(row, values):
            booking = LeadBooking() if row is None else copy(row)
            for name, value in values.items():
                setattr(booking, name, value)
            if booking.is_open:
                _require_to_come(row, booking, values, timezone.now())
            _require_free_slot(booking)
        return values

    def refusal(self, row: LeadBooking, error: DomainError, *, constraint: str) -> DomainError:
        # Another booking took the time after the check above.
        return SlotTaken() if constraint == "lead_bookings_slot" else error

    def announced(self, change: Change[LeadBooking]) -> Sequence[str]:
        ending = _ending(change)
        plain = [name for name in change.changed if name not in _OWN_EVENT or (name == "status" and ending is None)]
        return [] if ending and plain == ["call_result"] else plain

    def events(self, change: Change[LeadBooking]) -> Iterator[NewEvent]:
        row, ending = change.row, _ending(change)
        if {"scheduled_at", "buffer_until"} & set(change.before):
            before = change.before.get("scheduled_at", row.scheduled_at)
            yield _event(change, "rescheduled", before=before.isoformat(), after=row.scheduled_at.isoformat())
        if ending == "cancelled":
            yield _event(change, ending, reason=row.metadata.get("cancelled_because", ""))
        elif ending:
            yield _event(change, ending, call_result=row.call_result)

    def after_save(self, change: Change[LeadBooking]) -> None:
        lead_id, now = change.row.lead_id, timezone.now()
        if _ending(change) == "completed":
            made = Touch(lead_id, "voice", ContactDirection.OUTBOUND, now, change.row.pk, Purpose.SERVICE)
            record_contacts([made])
        else:
            record_activity([lead_id], at=now)

    def before_restore(self, row: LeadBooking, *, actor: Actor) -> None:
        _require_free_slot(row)


def _ending(change: Change[LeadBooking]) -> str | None:
    """Return the verb of the event if the write ended the booking."""
    return _ENDINGS.get(BookingStatus(change.row.status)) if "status" in change.before else None


def _new_values(values: Values, actor: Actor, *, reassign: bool) -> Values:
    lead = values.get("lead")
    if lead is None:
        raise Invalid(errors={"lead": ["Choose the lead."]})
    return {
        "created_by_user": actor,
        **values,
        "assigned_user": _assigned_user(lead, values.get("assigned_user"), actor, reassign=reassign),
        "buffer_until": _end(values.get("scheduled_at"), values.get("buffer_until")),
    }


def _changed_values(row: LeadBooking, values: Values) -> Values:
    require_same_lead(row, values)
    if "scheduled_at" in values or "buffer_until" in values:
        values = {**values, **_window(row, values)}
    _require_open(BookingStatus(row.status), writes.differing(row, values))
    return {**_task_values(row, values), **values}


def _task_values(row: LeadBooking, values: Values) -> dict[str, Any]:
    """Return what changes for a call that is made by itself: it moves with its booking, and ends with it."""
    if row.task_status != TaskStatus.SCHEDULED:
        return {}
    if values.get("status", row.status) not in OPEN_STATUSES:
        return {"task_status": TaskStatus.CANCELLED}
    return {"task_scheduled_at": values["scheduled_at"]} if "scheduled_at" in values else {}


@transaction.atomic
def reschedule(
    *, booking: LeadBooking, scheduled_at: datetime, buffer_until: datetime | None = None, actor: Actor = None
) -> LeadBooking:
    """Move an open booking. It keeps its duration unless its end is given.

    Emits ``leads.booking.rescheduled``. Raises SlotTaken and BookingEnded.
    """
    row = _locked(booking)
    if not row.is_open:
        raise BookingEnded
    end = buffer_until or scheduled_at + (row.buffer_until - row.scheduled_at)
    return writes.update(row, {"scheduled_at": scheduled_at, "buffer_until": end}, actor=actor)


@transaction.atomic
def cancel(*, booking: LeadBooking, reason: str = "", actor: Actor = None) -> LeadBooking:
    """Cancel an open booking and free its time. A cancelled booking stays as it is.

    Emits ``leads.booking.cancelled``. Raises BookingEnded if it ended in another way.
    """
    row = _locked(booking)
    if row.status == BookingStatus.CANCELLED:
        return row
    values: dict[str, Any] = {"status": BookingStatus.CANCELLED}
    if reason:
        values["metadata"] = {**row.metadata, "cancelled_because": reason}
    return _finish(row, values, actor)


@transaction.atomic
def complete(
    *, booking: LeadBooking, call_result: str = CallResult.ANSWERED, notes: str = "", actor: Actor = None
) -> LeadBooking:
    """Mark a booking as completed and free the rest of its time. A completed booking stays as it is.

    ``notes`` are appended to the booking's own. Emits ``leads.booking.completed``. Raises BookingEnded if it
    ended in another way.
    """
    row = _locked(booking)
    if row.status == BookingStatus.COMPLETED:
        return row
    return _finish(
        row, {"status": BookingStatus.COMPLETED, "call_result": call_result, **_with_notes(row, notes)}, actor
    )


@transaction.atomic
def miss(
    *, booking: LeadBooking, call_result: str = CallResult.NO_ANSWER, notes: str = "", actor: Actor = None
) -> LeadBooking:
    """Mark a booking as missed. A missed booking stays as it is.

    ``notes`` are appended to the booking's own. Emits ``leads.booking.missed``. Raises BookingEnded if it ended
    in another way.
    """
    row = _locked(booking)
    if row.status == BookingStatus.MISSED:
        return row
    return _finish(row, {"status": BookingStatus.MISSED, "call_result": call_result, **_with_notes(row, notes)}, actor)


@transaction.atomic
def retry(
    *, booking: LeadBooking, scheduled_at: datetime, further: Values | None = None, actor: Actor = None
) -> LeadBooking:
    """Book another attempt after a missed, failed or cancelled one. ``further`` are values of the new booking.

    Emits ``leads.booking.retried``. Raises NotRetriable, RetriesUsedUp, SlotTaken, and Refused if the booking
    already has a retry.
    """
    row = _locked(booking)
    if row.status not in RETRIABLE:
        raise NotRetriable
    if row.retry_count >= MAX_RETRIES:
        raise RetriesUsedUp(
            f"The lead was tried {row.retry_count + 1} times. Create a new booking if they asked for one."
        )
    values: dict[str, Any] = {
        "lead": row.lead,
        "assigned_user": None,
        "parent_booking": row,
        "retry_count": row.retry_count + 1,
        "booking_type": row.booking_type,
        "booking_source": row.booking_source,
        "timezone": row.timezone,
        "scheduled_at": scheduled_at,
        "buffer_until": scheduled_at + (row.buffer_until - row.scheduled_at),
    }
    if row.lead.assigned_user_id is None:
        values["assigned_user"] = row.assigned_user
    attempt = writes.create(LeadBooking, {**values, **(further or {})}, actor=actor)
    payload = {"lead_id": attempt.lead_id, "parent_booking_id": row.pk, "retry_count": attempt.retry_count}
    emit("leads.booking.retried", aggregate=attempt, payload=payload, actor=actor)
    return attempt


def _finish(row: LeadBooking, values: Values, actor: Actor) -> LeadBooking:
    if not row.is_open:
        raise BookingEnded(f"The booking is already {row.get_status_display().lower()}.")
    return writes.update(row, values, actor=actor)


def _locked(booking: LeadBooking) -> LeadBooking:
    row = LeadBooking.objects.select_for_update(of=("self",)).select_related("lead").filter(pk=booking.pk).first()
    if row is None:
        raise NotFound("This booking no longer exists.")
    return row


def _assigned_user(lead: Lead, user: User | None, actor: Actor, *, reassign: bool) -> User:
    """Return the user for a booking with the lead. Naming another user assigns the lead to them if ``reassign``."""
    locked = Lead.objects.select_for_update(of=("self",)).select_related("assigned_user").filter(pk=lead.pk).first()
    if locked is None:
        raise Invalid(errors={"lead": ["There is no such lead here."]})
    if user is None:
        if locked.assigned_user is None:
            raise LeadNotAssigned
        return locked.assigned_user
    if reassign and user.pk != locked.assigned_user_id:
        writes.update(locked, {"assigned_user": user}, actor=actor)
    return user


def _end(start: datetime | None, end: datetime | None) -> datetime | None:
    if start is None:
        raise Invalid(errors={"scheduled_at": ["Choose a time."]})
    end = end or start + DEFAULT_DURATION
    if end - start > MAX_DURATION:
        raise Invalid(
            errors={"buffer_until": [f"A booking can last at most {MAX_DURATION // timedelta(hours=1)} hours."]}
        )
    return end


def _window(row: LeadBooking, values: Values) -> dict[str, Any]:
    """Return the new start and end of a booking. It keeps its duration unless its end is given."""
    start = values.get("scheduled_at", row.scheduled_at)
    kept = start + (row.buffer_until - row.scheduled_at) if start is not None else None
    return {"scheduled_at": start, "buffer_until": _end(start, values.get("buffer_until", kept))}


def _require_open(status: BookingStatus, changed: list[str]) -> None:
    if status not in OPEN_STATUSES and _OWN_EVENT & set(changed):
        raise BookingEnded(f"The booking is already {status.label.lower()}. Book another attempt instead.")


def _require_to_come(row: LeadBooking | None, booking: LeadBooking, values: Values, now: datetime) -> None:
    """Raise Invalid if an open booking would begin, or one in progress end, in the past. Unchanged times may stay."""
    name = "buffer_until" if booking.status == BookingStatus.IN_PROGRESS else "scheduled_at"
    earliest = now if name == "buffer_until" else now - LATE_ENTRY
    writes.require_not_past(row, values, {name: _HAS_PASSED}, now=earliest)
    writes.require_not_past(row, values, {"buffer_until": _HAS_ENDED}, now=now)


def _require_free_slot(row: LeadBooking) -> None:
    if not row.is_open or row.assigned_user_id is None or row.buffer_until is None:
        return
    _lock_calendar(row.assigned_user_id)
    tenant = {"tenant": row.tenant_id} if row.tenant_id else {}
    other = (
        LeadBooking.objects.filter(
            IS_OPEN,
            assigned_user=row.assigned_user_id,
            # The lower bound keeps the index from reading all earlier bookings.
            scheduled_at__gt=row.scheduled_at - MAX_DURATION,
            scheduled_at__lt=row.buffer_until,
            buffer_until__gt=row.scheduled_at,
            **tenant,
        )
        .exclude(pk=row.pk)
        .order_by("scheduled_at")
        .first()
    )
    if other is not None:
        raise SlotTaken(
            f"The user is booked from {here(other.scheduled_at):%H:%M} to {written(other.buffer_until, '%H:%M')} on"
            f" {here(other.scheduled_at):{DATE}}. Choose another time.",
            booking=str(other.pk),
            taken_from=other.scheduled_at.isoformat(),
            taken_until=other.buffer_until.isoformat(),
        )


def _lock_calendar(user_id: UUID) -> None:
    """Let one transaction at a time book the user: two that reach the exclusion constraint together deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('lead_bookings ' || %s::text, 0))", [user_id])


def _with_notes(row: LeadBooking, notes: str) -> dict[str, str]:
    return {"notes": f"{row.notes}\n{notes}".strip()} if notes else {}


def _event(change: Change[LeadBooking], verb: str, **payload: str | None) -> NewEvent:
    row = change.row
    return NewEvent(f"leads.booking.{verb}", row, {"lead_id": str(row.lead_id), **payload}, change.actor)


def _open_bookings(user_id: UUID) -> QuerySet[LeadBooking]:
    return LeadBooking.objects.filter(IS_OPEN, assigned_user=user_id)


def _hand_over(user_id: UUID, to: User, access: Access) -> list[str]:
    """Give the user's open bookings to another member. Return a sentence for each that they have no time for."""
    stays = []
    for row in _open_bookings(user_id).select_for_update(of=("self",)).order_by("scheduled_at"):
        try:
            with transaction.atomic():
                writes.update(row, {"assigned_user": to}, actor=access.user)
        except DomainError as error:
            stays.append(f"{row} stays: {error.detail}")
    return stays


writes.register(LeadBooking, BookingWriter)
add_holding(Holding("open bookings", "bookings.update", lambda user_id: _open_bookings(user_id).count(), _hand_over))
