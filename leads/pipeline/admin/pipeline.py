"""Stages and statuses, and the pipeline on one page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from leads.contacts.models import Lead
from leads.pipeline import selectors, services
from leads.pipeline.models import LeadStage, LeadStatus, Outcome


def _retire_form(row: LeadStage | LeadStatus) -> type[forms.Form]:
    choices_of = selectors.stage_choices if isinstance(row, LeadStage) else selectors.status_choices
    others = [pair for pair in choices_of(row.tenant_id) if pair[0] != row.key]
    choices = [("", "Nowhere: it has no leads"), *others]
    field = forms.ChoiceField(label="Move its leads to", choices=choices, required=False)
    return type("RetireForm", (forms.Form,), {"move_leads_to": field})


class PipelineAdmin(TenantModelAdmin):
    """The pages of stages and statuses, as far as they are the same."""

    area = "pipeline"
    section = "Leads"
    search_fields = ["key", "label"]
    actions_detail = ["retire"]

    def get_readonly_fields(self, request: HttpRequest, obj: LeadStage | LeadStatus | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "key" in readonly else [*readonly, "key"]

    @display(description="Colour")
    def swatch(self, obj: LeadStage | LeadStatus) -> SafeString:
        if not obj.color:
            return format_html('<span class="text-subtle">{}</span>', "–")
        return format_html('<span class="lad-swatch" style="background:{}"></span> {}', obj.color, obj.color)

    @row_action(
        "Retire",
        explanation="It is removed, and its leads move to the one you choose.",
        form=_retire_form,
        permission="delete",
        icon="merge",
        danger=True,
    )
    def retire(self, request: HttpRequest, row: LeadStage | LeadStatus, values: dict[str, Any]) -> str:
        key = values["move_leads_to"]
        target = self.model.objects.get(tenant=row.tenant_id, key=key) if key else None
        moved = services.retire(row=row, move_leads_to=target, actor=access_of(request).user)
        return f"“{row.label}” was removed and {moved} leads were moved."


@register(LeadStage)
class LeadStageAdmin(PipelineAdmin):
    icon, rank = "view_week", 70
    list_display = ["label", "key", "outcome", "display_order", "swatch", "created_at"]

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return ["display_order"] if access_of(request).tenant_id is not None else super().get_ordering(request)


@register(LeadStatus)
class LeadStatusAdmin(PipelineAdmin):
    icon, rank = "label", 80
    list_display = ["label", "key", "outcome", "swatch", "created_at"]


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One stage as the page shows it. ``share`` is its percentage of all leads."""

    stage: selectors.StageCount
    share: int
    value: str
    url: str


def board(request: HttpRequest) -> HttpResponse:
    """Show how many leads each stage of the tenant has, and their value."""
    if not _may_see(request):
        raise PermissionDenied
    tenant_id = access_of(request).tenant_id
    stages = selectors.board(tenant_id) if tenant_id is not None else []
    context = {
        **admin.site.each_context(request),
        "title": "Pipeline",
        "tenant_chosen": tenant_id is not None,
        "columns": _columns(stages),
        "cards": [_card(stages, outcome) for outcome in Outcome],
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "leads/admin/pipeline.html", context)


@dataclass(frozen=True, slots=True)
class OutcomeCard:
    """The leads that are open, won or lost, and what they are worth."""

    title: str
    leads: int
    value: str


def _card(stages: Sequence[selectors.StageCount], outcome: Outcome) -> OutcomeCard:
    found = [stage for stage in stages if stage.outcome == outcome]
    return OutcomeCard(outcome.label, sum(stage.leads for stage in found), _total_value(found))


def _may_see(request: HttpRequest) -> bool:
    return can_view(request, Lead)


def _columns(stages: Sequence[selectors.StageCount]) -> list[BoardColumn]:
    total = sum(stage.leads for stage in stages) or 1
    leads = reverse("admin:leads_lead_changelist")
    return [
        BoardColumn(
            stage,
            round(stage.leads * 100 / total),
            _total_value([stage]),
            f"{leads}?stage={stage.key}&is_archived__exact=0",
        )
        for stage in stages
    ]


def _total_value(stages: Iterable[selectors.StageCount]) -> str:
    """Return the sums by currency, largest first."""
    sums: dict[str, Decimal] = {}
    for stage in stages:
        for currency, value in stage.values.items():
            sums[currency] = sums.get(currency, Decimal()) + value
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    return " · ".join(f"{value:,.0f} {currency}" for currency, value in ordered)


add_view("pipeline/", board, "pipeline")
add_page(SidebarPage("Pipeline", "admin:pipeline", "Leads", "view_kanban", 5, _may_see))
