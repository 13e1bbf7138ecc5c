"""The pages of enrolments and activities."""

from django.http import HttpRequest
from unfold.decorators import display

from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from leads.contacts.admin.by_lead import SearchedByLead


class ActivitiesInline(ReadOnlyInline):
    model = CampaignLeadActivity
    fk_name = "campaign_lead"
    area = "campaigns"
    fields = ["step_type", "channel", "status", "subject", "error_message", "executed_at"]
    verbose_name_plural = "activities"


@register(CampaignLead)
class CampaignLeadAdmin(SearchedByLead, TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "group", 30
    list_display = ["person", "campaign", "status", "current_step_order", "started_at", "completed_at", "created_at"]
    list_filter = ["status", "campaign", "created_at"]
    fieldsets = [
        (None, {"fields": ["campaign", "lead", "status"]}),
        ("Progress", {"fields": ["current_step_order", "started_at", "completed_at"]}),
        (
            "Contact details when enrolled",
            {
                "fields": [
                    ("first_name", "last_name"),
                    ("title", "company_name"),
                    ("email", "phone"),
                    "linkedin_url",
                    "lead_data",
                ]
            },
        ),
    ]
    add_fieldsets = [(None, {"fields": ["campaign", "lead", "status"]})]
    inlines = [ActivitiesInline]

    def get_readonly_fields(self, request: HttpRequest, obj: CampaignLead | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        fixed = [] if obj is None else ["campaign", "lead"]
        return [*readonly, *(name for name in fixed if name not in readonly)]

    @display(description="Lead")
    def person(self, obj: CampaignLead) -> str:
        return str(obj)


@register(CampaignLeadActivity)
class CampaignLeadActivityAdmin(SearchedByLead, TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "timeline", 40
    # The engine writes activities. Only the platform's staff can correct them.
    platform_writes = True
    lead_path = "campaign_lead__lead"
    list_display = ["step_type", "campaign_lead", "campaign", "channel", "status", "executed_at", "created_at"]
    list_filter = ["status", "campaign", "created_at"]
    fieldsets = [
        (None, {"fields": ["campaign_lead", "campaign", "step", ("step_type", "action_type"), ("channel", "status")]}),
        ("Message", {"fields": ["subject", "message_content", "error_message"]}),
        ("Provider's record", {"fields": ["executed_at", "provider", "provider_event_id", "metadata"]}),
    ]
