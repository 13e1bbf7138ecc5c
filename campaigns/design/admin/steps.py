"""Steps on the campaign's page and on their own pages."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.design.admin.config_forms import config_form, entered_config, has_settings
from campaigns.design.models import CampaignStatus, CampaignStep, StepLink
from campaigns.design.services import changes, steps
from campaigns.design.step_specs import step_types
from lad import writes
from lad.admin.actions import Preview, row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import entered_in
from lad.admin.inlines import LadInline
from lad.admin.permissions import is_deleted
from lad.admin.widgets import JSONEditor, JSONFormField
from lad.tenancy.access import access_of

# The inline shows all steps on one page up to this number.
MAX_STEPS = 100


class StepsInline(LadInline):
    """All steps, in order. Entering another number moves the step."""

    model = CampaignStep
    fk_name = "campaign"
    area = "campaigns"
    fields = ["order", "type", "title", "config"]
    verbose_name_plural = "steps"
    can_add = True
    ordering_field = "order"
    per_page = MAX_STEPS

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[CampaignStep]:
        return super().get_queryset(request).order_by("order")

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "config":
            kwargs.pop("widget", None)
            return db_field.formfield(form_class=JSONFormField, empty={}, widget=JSONEditor({"rows": 3}), **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _can_change_together(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _can_change_together(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _can_change_together(obj) and super().has_delete_permission(request, obj)


@register(CampaignStep)
class CampaignStepAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "format_list_numbered", 20
    list_display = ["title", "campaign", "order", "type", "created_at"]
    list_filter = ["type", "campaign", "created_at"]
    search_fields = ["title"]
    fieldsets = [
        (None, {"fields": ["campaign", "type", "order", "title", "description"]}),
        ("What it does", {"fields": ["config", "needs"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["campaign", "type", "order", "title", "description"]}),
        ("What it does", {"fields": ["config", "needs"]}),
    ]
    readonly_fields = ["needs"]
    actions_detail = ["settings", "remove"]

    def get_readonly_fields(self, request: HttpRequest, obj: CampaignStep | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "campaign" in readonly else [*readonly, "campaign"]

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        campaign = obj.campaign if isinstance(obj, CampaignStep) else None
        return _can_change_steps(campaign) and super().has_change_permission(request, obj)

    @row_action(
        "Settings",
        explanation="The settings that the type of the step needs.",
        form=config_form,
        when=lambda row: not is_deleted(row) and has_settings(row),
        icon="tune",
        preview=lambda row, values: _preview(row, changes.Settings(row.pk, entered_config(row, values))),
    )
    def settings(self, request: HttpRequest, row: CampaignStep, values: dict[str, Any]) -> str:
        writes.update(row, {"config": entered_config(row, values)}, actor=access_of(request).user)
        return f"The settings of “{row.title}” were saved."

    @row_action(
        "Remove",
        explanation="Leads that are at the step go on to the one that follows.",
        permission="delete",
        when=lambda row: not is_deleted(row) and _can_change_steps(row.campaign),
        icon="delete",
        danger=True,
        preview=lambda row, values: _preview(row, changes.Remove(row.pk)),
    )
    def remove(self, request: HttpRequest, row: CampaignStep, values: dict[str, Any]) -> str:
        change = changes.Remove(row.pk)
        changes.apply_change(campaign=row.campaign, change=change, actor=access_of(request).user)
        return f"“{row.title}” was removed."

    @display(description="Needs")
    def needs(self, obj: CampaignStep | None) -> SafeString:
        """Return the settings of the step's type, or of all types for a new step."""
        specs = [step_types.get(obj.type)] if obj is not None and obj.type in step_types else step_types
        rows = ((spec.label, spec.needs(), ", ".join(spec.optional) or "–") for spec in specs)
        body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            '<div class="lad-table-wrap"><table class="lad-table">'
            "<tr><th>Type</th><th>Required settings</th><th>Optional settings</th></tr>{}</table></div>",
            body,
        )


@register(StepLink)
class StepLinkAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "alt_route", 25
    list_display = ["step", "outcome", "target", "created_at"]


def save_steps(formset: Any, *, actor: Any) -> None:
    """Write the steps of one campaign and then put them in the order entered, all at once."""
    removed = set(formset.deleted_forms)
    positions: list[tuple[tuple[int, int], CampaignStep]] = []
    for form in formset.forms:
        exists, values = not form.instance._state.adding, {}
        if form in removed:
            if exists:
                with entered_in(form):
                    writes.delete(form.original, actor=actor)
            continue
        if not exists and not form.has_changed():
            continue
        values = {name: value for name, value in form.values().items() if name != "order"}
        with entered_in(form):
            if not exists:
                step = writes.create(CampaignStep, {**values, "campaign": formset.instance}, actor=actor)
            else:
                step = writes.update(form.original, values, actor=actor) if values else form.original
        # If two steps have the same number, the one whose number was edited comes first.
        order = form.cleaned_data.get("order")
        moved = "order" in form.changed_data
        positions.append(((order if order is not None else MAX_STEPS**2, 0 if moved else 1), step))
    if any("order" in form.changed_data for form in formset.forms if form not in removed):
        ordered = [step.pk for _position, step in sorted(positions, key=lambda each: each[0])]
        with entered_in(formset):
            steps.reorder(campaign=formset.instance, step_ids=ordered, actor=actor)


def _preview(step: CampaignStep, change: changes.Change) -> Preview | None:
    """Return what the change does to leads under way, to be confirmed; None if it touches none of them."""
    sentences = changes.preview_change(campaign=step.campaign, change=change).sentences
    return Preview(warnings=sentences) if sentences else None


def _can_change_together(campaign: object) -> bool:
    """Return whether the steps can be changed all at once. While leads are under way each change has a preview."""
    return _can_change_steps(campaign) and getattr(campaign, "status", None) != CampaignStatus.RUNNING


def _can_change_steps(campaign: object) -> bool:
    """Return whether the campaign's status allows changes to its steps. Unfold also passes other objects."""
    status = getattr(campaign, "status", None)
    return status is None or status in steps.EDITABLE
