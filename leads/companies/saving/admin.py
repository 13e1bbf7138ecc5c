"""Where the fields of leads come from, as a table and on the lead's page."""

from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline
from leads.companies.saving.models import LeadFieldSource
from leads.contacts.extensions import add_inline


@register(LeadFieldSource)
class LeadFieldSourceAdmin(ReadOnlyAdmin):
    area = "leads"
    section, icon, rank = "Leads", "fact_check", 128
    list_display = ["lead", "field", "value", "source", "confidence", "is_verified", "fetched_at"]
    list_filter = ["field", "source", "is_verified", "fetched_at"]
    list_select_related = ["lead"]
    fieldsets = [
        (None, {"fields": ["lead", ("field", "value"), ("source", "fetched_at"), ("confidence", "is_verified")]})
    ]


class FieldSourcesInline(ReadOnlyInline):
    """The directory that fields of a lead were filled from."""

    model = LeadFieldSource
    fk_name = "lead"
    area = "leads"
    fields = ["field", "value", "source", "confidence", "is_verified", "fetched_at"]
    per_page = 10
    verbose_name_plural = "sources"


add_inline(FieldSourcesInline, rank=75)
