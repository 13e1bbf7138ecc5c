"""The pages of leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from billing.ledger.selectors import currency_of
from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.bulk import any_number, on_deleted
from lad.admin.filters import DeletedFilter
from lad.admin.forms import LadModelForm
from lad.admin.inlines import LadInline
from lad.admin.lists import PLAIN_PARAMETERS
from lad.admin.pagination import COUNT_LIMIT, CappedPaginator, LadChangeList
from lad.admin.permissions import is_deleted
from lad.jobs.bulk import bulk_action
from lad.labels import in_words
from lad.tenancy.access import access_of
from lad.tenancy.context import default_tenant_id
from lad.times import day
from leads.contacts import extensions, jobs, selectors
from leads.contacts.admin.added_columns import LeadChangeList, added_columns
from leads.contacts.admin.export import leads_csv
from leads.contacts.admin.filters import FollowUpFilter, SourceFilter
from leads.contacts.admin.summary import summary_of
from leads.contacts.models import Lead, Priority
from leads.contacts.services import leads
from leads.contacts.timeline_panel import timeline_part
from leads.formatting import amount
from leads.pipeline.admin.choices import (
    StageFilter,
    StatusFilter,
    assignment_form,
    chosen_member,
    pipeline_once,
    stage_form,
)
from leads.pipeline.selectors import Pipeline
from tenants.activity.exports import begin_export, may_export

PRIORITY_COLOURS: Final = {
    Priority.UNSET: "default",
    Priority.LOW: "default",
    Priority.MEDIUM: "info",
    Priority.HIGH: "warning",
    Priority.URGENT: "danger",
}
# Common stages only: a tenant's own stages have the colours the tenant gave them.
STAGE_COLOURS: Final = {
    "New": "info",
    "Inquiry": "info",
    "Won": "success",
    "Enrolled": "success",
    "Lost": "default",
    "Rejected": "default",
    "Withdrawn": "default",
}


class LeadForm(LadModelForm):
    """Offers the tenant's own stages and statuses."""

    pipeline: ClassVar[Pipeline | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("stage", "status"):
            if self.pipeline is not None and name in self.fields:
                choices, stored = getattr(self.pipeline, name), self.initial.get(name)
                # A row written with plain SQL may name what does not exist; it keeps that until somebody changes it.
                unknown = [(stored, stored)] if stored and stored not in dict(choices) else []
                self.fields[name].widget = UnfoldAdminSelectWidget(choices=[*choices, *unknown])


@register(Lead)
class LeadAdmin(TenantModelAdmin):
    """Leads in the admin. Other features add panels and actions through ``leads.contacts.extensions``."""

    area = "leads"
    section, icon, rank = "Leads", "person_search", 10
    global_search = True
    form = LeadForm
    empty_hint = "Add the first lead here, or send leads through the API."
    list_display = [
        "person",
        "company",
        "stage_label",
        "priority_label",
        "value",
        "assigned_to",
        "follow_up",
        "active",
    ]
    list_filter = [
        StageFilter,
        StatusFilter,
        "assigned_user",
        "priority",
        SourceFilter,
        FollowUpFilter,
        "is_archived",
        "created_at",
    ]
    # Makes the search box appear. get_search_results does the search.
    search_fields = ["search_text"]
    search_help_text = "Names, company, e-mail address, phone number or domain, in any order"
    list_select_related = ["assigned_user"]
    notes = ["leads/admin/lead_summary.html", "leads/admin/lead_panels.html"]
    fieldsets = [
        (
            "Deal",
            {
                "fields": [
                    ("stage", "status"),
                    ("priority", "assigned_user"),
                    ("estimated_value", "currency"),
                    "next_follow_up_at",
                    "description",
                    "is_archived",
                ],
            },
        ),
        (
            "Person",
            {
                "fields": [
                    ("first_name", "last_name"),
                    ("email", "phone"),
                    ("title", "location"),
                    ("company_name", "company_domain"),
                    "linkedin_url",
                    "tags",
                ],
            },
        ),
        (
            "Origin",
            {
                "fields": [
                    ("source", "source_id"),
                    "created_by_user",
                    ("assigned_at", "last_activity_at", "last_contacted_at"),
                    "custom_fields",
                    "raw_data",
                ],
                "classes": ["collapse"],
            },
        ),
    ]
    add_fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("email", "phone"), ("company_name", "title")]}),
        ("Deal", {"fields": [("stage", "status"), ("priority", "assigned_user"), ("estimated_value", "currency")]}),
        ("More", {"fields": [("company_domain", "location"), "linkedin_url", ("source", "source_id"), "description"]}),
    ]
    actions = ["assign_all", "move_all", "archive_all", "export"]
    actions_detail = ["move", "assign"]
    # Extensions add to them.
    actions_list: Sequence[Any] = ()

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, those of registered actions included. By now every feature has registered its own."""
        for action in extensions.actions():
            if not hasattr(self, action.name):
                self._add_action(action)
                # "Restore" stays last.
                self.actions_detail = [*self.actions_detail[:-1], action.name, *self.actions_detail[-1:]]
        for list_action in extensions.list_actions():
            if not hasattr(self, list_action.name):
                self._add_action(list_action)
                self.actions_list = [*self.actions_list, list_action.name]
        part = path(
            "<uuid:object_id>/timeline/", self.admin_site.admin_view(self.timeline_view), name="leads_lead_timeline"
        )
        return [part, *super().get_urls()]

    def timeline_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Answer with a part of the lead's timeline, for the page that shows it."""
        return timeline_part(request, self.get_row_or_404(request, str(object_id)))

    def _add_action(self, action: extensions.LeadAction | extensions.ListAction) -> None:
        def is_allowed(request: HttpRequest, obj: Lead | None = None) -> bool:
            return action.visibility.allows(access_of(request))

        setattr(self, action.name, MethodType(action.view, self))
        setattr(self, f"has_{action.name}_permission", is_allowed)

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions on selected rows, those of other features first."""
        added = {
            each.name: (each.view, each.name, each.title)
            for each in extensions.bulk_actions_for(access_of(request))
            if request.GET.get(DeletedFilter.parameter_name) != "yes"
        }
        return {**added, **super().get_actions(request)}

    def get_inlines(self, request: HttpRequest, obj: Lead | None) -> list[type[LadInline]]:
        return extensions.inlines_for(access_of(request)) if obj is not None else []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        lead = kwargs.get("obj")
        if lead is not None:
            summary = summary_of(lead, pipeline_once(request, lead.tenant_id))
            context = {**context, "summary": summary, "panels": _panels(request, lead)}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Lead | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return a form with the stages and statuses of the lead's tenant, if it is known yet."""
        tenant_id = obj.tenant_id if obj is not None else default_tenant_id()
        if tenant_id is not None:
            # Derived before it has fields, because each class of a form makes its fields anew.
            pipeline = pipeline_once(request, tenant_id)
            kwargs = {"form": type(LeadForm.__name__, (LeadForm,), {"pipeline": pipeline}), **kwargs}
        return super().get_form(request, obj, change=change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the add form shows at first: the currency is the tenant's."""
        tenant_id = default_tenant_id()
        own = {"currency": currency_of(tenant_id)} if tenant_id is not None else {}
        return {**own, **super().get_changeform_initial_data(request)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        rows, distinct = super().get_search_results(request, queryset, "")
        by_id, _distinct = self._by_id(request, queryset, search_term)
        if by_id is not None:
            return by_id, distinct
        if not search_term.strip():
            return rows, distinct
        found = selectors.find(search_term, count_up_to=COUNT_LIMIT)
        vars(request)["found_leads"] = found
        return found.among(rows), distinct

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> CappedPaginator:
        """Tell the paginator what the search has counted already, unless filters leave fewer rows."""
        paginator = super().get_paginator(request, *args, **kwargs)
        found: selectors.FoundLeads | None = vars(request).get("found_leads")
        filters = [name for name, value in request.GET.items() if value and name not in (SEARCH_VAR, *PLAIN_PARAMETERS)]
        if found is not None and found.keys is None and not filters:
            paginator.known_count = found.total
            paginator.narrowed = False
        return paginator

    def _by_id(self, request: HttpRequest, rows: QuerySet[Lead], term: str) -> tuple[QuerySet[Lead] | None, bool]:
        compact = term.strip().replace("-", "")
        if len(compact) != 32 or not all(character in "0123456789abcdefABCDEF" for character in compact):
            return None, False
        return super().get_search_results(request, rows, term)

    @display(description="Lead", header=True)
    def person(self, obj: Lead) -> tuple[str, str]:
        return obj.full_name or obj.email or obj.phone or "No name", obj.title or obj.email

    @display(description="Company")
    def company(self, obj: Lead) -> str:
        return str(obj.company_name)

    @display(description="Stage", label=STAGE_COLOURS)
    def stage_label(self, obj: Lead) -> str:
        return in_words(obj.stage)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the stages by the tenant's own names, which the filter has read anyway, if one tenant is chosen."""
        columns, tenant_id = super().get_list_display(request), access_of(request).tenant_id
        if tenant_id is None:
            return columns
        names = dict(pipeline_once(request, tenant_id).stage)
        shown = [_stage_column(names) if name == "stage_label" else name for name in columns]
        return [*shown, *(each.shown for each in added_columns(request))]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Sort by columns of other features only: any other order would sort the whole table."""
        return [each.shown for each in added_columns(request)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        *filters, deleted = super().get_list_filter(request)
        return [*filters, *(each for column in added_columns(request) for each in column.column.filters), deleted]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LadChangeList]:
        return LeadChangeList

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        rows = super().listed(request, rows)
        for each in added_columns(request):
            rows = each.column.rows(request, rows)
        return rows

    @display(description="Assigned to")
    def assigned_to(self, obj: Lead) -> str | None:
        return obj.assigned_user.full_name if obj.assigned_user else None

    @display(description="Follow-up", label={"overdue": "danger", "planned": "default"})
    def follow_up(self, obj: Lead) -> tuple[str, str] | None:
        due = obj.next_follow_up_at
        if due is None:
            return None
        return ("overdue" if due <= timezone.now() else "planned", day(due))

    @display(description="Last activity")
    def active(self, obj: Lead) -> str | None:
        return day(obj.last_activity_at) if obj.last_activity_at else None

    @display(description="Priority", label={value.label: colour for value, colour in PRIORITY_COLOURS.items()})
    def priority_label(self, obj: Lead) -> str | None:
        return obj.get_priority_display() if obj.priority else None

    @display(description="Value")
    def value(self, obj: Lead) -> str | None:
        return amount(obj.estimated_value, obj.currency)

    @row_action(
        "Move to stage",
        form=lambda row: stage_form(row.tenant_id),
        when=lambda row: not is_deleted(row),
        icon="moving",
    )
    def move(self, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
        writes.update(row, {"stage": values["stage"]}, actor=access_of(request).user)
        return f"{row} was moved to “{in_words(values['stage'])}”."

    @row_action(
        "Assign",
        form=lambda row: assignment_form(row.tenant_id),
        when=lambda row: not is_deleted(row),
        icon="person_add",
    )
    def assign(self, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
        user = chosen_member(values["assigned_user"])
        leads.assign(lead=row, user=user, actor=access_of(request).user)
        return f"{row} was assigned to {user or 'nobody'}."

    assign_all = bulk_action("Assign", kind=jobs.ASSIGN, form_of=assignment_form)
    move_all = bulk_action("Move to stage", kind=jobs.MOVE, form_of=stage_form)
    archive_all = bulk_action("Archive", kind=jobs.ARCHIVE)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may_export(request)

    @any_number
    @on_deleted
    @admin.action(description="Export", permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Lead]) -> HttpResponse:
        again = begin_export(request, kind="leads", row_count=queryset.count())
        return again or leads_csv(queryset, access_of(request))  # type: ignore[return-value]  # the stubs know plain responses only


def _stage_column(names: Mapping[str, str]) -> Callable[[Lead], str]:
    """Return the column of stages by these names."""

    @display(description="Stage", label=STAGE_COLOURS)
    def stage_label(obj: Lead) -> str:
        return names.get(obj.stage) or in_words(obj.stage)

    return stage_label


@dataclass(frozen=True, slots=True)
class PanelContent:
    """A rendered panel as the template takes it."""

    title: str
    icon: str
    body: str


def _panels(request: HttpRequest, lead: Lead) -> list[PanelContent]:
    panels = [
        PanelContent(panel.title, panel.icon, panel.render(request, lead))
        for panel in extensions.panels_for(access_of(request))
    ]
    return [panel for panel in panels if panel.body]
