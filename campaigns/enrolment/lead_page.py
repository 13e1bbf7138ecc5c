"""Campaigns on the lead's page."""

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from campaigns.enrolment.models import NOT_YET_DONE, CampaignLead, CampaignLeadActivity
from lad.admin.inlines import ReadOnlyInline
from leads.contacts.extensions import TimelineEntry, add_inline, add_timeline_source
from leads.contacts.models import Lead


class LeadEnrolmentsInline(ReadOnlyInline):
    """The campaigns a lead is enrolled in."""

    model = CampaignLead
    fk_name = "lead"
    area = "campaigns"
    fields = ["campaign", "status", "current_step_order", "started_at", "completed_at"]
    per_page = 10
    verbose_name_plural = "campaigns"


def activities_of(lead: Lead) -> QuerySet[CampaignLeadActivity]:
    """Return the activities of campaigns for the lead, newest first."""
    return (
        CampaignLeadActivity.objects.filter(tenant=lead.tenant_id, campaign_lead__lead=lead.pk)
        .exclude(status__in=NOT_YET_DONE)
        .select_related("campaign")
        .annotate(done_at=Coalesce("executed_at", "created_at"))
        .order_by("-done_at")
    )


def activity_entry(activity: CampaignLeadActivity) -> TimelineEntry:
    return TimelineEntry(
        at=getattr(activity, "done_at"),  # noqa: B009  (an annotation)
        icon="campaign",
        text=activity.get_step_type_display(),
        detail=f"{activity.get_status_display()} · {activity.campaign}",
        url=reverse("admin:campaigns_campaignleadactivity_change", args=(activity.pk,)),
    )


add_inline(LeadEnrolmentsInline, rank=60, feature="campaigns")
add_timeline_source("campaigns", activities_of, activity_entry, right="campaigns.view", feature="campaigns")
