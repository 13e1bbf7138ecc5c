"""Lists of notes and social profiles."""

from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from leads.contacts.models import LeadNote, LeadSocial


@register(LeadNote)
class LeadNoteAdmin(TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "sticky_note_2", 40
    empty_hint = "Notes on leads appear here. Write one on the page of a lead."
    list_display = ["note", "lead", "created_by_user", "created_at"]
    list_filter = ["created_by_user", "created_at"]
    search_fields = ["id__exact"]
    # Any other order would sort the whole table.
    sortable_by = ()
    search_help_text = "Id of a note, or of a lead for its notes"

    @display(description="Note")
    def note(self, obj: LeadNote) -> str:
        return str(obj.excerpt)


@register(LeadSocial)
class LeadSocialAdmin(TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "share", 60
    list_display = ["lead", "networks", "created_at"]
    search_fields = ["id__exact"]
    sortable_by = ()
    search_help_text = "Id of a lead"

    @display(description="Networks")
    def networks(self, obj: LeadSocial) -> str:
        return str(obj)
