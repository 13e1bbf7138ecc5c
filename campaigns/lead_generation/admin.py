"""The page of searches for leads."""

from campaigns.lead_generation.models import LeadGeneration
from lad.admin.base import ReadOnlyAdmin, register


@register(LeadGeneration)
class LeadGenerationAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "person_search", 96
    empty_hint = "Running campaigns with a step “Lead generation” appear here, with what each has found."
    list_display = ["campaign", "step", "found_today", "found", "next_run_at", "reason"]
    list_filter = ["campaign", "created_at"]
    list_select_related = ["campaign", "step"]
    fieldsets = [
        (None, {"fields": [("campaign", "step"), ("found_today", "day"), "found", "reason", "next_run_at"]}),
        ("Place", {"fields": [("page_number", "position"), "pending"]}),
    ]
