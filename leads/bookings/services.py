"""Bookings: taking somebody's time, moving it, ending it, and trying again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from lad import writes
from lad.errors import Conflict, Invalid, NotFound
from lad.outbox.emission import emit
from leads.bookings.models import (
    DEFAULT_LENGTH,
    HOLDING,
    HOLDS,
    LONGEST,
    MAX_RETRIES,
    BookingStatus,
    CallResult,
    LeadBooking,
)
from leads.contacts.models import Lead
from leads.contacts.services import leads
from leads.contacts.services.notes import stays_with_lead

# Statuses that end a booking, and the event that says so.
_ENDINGS: Final = {
    BookingStatus.COMPLETED: "completed",
    BookingStatus.CANCELLED: "cancelled",
    BookingStatus.MISSED: "missed",
    BookingStatus.FAILED: "failed",
}
# After these somebody may try again.
RETRIABLE: Final = (BookingStatus.MISSED, BookingStatus.FAILED, BookingStatus.CANCELLED)
# Worth no event of their own beside the one that says what happened.
_TOLD_APART: Final = frozenset({"status", "scheduled_at", "buffer_until"})


class SlotTaken(Conflict):
    """The person has another booking at that time; choose a time before or after it."""

    code = "slot_taken"


class LeadHasNoOwner(Conflict):
    """Nobody has this lead: name who holds the booking, who becomes its owner, or give the lead an owner first."""

    code = "lead_has_no_owner"


class BookingOver(Conflict):
    """The booking is over and stays as it was; book another attempt instead."""

    code = "booking_over"


class NotRetriable(Conflict):
    """Only a booking that was missed, failed or cancelled is tried again."""

    code = "not_retriable"


class RetriesUsedUp(Conflict):
    """The lead was tried as often as it may be; make a new booking if they asked for one."""

    code = "retries_used_up"


class BookingWriter(writes.Writer):
    """A booking is held by the lead's owner, takes their time while it is open, and does not reopen.

    Besides plain changes it emits ``leads.booking.rescheduled``, ``completed``, ``cancelled``, ``missed`` and
    ``failed``. Raises LeadHasNoOwner, SlotTaken and BookingOver.
    """

    @transaction.atomic
    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> LeadBooking:
        values = {"created_by_user": actor, **values}
        lead = values.get("lead")
        if lead is None:
            raise Invalid(errors={"lead": ["Say whom the booking is with."]})
        values["assigned_user"] = _holder(lead, values.get("assigned_user"), actor)
        values["buffer_until"] = _end(values.get("scheduled_at"), values.get("buffer_until"))
        row: LeadBooking = super().create(values, actor=actor)
        leads.touch(lead_ids=[row.lead_id])
        return row

    @transaction.atomic
    def update(self, row: LeadBooking, values: Mapping[str, Any], *, actor: Any = None) -> LeadBooking:
        values = dict(values)
        stays_with_lead(row, values)
        if "scheduled_at" in values or "buffer_until" in values:
            values |= _window(row, values)
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return row
        before = (row.scheduled_at, BookingStatus(row.status))
        _refuse_reopening(before[1], changed, values)
        for name in changed:
            setattr(row, name, values[name])
        self._save(row)
        self._tell(row, changed, before, actor)
        return row

    def _tell(self, row: LeadBooking, changed: list[str], before: tuple[datetime, BookingStatus], actor: Any) -> None:
        ending = _ENDINGS.get(BookingStatus(row.status)) if "status" in changed else None
        plain = [name for name in changed if name not in _TOLD_APART or (name == "status" and ending is None)]
        if plain and not (ending and plain == ["call_result"]):
            writes.announce("updated", row, changed=plain, actor=actor)
        if "scheduled_at" in changed or "buffer_until" in changed:
            _emit(row, "rescheduled", actor, before=before[0].isoformat(), after=row.scheduled_at.isoformat())
        if ending == "cancelled":
            _emit(row, ending, actor, reason=row.metadata.get("cancelled_because", ""))
        elif ending:
            _emit(row, ending, actor, call_result=row.call_result)
        leads.touch(lead_ids=[row.lead_id], contacted=ending == "completed")

    def _save(self, row: LeadBooking) -> None:
        _refuse_taken(row)
        try:
            super()._save(row)
        except writes.Refused as error:
            # Somebody took the time between the look and the booking.
            _refuse_taken(row, cause=error)
            raise

    def restore(self, row: LeadBooking, *, actor: Any = None) -> LeadBooking:
        _refuse_taken(row)
        restored: LeadBooking = super().restore(row, actor=actor)
        return restored


@transaction.atomic
def reschedule(
    *, booking: LeadBooking, scheduled_at: datetime, buffer_until: datetime | None = None, actor: Any = None
) -> LeadBooking:
    """Move an open booking; it keeps its length unless its end is given. Emits ``leads.booking.rescheduled``.

    Raises SlotTaken and BookingOver.
    """
    row = _locked(booking)
    if not row.holds_time:
        raise BookingOver
    end = buffer_until or scheduled_at + (row.buffer_until - row.scheduled_at)
    updated: LeadBooking = writes.update(row, {"scheduled_at": scheduled_at, "buffer_until": end}, actor=actor)
    return updated


@transaction.atomic
def cancel(*, booking: LeadBooking, reason: str = "", actor: Any = None) -> LeadBooking:
    """Cancel an open booking and free its time. Emits ``leads.booking.cancelled``. Idempotent.

    Raises BookingOver when it ended otherwise.
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
    *, booking: LeadBooking, call_result: str = CallResult.ANSWERED, notes: str = "", actor: Any = None
) -> LeadBooking:
    """Say that a booking took place, and free what is left of its time. Emits ``leads.booking.completed``. Idempotent.

    Raises BookingOver when it ended otherwise.
    """
    row = _locked(booking)
    if row.status == BookingStatus.COMPLETED:
        return row
    return _finish(row, {"status": BookingStatus.COMPLETED, "call_result": call_result, **_noted(row, notes)}, actor)


