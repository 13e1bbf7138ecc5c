"""Notes and social profiles, apart from the leads they hang on."""

from typing import Any

from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from leads.contacts.models import LeadNote, LeadSocial


@register(LeadNote)
class LeadNoteAdmin(TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "sticky_note_2", 40
    list_display = ["note", "lead", "created_by_user", "created_at"]
    list_filter = ["created_by_user", "created_at"]
    search_fields = ["id__exact"]
    # Any other order than its own would sort the whole table.
    sortable_by = ()
    search_help_text = "The id of a note, or of a lead to see its notes"

    @display(description="Note")
    def note(self, obj: Any) -> str:
        return str(obj.excerpt)


@register(LeadSocial)
class LeadSocialAdmin(TenantModelAdmin):
    area = "leads"
    section, icon, rank = "Leads", "share", 60
    list_display = ["lead", "networks", "created_at"]
    search_fields = ["id__exact"]
    sortable_by = ()
    search_help_text = "The id of a lead"

    @display(description="Networks")
    def networks(self, obj: Any) -> str:
        return str(obj)
