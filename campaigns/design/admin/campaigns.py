"""The pages of campaigns."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from campaigns.accounts.models import CampaignAccount
from campaigns.analytics import pages
from campaigns.analytics.overview import overview
from campaigns.design.admin import costs, forms
from campaigns.design.admin.campaign_settings import entered_settings, settings_form, settings_in_words
from campaigns.design.admin.step_forms import insert_form, insertion, step_options
from campaigns.design.admin.steps import StepsInline, change_preview, save_steps
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from campaigns.design.services import changes, lifecycle
from campaigns.design.services.steps import EDITABLE
from campaigns.editor import library
from campaigns.editor import pages as editor_pages
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services import enrolment
from campaigns.formatting import NOTHING, facts_table
from campaigns.templates.requirements import lacking
from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import LadModelForm
from lad.admin.inlines import LadInline, ReadOnlyInline, save_inline
from lad.admin.lists import computed_once
from lad.tenancy.access import access_of
from tenants.activity.exports import may_export


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


def _in(*statuses: CampaignStatus) -> Callable[[Campaign], bool]:
    """Return a condition: the campaign is not deleted and has one of the statuses."""
    return lambda row: row.deleted_at is None and row.status in statuses


@register(Campaign)
class CampaignAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "campaign", 10
    empty_hint = "A campaign contacts leads step by step: by e-mail, LinkedIn, WhatsApp or call."
    global_search = True
    list_display = ["name", "status", "steps_count", "leads_count", "starts_at", "ends_at", "created_by_user"]
    list_filter = ["status", "execution_state", "starts_at", "created_at"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "status", "description", "starts_at", "ends_at"]}),
        ("Before it runs", {"fields": ["missing_values", "cost"]}),
        ("Settings", {"fields": ["settings_shown"]}),
        (
            "Engine",
            {"fields": ["execution_state", "next_run_at", "last_lead_check_at", "last_execution_reason"]},
        ),
        ("People", {"fields": ["created_by_user", "updated_by_user"]}),
    ]
    add_fieldsets = [(None, {"fields": ["name", "description", "starts_at", "ends_at"]})]
    readonly_fields = ["missing_values", "cost", "settings_shown"]
    notes = ["campaigns/admin/overview.html"]
    inlines = [StepsInline, AccountsInline, EnrolmentsInline]
    actions_list = ["from_sequence"]
    actions_detail = [
        "sequence",
        "checklist",
        "start",
        "pause",
        "resume",
        "add_step",
        "settings",
        "enrol",
        "duplicate",
        "share",
        "complete",
        "stop",
        "archive",
    ]

    def listed(self, request: HttpRequest, rows: QuerySet[Campaign]) -> QuerySet[Campaign]:
        return super().listed(request, rows).annotate(steps_number=_number_of_steps())

    @display(description="Steps")
    def steps_count(self, obj: Campaign) -> int:
        return int(obj.steps_number)  # type: ignore[attr-defined]  # annotated by listed()

    @display(description="Leads")
    def leads_count(self, obj: Campaign) -> SafeString:
        url = f"{reverse('admin:campaigns_campaignlead_changelist')}?campaign__id__exact={obj.pk}"
        return format_html('<a class="lad-link" href="{}">Show</a>', url)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, those of the campaign's other pages included."""
        return [*pages.urls(self), *editor_pages.urls(self), *super().get_urls()]

    @action(description="New campaign", icon="auto_awesome", permissions=["add"])
    def from_sequence(self, request: HttpRequest) -> HttpResponse:
        """Begin with a ready-made or shared sequence."""
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_new"))

    @action(description="Sequence", icon="account_tree")
    def sequence(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the editor of the sequence."""
        campaign = self.get_row_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_sequence", args=(campaign.pk,)))

    @action(description="Checklist", icon="checklist")
    def checklist(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the checklist before the start."""
        campaign = self.get_row_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_checklist", args=(campaign.pk,)))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        campaign = kwargs.get("obj")
        if campaign is not None:
            context = {**context, "overview": overview(campaign), "may_export": may_export(request)}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Cost at most")
    @computed_once
    def cost(self, obj: Campaign) -> SafeString | str:
        return costs.cost_table(obj)

    @display(description="Settings")
    def settings_shown(self, obj: Campaign) -> SafeString:
        return facts_table(settings_in_words(obj))

    @display(description="Missing values")
    @computed_once
    def missing_values(self, obj: Campaign) -> SafeString | str:
        if obj.status not in (CampaignStatus.DRAFT, CampaignStatus.RUNNING, CampaignStatus.PAUSED):
            return NOTHING
        found = [each for each in lacking(obj) if not each.error]
        if not found:
            return "None. Each open enrolment has a value for every variable of the messages."
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((str(each),) for each in found)))

    def save_related(
        self, request: HttpRequest, form: LadModelForm, formsets: Iterable[BaseInlineFormSet], change: bool
    ) -> None:
        """Write all steps together, because they may swap places."""
        actor = access_of(request).user
        with self.row_scope(request, form.instance):
            for formset in formsets:
                save = save_steps if formset.model is CampaignStep else save_inline
                save(formset, actor=actor)

    @row_action(
        "Start",
        explanation="It starts now, or at its start time.",
        when=_in(CampaignStatus.DRAFT),
        icon="play_arrow",
        preview=costs.run_preview,
    )
    def start(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.start(campaign=row, actor=access_of(request).user)
        return f"{row} was started."

    @row_action(
        "Pause",
        explanation="Nothing is sent until it is resumed. Every lead keeps its place.",
        when=_in(CampaignStatus.RUNNING),
        icon="pause",
    )
    def pause(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.pause(campaign=row, actor=access_of(request).user)
        return f"{row} was paused."

    @row_action(
        "Resume",
        explanation="It continues where it was paused.",
        when=_in(CampaignStatus.PAUSED),
        icon="resume",
        preview=costs.run_preview,
    )
    def resume(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.resume(campaign=row, actor=access_of(request).user)
        return f"{row} was resumed."

    @row_action(
        "Stop",
        explanation="It ends for good. Open enrolments are stopped and pending messages are cancelled.",
        when=_in(CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        icon="stop",
        danger=True,
        seldom=True,
    )
    def stop(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.stop(campaign=row, actor=access_of(request).user)
        return f"{row} was stopped."

    @row_action(
        "Complete",
        explanation="It has finished. This needs all its enrolments to be finished too.",
        when=_in(CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        icon="done_all",
        seldom=True,
    )
    def complete(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.complete(campaign=row, actor=access_of(request).user)
        return f"{row} was completed."

    @row_action(
        "Archive",
        explanation="It cannot be started again. It can still be read and duplicated.",
        when=_in(CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.STOPPED),
        icon="archive",
        seldom=True,
    )
    def archive(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        lifecycle.archive(campaign=row, actor=access_of(request).user)
        return f"{row} was archived."

    @row_action(
        "Duplicate",
        explanation="Creates a draft with the same steps, paths and accounts, without its dates.",
        form=forms.CopyForm,
        permission="add",
        when=lambda row: row.deleted_at is None,
        icon="content_copy",
        seldom=True,
    )
    def duplicate(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> SafeString:
        copy = lifecycle.duplicate(
            campaign=row,
            actor=access_of(request).user,
            name=values["name"].strip(),
            with_leads=values["with_leads"],
        )
        return format_html('<a class="lad-link" href="{}">{}</a> was created as a draft.', self.change_url(copy), copy)

    @row_action(
        "Share as a template",
        explanation="Your colleagues can begin campaigns with its steps and texts. Its leads stay here.",
        form=forms.ShareForm,
        permission="add",
        when=lambda row: row.deleted_at is None and row.status != CampaignStatus.ARCHIVED,
        icon="share",
        seldom=True,
        button="Share",
    )
    def share(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> SafeString:
        shared = library.share(campaign=row, actor=access_of(request).user, **values)
        new = reverse("admin:campaigns_campaign_new")
        return format_html('“{}” is among the <a class="lad-link" href="{}">sequences to begin with</a>.', shared, new)

    @row_action(
        "Settings",
        explanation="When it acts, how much, for whom, and when it stops.",
        form=settings_form,
        when=lambda row: row.deleted_at is None and row.status != CampaignStatus.ARCHIVED,
        icon="tune",
        button="Save",
    )
    def settings(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        writes.update(row, {"config": entered_settings(row, values)}, actor=access_of(request).user)
        return f"The settings of {row} were saved."

    @row_action(
        "Add step",
        explanation="Leads that are past its place do not come back to it.",
        options=step_options,
        form=insert_form,
        when=_in(*EDITABLE),
        icon="add_circle",
        preview=lambda row, values: change_preview(row, insertion(values)),
    )
    def add_step(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        change = insertion(values)
        changes.apply_change(campaign=row, change=change, actor=access_of(request).user)
        return f"“{change.title}” was added."

    @row_action(
        "Enrol leads",
        explanation="Enrols all leads that match every choice below, with their current contact details. "
        "Leads that are already enrolled, archived or without an address are left out.",
        form=forms.enrol_form,
        when=lambda row: row.deleted_at is None and row.status not in enrolment.FINISHED,
        icon="group_add",
    )
    def enrol(self, request: HttpRequest, row: Campaign, values: dict[str, Any]) -> str:
        choice = forms.lead_choice(values)
        return str(enrolment.enrol(campaign=row, leads=choice, actor=access_of(request).user))


def _number_of_steps() -> Coalesce:
    """Return an expression that counts the steps of each campaign."""
    rows = CampaignStep.objects.filter(tenant=OuterRef("tenant"), campaign=OuterRef("pk")).order_by().values("campaign")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)