@transaction.atomic
def miss(
    *, booking: LeadBooking, call_result: str = CallResult.NO_ANSWER, notes: str = "", actor: Any = None
) -> LeadBooking:
    """Say that nobody was reached. Emits ``leads.booking.missed``. Idempotent. Raises BookingOver."""
    row = _locked(booking)
    if row.status == BookingStatus.MISSED:
        return row
    return _finish(row, {"status": BookingStatus.MISSED, "call_result": call_result, **_noted(row, notes)}, actor)


@transaction.atomic
def retry(*, booking: LeadBooking, scheduled_at: datetime, actor: Any = None) -> LeadBooking:
    """Book another attempt after one that came to nothing. Emits ``leads.booking.retried``.

    Raises NotRetriable, RetriesUsedUp, SlotTaken, and Refused when there is another attempt already.
    """
    row = _locked(booking)
    if row.status not in RETRIABLE:
        raise NotRetriable
    if row.retry_count >= MAX_RETRIES:
        raise RetriesUsedUp(
            f"The lead was tried {row.retry_count + 1} times; make a new booking if they asked for one."
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
    attempt: LeadBooking = writes.create(LeadBooking, values, actor=actor)
    _emit(attempt, "retried", actor, parent_booking_id=str(row.pk), retry_count=attempt.retry_count)
    return attempt


def _finish(row: LeadBooking, values: Mapping[str, Any], actor: Any) -> LeadBooking:
    if not row.holds_time:
        raise BookingOver(f"The booking is {row.get_status_display().lower()} and stays so.")
    updated: LeadBooking = writes.update(row, values, actor=actor)
    return updated


def _locked(booking: LeadBooking) -> LeadBooking:
    row = LeadBooking.objects.select_for_update(of=("self",)).select_related("lead").filter(pk=booking.pk).first()
    if row is None:
        raise NotFound("There is no such booking any more.")
    return row


def _holder(lead: Lead, user: Any, actor: Any) -> Any:
    """Who holds a booking with the lead: its owner, whom naming somebody else makes somebody else."""
    owner = Lead.objects.select_for_update(of=("self",)).select_related("assigned_user").filter(pk=lead.pk).first()
    if owner is None:
        raise Invalid(errors={"lead": ["There is no such lead here."]})
    if user is None:
        if owner.assigned_user is None:
            raise LeadHasNoOwner
        return owner.assigned_user
    if user.pk != owner.assigned_user_id:
        writes.update(owner, {"assigned_user": user}, actor=actor)
    return user


def _end(start: datetime | None, end: datetime | None) -> datetime | None:
    if start is None:
        raise Invalid(errors={"scheduled_at": ["Say when."]})
    end = end or start + DEFAULT_LENGTH
    if end - start > LONGEST:
        raise Invalid(errors={"buffer_until": [f"A booking takes {LONGEST // timedelta(hours=1)} hours at most."]})
    return end


def _window(row: LeadBooking, values: Mapping[str, Any]) -> dict[str, Any]:
    """The new time of a booking, as long as it was unless its end is given."""
    start = values.get("scheduled_at", row.scheduled_at)
    kept = start + (row.buffer_until - row.scheduled_at) if start is not None else None
    return {"scheduled_at": start, "buffer_until": _end(start, values.get("buffer_until", kept))}


def _refuse_reopening(status: BookingStatus, changed: list[str], values: Mapping[str, Any]) -> None:
    if status in HOLDING:
        return
    if "status" in changed or "scheduled_at" in changed or "buffer_until" in changed:
        raise BookingOver(f"The booking is {status.label.lower()} and stays so; book another attempt instead.")


def _refuse_taken(row: LeadBooking, cause: Exception | None = None) -> None:
    if not row.holds_time or row.assigned_user_id is None or row.buffer_until is None:
        return
    _wait_for_turn(row.assigned_user_id)
    tenant = {"tenant": row.tenant_id} if row.tenant_id else {}
    other = (
        LeadBooking.objects.filter(
            HOLDS,
            assigned_user=row.assigned_user_id,
            # Without an early bound an index would read all of the person's past.
            scheduled_at__gt=row.scheduled_at - LONGEST,
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
            f"The person is booked from {other.scheduled_at:%H:%M} to {other.buffer_until:%H:%M} UTC on"
            f" {other.scheduled_at:%d %b %Y}: choose a time before or after that.",
            booking=str(other.pk),
            taken_from=other.scheduled_at.isoformat(),
            taken_until=other.buffer_until.isoformat(),
        ) from cause


def _wait_for_turn(user_id: UUID) -> None:
    """One at a time takes a person's time: two who reach the exclusion constraint together deadlock on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('lead_bookings ' || %s::text, 0))", [user_id])


def _noted(row: LeadBooking, notes: str) -> dict[str, str]:
    return {"notes": f"{row.notes}\n{notes}".strip()} if notes else {}


def _emit(row: LeadBooking, verb: str, actor: Any, **payload: Any) -> None:
    emit(f"leads.booking.{verb}", aggregate=row, payload={"lead_id": str(row.lead_id), **payload}, actor=actor)


writes.register(LeadBooking, BookingWriter)
