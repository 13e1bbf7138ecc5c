"""Campaigns: what they do, how far they have come, and what may be done to them."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from campaigns import formatting as show
from campaigns.accounts.models import CampaignAccount
from campaigns.design.admin import forms
from campaigns.design.admin.steps import StepsInline, save_steps
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from campaigns.design.services import lifecycle
from campaigns.enrolment import selectors
from campaigns.enrolment.models import ActivityStatus, CampaignLead, EnrolmentStatus
from campaigns.enrolment.services import enrolment
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import LadInline, ReadOnlyInline, save_inline
from lad.admin.lists import once_per_row
from lad.admin.permissions import access_of


class AccountsInline(LadInline):
    model = CampaignAccount
    fk_name = "campaign"
    area = "campaigns"
    fields = ["linkedin_account", "status", "is_primary", "priority", "daily_requests_limit"]
    verbose_name_plural = "LinkedIn accounts"
    can_add = True


class EnrolmentsInline(ReadOnlyInline):
    model = CampaignLead
    fk_name = "campaign"
    area = "campaigns"
    fields = ["first_name", "last_name", "company_name", "email", "status", "current_step_order"]
    verbose_name_plural = "enrolments"


def _in(*statuses: CampaignStatus) -> Any:
    return lambda row: row.deleted_at is None and row.status in statuses


@register(Campaign)
class CampaignAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "campaign", 10
    global_search = True
    list_display = ["name", "status", "steps_count", "leads_count", "starts_at", "ends_at", "created_by_user"]
    list_filter = ["status", "execution_state", "starts_at", "created_at"]
    search_fields = ["name__istartswith"]
    fieldsets = [
        (None, {"fields": ["name", "status", "description", "starts_at", "ends_at"]}),
        ("So far", {"fields": ["still_missing", "enrolled", "done"]}),
        ("Settings", {"fields": ["config"]}),
        (
            "Engine",
            {"fields": ["execution_state", "next_run_at", "last_lead_check_at", "last_execution_reason"]},
        ),
        ("People", {"fields": ["created_by_user", "updated_by_user"]}),
    ]
    readonly_fields = ["still_missing", "enrolled", "done"]
    inlines = [StepsInline, AccountsInline, EnrolmentsInline]
    actions_detail = ["start", "pause", "resume", "enrol", "duplicate", "complete", "stop", "archive"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return super().listed(request, rows).annotate(steps_number=_number(CampaignStep))

    @display(description="Steps")
    def steps_count(self, obj: Any) -> int:
        return int(obj.steps_number)

    @display(description="Leads")
    def leads_count(self, obj: Any) -> Any:
        url = f"{reverse('admin:campaigns_campaignlead_changelist')}?campaign__id__exact={obj.pk}"
        return format_html('<a class="lad-link" href="{}">Show</a>', url)

    @display(description="Still missing")
    @once_per_row
    def still_missing(self, obj: Any) -> Any:
        if obj.status not in (CampaignStatus.DRAFT, CampaignStatus.PAUSED):
            return show.NOTHING
        faults = lifecycle.missing(obj, timezone.now())
        if not faults:
            return "Nothing: it is ready to run."
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((each.says,) for each in faults)))

    @display(description="Enrolments")
    def enrolled(self, obj: Any) -> Any:
        numbers = _progress(obj).enrolments
        return show.counts((status.label, numbers[status]) for status in EnrolmentStatus)

    @display(description="Activities")
    def done(self, obj: Any) -> Any:
        numbers = _progress(obj).activities
        return show.counts((status.label, numbers[status]) for status in ActivityStatus)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Steps change places with one another, so they are written together."""
        actor = access_of(request).user
        with self.row_scope(request, form.instance):
            for formset in formsets:
                save = save_steps if formset.model is CampaignStep else save_inline
                save(formset, actor=actor)

    @row_action(
        "Start",
        explanation="It runs from now on, or from its start on.",
        when=_in(CampaignStatus.DRAFT),
        icon="play_arrow",
    )
    def start(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.start(campaign=row, actor=access_of(request).user)
        return f"{row} runs."

    @row_action(
        "Pause",
        explanation="Nothing is sent until it is resumed; every lead keeps its place.",
        when=_in(CampaignStatus.RUNNING),
        icon="pause",
    )
    def pause(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.pause(campaign=row, actor=access_of(request).user)
        return f"{row} is paused."

    @row_action("Resume", explanation="It goes on where it was.", when=_in(CampaignStatus.PAUSED), icon="resume")
    def resume(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.resume(campaign=row, actor=access_of(request).user)
        return f"{row} runs again."

    @row_action(
        "Stop",
        explanation="It ends for good: leads on their way leave it, and what was about to be sent is cancelled.",
        when=_in(CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        icon="stop",
        danger=True,
    )
    def stop(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.stop(campaign=row, actor=access_of(request).user)
        return f"{row} is stopped."

    @row_action(
        "Complete",
        explanation="It has done its work. No lead may be on its way in it any more.",
        when=_in(CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        icon="done_all",
    )
    def complete(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.complete(campaign=row, actor=access_of(request).user)
        return f"{row} is completed."

    @row_action(
        "Archive",
        explanation="It is put away and cannot be started again; it can still be read and duplicated.",
        when=_in(CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.STOPPED),
        icon="archive",
    )
    def archive(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        lifecycle.archive(campaign=row, actor=access_of(request).user)
        return f"{row} is archived."

    @row_action(
        "Duplicate",
        explanation="A new draft with the same steps and accounts, without its leads and dates.",
        form=forms.NameForm,
        permission="add",
        when=lambda row: row.deleted_at is None,
        icon="content_copy",
    )
    def duplicate(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> Any:
        copy = lifecycle.duplicate(campaign=row, actor=access_of(request).user, name=values["name"].strip())
        return format_html('<a class="lad-link" href="{}">{}</a> is a new draft.', self.change_url(copy), copy)

    @row_action(
        "Enrol leads",
        explanation="All leads that fit every choice below, with their contact details as they are now. "
        "Those enrolled already, archived or without an address are left out.",
        form=forms.enrol_form,
        when=lambda row: row.deleted_at is None and row.status not in enrolment.OVER,
        icon="group_add",
    )
    def enrol(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        choice = forms.LeadChoiceForm.choice(values)
        return str(enrolment.enrol(campaign=row, leads=choice, actor=access_of(request).user))


def _number(model: Any) -> Coalesce:
    """How many rows of the model each campaign has."""
    rows = model.objects.filter(tenant=OuterRef("tenant"), campaign=OuterRef("pk")).order_by().values("campaign")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def _progress(campaign: Any) -> selectors.Progress:
    """Counted once per page."""
    if not hasattr(campaign, "_progress"):
        campaign._progress = selectors.progress(campaign)
    found: selectors.Progress = campaign._progress
    return found
