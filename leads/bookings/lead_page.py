"""Bookings on the lead's page."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from lad import writes
from lad.admin.actions import row_action
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from lad.times import written
from leads.bookings.admin.forms import book_form
from leads.bookings.models import BookingStatus, LeadBooking
from leads.contacts.extensions import (
    Known,
    TimelineEntry,
    TimelineKind,
    add_action,
    add_inline,
    add_timeline_source,
)
from leads.contacts.models import Lead
from leads.pipeline.admin.choices import chosen_member, member_choices


class BookingsInline(ReadOnlyInline):
    model = LeadBooking
    area = "bookings"
    fields = ["scheduled_at", "booking_type", "status", "call_result", "assigned_user", "retry_count"]
    per_page = 10
    verbose_name_plural = "bookings"


@row_action(
    "Book",
    explanation="Choose another person than the lead's own, and say whether the lead goes to them as well.",
    form=lambda row: book_form(member_choices(row.tenant_id), row),
    permission="book",
    when=lambda row: not is_deleted(row),
    icon="event",
)
def book(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    values = {**values, "lead": row, "assigned_user": chosen_member(values["assigned_user"])}
    booking = writes.create(LeadBooking, values, actor=access_of(request).user)
    return f"Booked: {booking}."


def bookings_of(lead: Lead) -> QuerySet[LeadBooking]:
    """Return the lead's bookings."""
    return LeadBooking.objects.filter(tenant=lead.tenant_id, lead=lead.pk)


def booking_entry(booking: LeadBooking, known: Known) -> TimelineEntry:
    what = str(booking.get_booking_type_display()).lower()
    when = written(booking.scheduled_at)
    colleague = booking.assigned_user_id
    own = colleague is None or colleague == booking.created_by_user_id
    return TimelineEntry(
        icon="calendar_month",
        text=f"{known.user(booking.created_by_user_id)} booked “{what}” with {known.lead} for {when}"
        + ("" if own else f", for {known.user(colleague)}"),
        marks=(str(booking.get_status_display()),),
        user_id=booking.created_by_user_id,
        url=reverse("admin:leads_leadbooking_change", args=(booking.pk,)),
        warns=booking.status in (BookingStatus.MISSED, BookingStatus.FAILED),
    )


add_inline(BookingsInline, rank=20)
add_action(book, rank=10, rights=("leads.update", "bookings.create"))
add_timeline_source(
    "bookings",
    bookings_of,
    booking_entry,
    kind=TimelineKind.BOOKING,
    right="bookings.view",
    user="created_by_user",
    users=lambda booking: (booking.created_by_user_id, booking.assigned_user_id),
)
