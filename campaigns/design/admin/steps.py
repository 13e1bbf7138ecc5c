"""The steps of a campaign, on its page and on their own."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from campaigns.design import step_types as vocabulary
from campaigns.design.models import CampaignStep, StepType
from campaigns.design.services import steps
from lad import writes
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import LadInline
from lad.admin.widgets import JSONEditor, JSONFormField

# More steps than this nobody arranges by hand.
MOST_STEPS = 100


class StepsInline(LadInline):
    """All steps in their order; a number entered here moves the step there."""

    model = CampaignStep
    fk_name = "campaign"
    area = "campaigns"
    fields = ["order", "type", "title", "config"]
    verbose_name_plural = "steps"
    can_add = True
    ordering_field = "order"
    per_page = MOST_STEPS

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).order_by("order")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "config":
            kwargs.pop("widget", None)
            return db_field.formfield(form_class=JSONFormField, empty={}, widget=JSONEditor({"rows": 3}), **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _open(obj) and super().has_delete_permission(request, obj)


@register(CampaignStep)
class CampaignStepAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "format_list_numbered", 20
    list_display = ["title", "campaign", "order", "type", "created_at"]
    list_filter = ["type", "campaign", "created_at"]
    search_fields = ["title__istartswith"]
    fieldsets = [
        (None, {"fields": ["campaign", "type", "order", "title", "description"]}),
        ("What it does", {"fields": ["config", "needs"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["campaign", "type", "order", "title", "description"]}),
        ("What it does", {"fields": ["config", "needs"]}),
    ]
    readonly_fields = ["needs"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "campaign" in readonly else [*readonly, "campaign"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        campaign = obj.campaign if isinstance(obj, CampaignStep) else None
        return _open(campaign) and super().has_change_permission(request, obj)

    @display(description="Needs")
    def needs(self, obj: Any) -> Any:
        """What the settings of each type hold; of the step's own alone when it has one."""
        kinds = vocabulary.KINDS
        shown = {obj.type: kinds[obj.type]} if obj is not None and obj.type in kinds else kinds
        rows = ((StepType(type_).label, kind.needs(), ", ".join(kind.optional) or "–") for type_, kind in shown.items())
        body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            '<div class="lad-table-wrap"><table class="lad-table">'
            "<tr><th>Type</th><th>Its settings need</th><th>and may hold</th></tr>{}</table></div>",
            body,
        )


def save_steps(formset: Any, *, actor: Any) -> None:
    """Write the steps of one campaign and then put them in the order entered, all at once."""
    removed = set(formset.deleted_forms)
    placed: list[tuple[tuple[int, int], CampaignStep]] = []
    for form in formset.forms:
        exists, values = not form.instance._state.adding, {}
        if form in removed:
            if exists:
                writes.delete(form.original, actor=actor)
            continue
        if not exists and not form.has_changed():
            continue
        values = {name: value for name, value in form.values().items() if name != "order"}
        if not exists:
            step = writes.create(CampaignStep, {**values, "campaign": formset.instance}, actor=actor)
        else:
            step = writes.update(form.original, values, actor=actor) if values else form.original
        # Where two ask for one place, the one that asks for a change has it.
        order = form.cleaned_data.get("order")
        moved = "order" in form.changed_data
        placed.append(((order if order is not None else MOST_STEPS**2, 0 if moved else 1), step))
    if any("order" in form.changed_data for form in formset.forms if form not in removed):
        ordered = [step.pk for _place, step in sorted(placed, key=lambda each: each[0])]
        steps.reorder(campaign=formset.instance, step_ids=ordered, actor=actor)


def _open(campaign: Any) -> bool:
    """Whether the campaign's steps may be changed as it is; unfold asks with other things too."""
    status = getattr(campaign, "status", None)
    return status is None or status in steps.OPEN_TO_CHANGES
