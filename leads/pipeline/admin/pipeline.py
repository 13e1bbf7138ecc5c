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
from lad.admin.navigation import Page, add_page
from lad.admin.permissions import access_of
from lad.admin.site import add_view
from leads.pipeline import selectors
from leads.pipeline import services as pipeline
from leads.pipeline.admin.choices import stages_of, statuses_of
from leads.pipeline.models import LeadStage, LeadStatus

WHOLE = 100


def _retire_form(row: Any) -> type[forms.Form]:
    choices_of = stages_of if isinstance(row, LeadStage) else statuses_of
    others = [pair for pair in choices_of(row.tenant_id) if pair[0] != row.key]
    choices = [("", "Nowhere: no lead is there"), *others]
    field = forms.ChoiceField(label="Its leads go to", choices=choices, required=False)
    return type("RetireForm", (forms.Form,), {"move_leads_to": field})


class PlaceAdmin(TenantModelAdmin):
    """What the pages of stages and statuses share."""

    area = "pipeline"
    section = "Leads"
    search_fields = ["key__startswith", "label__startswith"]
    actions_detail = ["retire"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "key" in readonly else [*readonly, "key"]

    @display(description="Colour")
    def swatch(self, obj: Any) -> SafeString:
        if not obj.color:
            return format_html('<span class="text-subtle">{}</span>', "–")
        return format_html('<span class="lad-swatch" style="background:{}"></span> {}', obj.color, obj.color)

    @row_action(
        "Retire",
        explanation="It goes, and the leads that stand in it move.",
        form=_retire_form,
        permission="delete",
        icon="merge",
        danger=True,
    )
    def retire(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        key = values["move_leads_to"]
        target = self.model.objects.get(tenant=row.tenant_id, key=key) if key else None
        moved = pipeline.retire(row=row, move_leads_to=target, actor=access_of(request).user)
        return f"“{row.label}” is gone; {moved} leads moved."


@register(LeadStage)
class LeadStageAdmin(PlaceAdmin):
    icon, rank = "view_week", 70
    list_display = ["label", "key", "display_order", "swatch", "created_at"]

    def get_ordering(self, request: HttpRequest) -> Any:
        return ["display_order"] if access_of(request).tenant_id is not None else super().get_ordering(request)


@register(LeadStatus)
class LeadStatusAdmin(PlaceAdmin):
    icon, rank = "label", 80
    list_display = ["label", "key", "swatch", "created_at"]


@dataclass(frozen=True, slots=True)
class Column:
    """One stage as the page shows it; ``share`` is its part of all leads in per cent."""

    stage: selectors.StageCount
    share: int
    worth: str
    url: str


def board(request: HttpRequest) -> HttpResponse:
    """How many leads stand where in the tenant's pipeline, and what they are worth."""
    if not _may_see(request):
        raise PermissionDenied
    tenant_id = access_of(request).tenant_id
    stages = selectors.board(tenant_id) if tenant_id is not None else []
    context = {
        **admin.site.each_context(request),
        "title": "Pipeline",
        "chosen": tenant_id is not None,
        "columns": _columns(stages),
        "leads": sum(stage.leads for stage in stages),
        "worth": _worth(stages),
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "leads/admin/pipeline.html", context)


def _may_see(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.allows("leads.view")


def _columns(stages: Sequence[selectors.StageCount]) -> list[Column]:
    total = sum(stage.leads for stage in stages) or 1
    leads = reverse("admin:leads_lead_changelist")
    return [
        Column(
            stage,
            round(stage.leads * WHOLE / total),
            _worth([stage]),
            f"{leads}?stage={stage.key}&is_archived__exact=0",
        )
        for stage in stages
    ]


def _worth(stages: Iterable[selectors.StageCount]) -> str:
    """The values added up by currency, the biggest first."""
    sums: dict[str, Decimal] = {}
    for stage in stages:
        for currency, value in stage.values.items():
            sums[currency] = sums.get(currency, Decimal()) + value
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    return " · ".join(f"{value:,.0f} {currency}" for currency, value in ordered)


add_view("pipeline/", board, "pipeline")
add_page(Page("Pipeline", "admin:pipeline", "Leads", "view_kanban", 5, _may_see))
