"""The pages of enrolments and activities."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.decorators import display

from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, DailyCount
from campaigns.enrolment.reasons import sentence
from campaigns.enrolment.services.tasks import MANUAL_TASK, settle_task
from campaigns.formatting import NOTHING
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.tenancy.access import access_of
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
        (
            "Progress",
            {
                "fields": [
                    ("current_step_order", "next_step"),
                    ("next_action_at", "why"),
                    ("started_at", "completed_at"),
                ]
            },
        ),
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
    readonly_fields = ["why"]

    def get_readonly_fields(self, request: HttpRequest, obj: CampaignLead | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        fixed = [] if obj is None else ["campaign", "lead"]
        return [*readonly, *(name for name in fixed if name not in readonly)]

    @display(description="Lead")
    def person(self, obj: CampaignLead) -> str:
        return str(obj)

    @display(description="Why it waits or ended")
    def why(self, obj: CampaignLead) -> str:
        return " ".join(filter(None, (sentence(obj.reason), obj.reason_detail))) or NOTHING


class NoteForm(forms.Form):
    note = forms.CharField(max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


def _is_open_task(row: CampaignLeadActivity) -> bool:
    return row.step_type == MANUAL_TASK and row.status == ActivityStatus.PENDING


@register(CampaignLeadActivity)
class CampaignLeadActivityAdmin(SearchedByLead, TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "timeline", 40
    # The engine writes activities. Only the platform's staff can correct them.
    platform_writes = True
    lead_path = "campaign_lead__lead"
    list_display = ["step_type", "campaign_lead", "campaign", "channel", "status", "executed_at", "created_at"]
    list_filter = ["status", "step_type", "campaign", "created_at"]
    actions_detail = ["complete", "skip"]
    fieldsets = [
        (None, {"fields": ["campaign_lead", "campaign", "step", ("step_type", "action_type"), ("channel", "status")]}),
        ("Message", {"fields": ["subject", "message_content", "error_message"]}),
        ("Provider's record", {"fields": ["executed_at", "provider", "provider_event_id", "metadata"]}),
    ]

    def has_settle_permission(self, request: HttpRequest, obj: CampaignLeadActivity | None = None) -> bool:
        """Return whether the person may settle tasks: everybody who may change campaigns."""
        return access_of(request).allows("campaigns.update")

    @row_action(
        "Done", explanation="The lead goes on.", form=NoteForm, permission="settle", when=_is_open_task, icon="check"
    )
    def complete(self, request: HttpRequest, row: CampaignLeadActivity, values: dict[str, Any]) -> str:
        settle_task(activity=row, done=True, actor=access_of(request).user, note=values["note"])
        return "The task was done."

    @row_action(
        "Skip",
        explanation="The task is not done, and the lead goes on.",
        form=NoteForm,
        permission="settle",
        when=_is_open_task,
        icon="skip_next",
    )
    def skip(self, request: HttpRequest, row: CampaignLeadActivity, values: dict[str, Any]) -> str:
        settle_task(activity=row, done=False, actor=access_of(request).user, note=values["note"])
        return "The task was skipped."


@register(DailyCount)
class DailyCountAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "speed", 98
    list_display = ["campaign", "day", "kind", "taken"]
    list_filter = ["kind", "campaign", "day"]
