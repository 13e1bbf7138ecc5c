"""Lists of notes and social profiles, and the texts that the search reads."""

from unfold.decorators import display

from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from leads.contacts.admin.by_lead import SearchedByLead
from leads.contacts.models import LeadNote, LeadSearchText, LeadSocial


@register(LeadNote)
class LeadNoteAdmin(SearchedByLead, TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "sticky_note_2", 40
    empty_hint = "Notes on leads appear here. Write one on the page of a lead."
    list_display = ["note", "lead", "created_by_user", "created_at"]
    list_filter = ["created_by_user", "created_at"]
    # Any other order would sort the whole table.
    sortable_by = ()

    @display(description="Note")
    def note(self, obj: LeadNote) -> str:
        return str(obj.excerpt)


@register(LeadSocial)
class LeadSocialAdmin(SearchedByLead, TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "share", 60
    list_display = ["lead", "networks", "created_at"]
    sortable_by = ()

    @display(description="Networks")
    def networks(self, obj: LeadSocial) -> str:
        return str(obj)


@register(LeadSearchText)
class LeadSearchTextAdmin(ReadOnlyAdmin):
    area = "leads"
    platform_only = True
    section, icon, rank = "Operations", "manage_search", 60
    list_display = ["text", "lead_is_deleted", "created_at"]
    search_fields = ["id__exact"]
