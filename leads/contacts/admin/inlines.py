"""What hangs on a lead, on the lead's own page."""

from lad.admin.inlines import LadInline, ReadOnlyInline
from leads.bookings.models import LeadBooking
from leads.contacts.models import LeadNote, LeadSocial


class NotesInline(LadInline):
    model = LeadNote
    area = "leads"
    can_add = True
    fields = ["content", "created_by_user", "created_at"]
    readonly_fields = ["created_by_user", "created_at"]
    per_page = 10
    verbose_name_plural = "notes"


class BookingsInline(ReadOnlyInline):
    model = LeadBooking
    area = "bookings"
    fields = ["scheduled_at", "booking_type", "status", "call_result", "assigned_user", "retry_count"]
    per_page = 10
    verbose_name_plural = "bookings"


class SocialInline(LadInline):
    model = LeadSocial
    area = "leads"
    can_add = True
    max_num = 1
    fields = ["data"]
    verbose_name_plural = "social"
