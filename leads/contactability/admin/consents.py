"""Lists of consents and past touches."""

from lad.admin.base import ReadOnlyAdmin, register
from leads.contactability.models import ConsentRecord, LeadTouch
from leads.contacts.admin.by_lead import SearchedByLead


@register(ConsentRecord)
class ConsentRecordAdmin(SearchedByLead, ReadOnlyAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "verified_user", 75
    empty_hint = "Consents appear here. Record one on the page of a lead."
    list_display = ["lead", "channel", "purpose", "status", "source", "given_at"]
    list_filter = ["channel", "purpose", "status", "created_at"]
    sortable_by = ()


@register(LeadTouch)
class LeadTouchAdmin(SearchedByLead, ReadOnlyAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "swap_calls", 95
    empty_hint = "Messages and calls to leads appear here when they count towards the limits of the contact policy."
    list_display = ["lead", "channel", "direction", "purpose", "occurred_at"]
    list_filter = ["channel", "direction", "created_at"]
    sortable_by = ()
