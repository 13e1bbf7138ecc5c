"""Campaigns in the timeline of a lead: enrolments, their ends, and what was done for them."""

from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Left
from django.urls import reverse

from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import (
    NOT_YET_DONE,
    OPEN_ENROLMENTS,
    ActivityStatus,
    CampaignLead,
    CampaignLeadActivity,
    EnrolmentStatus,
)
from campaigns.enrolment.wording import UNDONE, deed, reason_in_words, why_undone
from campaigns.messages.models import Message
from lad.times import written
from leads.contacts.extensions import Known, TimelineEntry, TimelineKind, add_timeline_source
from leads.contacts.models import Lead

MAX_EXCERPT: Final = 300
FINISHED: Final = (EnrolmentStatus.COMPLETED, EnrolmentStatus.STOPPED, EnrolmentStatus.ERROR)


def enrolments_of(lead: Lead) -> QuerySet[CampaignLead]:
    """Return the lead's enrolments."""
    enrolments = CampaignLead.objects.filter(tenant=lead.tenant_id, lead=lead.pk).select_related("campaign")
    return enrolments.only("created_at", "status", "reason", "next_action_at", "campaign__name")


def enrolment_entry(enrolment: CampaignLead, known: Known) -> TimelineEntry:
    return TimelineEntry(
        icon="group_add",
        text=f"{known.lead} was enrolled in {enrolment.campaign}",
        detail=_waiting(enrolment, known.lead),
        url=reverse("admin:campaigns_campaignlead_change", args=(enrolment.pk,)),
    )


def endings_of(lead: Lead) -> QuerySet[CampaignLead]:
    """Return the lead's enrolments that have ended, with the time of their end."""
    enrolments = CampaignLead.objects.filter(tenant=lead.tenant_id, lead=lead.pk, status__in=FINISHED)
    columns = ("status", "reason", "completed_at", "updated_at", "campaign__name")
    return (
        enrolments.select_related("campaign").only(*columns).annotate(ended_at=Coalesce("completed_at", "updated_at"))
    )


def ending_entry(enrolment: CampaignLead, known: Known) -> TimelineEntry:
    reason = f": {reason_in_words(enrolment.reason, known.lead)}" if enrolment.reason else ""
    icon, text = {
        EnrolmentStatus.COMPLETED: ("done_all", f"{known.lead} reached the end of {enrolment.campaign}{reason}"),
        EnrolmentStatus.STOPPED: ("stop_circle", f"{enrolment.campaign} stopped for {known.lead}{reason}"),
        EnrolmentStatus.ERROR: ("error", f"{enrolment.campaign} failed for {known.lead}{reason}"),
    }[EnrolmentStatus(enrolment.status)]
    url = reverse("admin:campaigns_campaignlead_change", args=(enrolment.pk,))
    return TimelineEntry(icon=icon, text=text, url=url, warns=enrolment.status == EnrolmentStatus.ERROR)


def activities_of(lead: Lead) -> QuerySet[CampaignLeadActivity]:
    """Return what campaigns did towards the lead or could not do. Messages tell of themselves."""
    told = Message.objects.filter(tenant=lead.tenant_id, lead=lead.pk, activity_id__isnull=False)
    reaching = [spec.key for spec in step_types if spec.reaches_lead]
    columns = (
        "status",
        "step_type",
        "subject",
        "error_message",
        "metadata",
        "campaign__name",
        "executed_at",
        "created_at",
    )
    return (
        CampaignLeadActivity.objects.filter(tenant=lead.tenant_id, campaign_lead__lead=lead.pk, step_type__in=reaching)
        .exclude(status__in=NOT_YET_DONE)
        .exclude(pk__in=told.values("activity_id"))
        .select_related("campaign")
        .only(*columns)
        .annotate(done_at=Coalesce("executed_at", "created_at"), beginning=Left("message_content", MAX_EXCERPT))
    )


def activity_entry(activity: CampaignLeadActivity, known: Known) -> TimelineEntry:
    undone = activity.status in UNDONE
    beginning: str = activity.beginning  # type: ignore[attr-defined]  # annotated
    said = " · ".join(filter(None, (activity.subject, beginning)))
    return TimelineEntry(
        icon="block" if undone else "campaign",
        text=deed(activity, known.lead),
        detail=why_undone(activity, known.lead) if undone else said,
        marks=(str(activity.get_status_display()), str(activity.campaign)),
        url=reverse("admin:campaigns_campaignleadactivity_change", args=(activity.pk,)),
        warns=activity.status == ActivityStatus.FAILED,
    )


def _waiting(enrolment: CampaignLead, lead: str) -> str:
    """Return what an open enrolment waits for, or an empty string."""
    if enrolment.status not in OPEN_ENROLMENTS:
        return ""
    until = f"until {written(enrolment.next_action_at)}" if enrolment.next_action_at else ""
    if not enrolment.reason:
        return f"Waits {until}" if until else ""
    return " ".join(filter(None, ("Waits", until))) + f": {reason_in_words(enrolment.reason, lead)}"


add_timeline_source(
    "enrolments",
    enrolments_of,
    enrolment_entry,
    kind=TimelineKind.CAMPAIGN,
    right="campaigns.view",
    feature="campaigns",
)
add_timeline_source(
    "enrolment-ends",
    endings_of,
    ending_entry,
    kind=TimelineKind.CAMPAIGN,
    right="campaigns.view",
    feature="campaigns",
    at="ended_at",
)
add_timeline_source(
    "campaigns",
    activities_of,
    activity_entry,
    kind=TimelineKind.CAMPAIGN,
    right="campaigns.view",
    feature="campaigns",
    at="done_at",
)
