"""Campaigns on the lead's page: its enrolments, and how to begin and stop them. Also for people who are just saved."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.design.models import Campaign
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.enrolment.services.enrolment import FINISHED, enrol
from lad import writes
from lad.admin.actions import row_action
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.errors import Conflict
from lad.tenancy.access import Access, access_of
from lad.tenancy.context import current_tenant_id
from leads.companies.finding.extensions import NEW, AfterSaving, after_saving
from leads.contacts.extensions import add_action, add_inline
from leads.contacts.models import Lead

ALL: Final = "all"
DRAFT: Final = "It is a draft: add its steps, then start it."
REVEAL: Final = "Whose address is revealed later can be enrolled by saving them once more."


class NotEnrolled(Conflict):
    """The lead is not enrolled."""

    code = "lead_not_enrolled"


class LeadEnrolmentsInline(ReadOnlyInline):
    """The campaigns a lead is enrolled in."""

    model = CampaignLead
    fk_name = "lead"
    area = "campaigns"
    fields = ["campaign", "status", "current_step_order", "started_at", "completed_at"]
    per_page = 10
    verbose_name_plural = "campaigns"


def open_campaigns(tenant_id: UUID) -> list[tuple[str, str]]:
    """Return the campaigns that take leads, as choices."""
    campaigns = Campaign.objects.filter(tenant=tenant_id).exclude(status__in=FINISHED).order_by("name")
    return [(str(row.pk), f"{row.name} · {row.get_status_display()}") for row in campaigns]


def enrol_saved(leads: Sequence[UUID], chosen: str, name: str, access: Access) -> SafeString:
    """Enrol leads that were just saved, in a campaign or in a new draft of that name. Return what happened."""
    if chosen == NEW:
        campaign: Campaign | None = writes.create(Campaign, {"name": name}, actor=access.user)
        next_step = DRAFT
    else:
        campaign = Campaign.objects.filter(tenant=current_tenant_id(), pk=chosen).first()
        next_step = ""
    if campaign is None:
        raise NotEnrolled("The leads were not enrolled: the campaign does not exist any more.")
    outcome = enrol(campaign=campaign, leads=leads, actor=access.user)
    if outcome.without_address:
        next_step = f"{next_step} {REVEAL}".strip()
    address = reverse("admin:campaigns_campaign_change", args=(campaign.pk,))
    return format_html('<a class="lad-link" href="{}">{}</a>: {} {}', address, campaign, outcome, next_step)


def campaign_form(lead: Lead) -> type[forms.Form]:
    """Return a form that asks for a campaign that takes leads."""
    choices = open_campaigns(lead.tenant_id)
    return type("CampaignForm", (forms.Form,), {"campaign": forms.ChoiceField(choices=choices)})


def stop_form(lead: Lead) -> type[forms.Form]:
    """Return a form that asks which of the lead's open enrolments to stop."""
    rows = _open(lead).select_related("campaign").order_by("-created_at")
    choices = [(ALL, "All campaigns"), *((str(row.pk), str(row.campaign)) for row in rows)]
    return type("StopForm", (forms.Form,), {"enrolment": forms.ChoiceField(label="Campaign", choices=choices)})


@row_action(
    "Enrol",
    explanation="The lead gets the campaign’s messages from its first step on.",
    form=campaign_form,
    permission="enrol_lead",
    when=lambda row: not is_deleted(row) and not row.is_archived,
    icon="group_add",
)
def enrol_lead(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    campaign = Campaign.objects.get(pk=values["campaign"])
    outcome = enrol(campaign=campaign, leads=[row.pk], actor=access_of(request).user)
    if not outcome.enrolled:
        raise NotEnrolled(f"{row} was not enrolled: {outcome}")
    return f"{row} was enrolled in {campaign}."


@row_action(
    "Stop campaigns",
    explanation="Messages that wait are cancelled. The lead can be enrolled again.",
    form=stop_form,
    permission="stop_campaigns",
    when=lambda row: not is_deleted(row),
    icon="stop_circle",
    danger=True,
    seldom=True,
)
def stop_campaigns(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    chosen = _open(row) if values["enrolment"] == ALL else _open(row).filter(pk=values["enrolment"])
    stopped = states.stop(chosen, reason=EnrolmentReason.STOPPED_BY_HAND, now=timezone.now())
    if not stopped:
        raise NotEnrolled(f"{row} is not enrolled in a campaign that goes on.")
    return f"{len(stopped)} enrolment{'' if len(stopped) == 1 else 's'} of {row} stopped."


def _open(lead: Lead) -> QuerySet[CampaignLead]:
    return CampaignLead.objects.filter(tenant=lead.tenant_id, lead=lead.pk, status__in=OPEN_ENROLMENTS)


add_inline(LeadEnrolmentsInline, rank=60, feature="campaigns")
add_action(enrol_lead, rank=30, rights=("leads.view", "campaigns.update"), feature="campaigns")
add_action(stop_campaigns, rank=40, rights=("leads.view", "campaigns.update"), feature="campaigns")
after_saving(
    AfterSaving(
        "campaign",
        "Enrol in a campaign",
        right="campaigns.update",
        choices=lambda: open_campaigns(current_tenant_id()),
        effect=enrol_saved,
        new="A new campaign, as a draft",
        makes="campaigns.create",
    )
)
