"""Steps on the campaign's page and on their own pages."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.design.admin.config_forms import config_form, config_in_words, entered_config, has_settings
from campaigns.design.admin.setting_words import outcome_in_words
from campaigns.design.admin.step_forms import connection, link_form, move_form, movement
from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep, StepLink
from campaigns.design.services import changes, steps
from campaigns.design.step_specs import step_types
from campaigns.formatting import NOTHING, facts_table
from lad import writes
from lad.admin.actions import Preview, dry_run, row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import entered_in
from lad.admin.inlines import LadInline
from lad.admin.lists import computed_once
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from tenants.accounts.models import User

# The inline shows all steps on one page up to this number.
MAX_STEPS = 100


class StepsInline(LadInline):
    """All steps, in order. Entering another number moves the step."""

    model = CampaignStep
    fk_name = "campaign"
    area = "campaigns"
    fields = ["order", "type", "title"]
    readonly_fields = ["type"]
    verbose_name_plural = "steps"
    can_add = False
    ordering_field = "order"
    per_page = MAX_STEPS

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[CampaignStep]:
        return super().get_queryset(request).order_by("order")

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
        ("What it does", {"fields": ["settings_shown", "paths"]}),
    ]
    readonly_fields = ["type", "order", "settings_shown", "paths"]
    actions_detail = ["settings", "move", "link", "remove"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a step is added on the page of its campaign, which asks for what its type needs."""
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show no second button to delete: “Remove” says first what becomes of leads at the step."""
        return super().render_change_form(request, {**context, "show_delete": False}, *args, **kwargs)

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
        button="Save",
        preview=lambda row, values: _preview(row, changes.Settings(row.pk, entered_config(row, values))),
    )
    def settings(self, request: HttpRequest, row: CampaignStep, values: dict[str, Any]) -> str:
        _apply(request, row, changes.Settings(row.pk, entered_config(row, values)))
        return f"The settings of “{row.title}” were saved."

    @row_action(
        "Move",
        explanation="Steps follow each other in their order, unless a path of one leads elsewhere.",
        form=move_form,
        when=lambda row: not is_deleted(row) and _can_change_steps(row.campaign),
        icon="swap_vert",
        preview=lambda row, values: _preview(row, movement(row, values)),
    )
    def move(self, request: HttpRequest, row: CampaignStep, values: dict[str, Any]) -> str:
        _apply(request, row, movement(row, values))
        return f"“{row.title}” was moved."

    @row_action(
        "Paths",
        explanation="Where leads go on after the step.",
        form=link_form,
        when=lambda row: not is_deleted(row) and row.type != "end" and _can_change_steps(row.campaign),
        icon="alt_route",
        button="Save",
        preview=lambda row, values: _preview(row, connection(row, values)),
    )
    def link(self, request: HttpRequest, row: CampaignStep, values: dict[str, Any]) -> str:
        _apply(request, row, connection(row, values))
        return f"The paths of “{row.title}” were saved."

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
        _apply(request, row, changes.Remove(row.pk))
        return f"“{row.title}” was removed."

    @display(description="Settings")
    @computed_once
    def settings_shown(self, obj: CampaignStep) -> SafeString | str:
        rows = list(config_in_words(obj)) if obj.type in step_types else []
        return facts_table(rows) if rows else "None."

    @display(description="Paths")
    @computed_once
    def paths(self, obj: CampaignStep) -> SafeString | str:
        """Return where each outcome of the step leads."""
        graph = graph_of(obj.campaign)
        place = graph.by_id.get(obj.pk)
        if place is None:
            return NOTHING
        found = [(outcome_in_words(obj.type, each), graph.after(place, each)) for each in place.outcomes]
        return facts_table([(name, f"{to.order}. {to.title}" if to else "The end") for name, to in found])


@register(StepLink)
class StepLinkAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "alt_route", 25
    list_display = ["step", "outcome", "target", "created_at"]


def save_steps(formset: Any, *, actor: User | None) -> None:
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


def change_preview(campaign: Campaign, change: changes.Change) -> Preview | None:
    """Return what the change does to leads under way, to be confirmed; None if it touches none of them.

    Raises what the change would raise.
    """
    sentences = dry_run(lambda: changes.apply_change(campaign=campaign, change=change, actor=None)).sentences
    return Preview(warnings=sentences) if sentences else None


def _apply(request: HttpRequest, step: CampaignStep, change: changes.Change) -> None:
    changes.apply_change(campaign=step.campaign, change=change, actor=access_of(request).user)


def _preview(step: CampaignStep, change: changes.Change) -> Preview | None:
    return change_preview(step.campaign, change)


def _can_change_together(campaign: object) -> bool:
    """Return whether the steps can be changed all at once. While leads are under way each change has a preview."""
    return _can_change_steps(campaign) and getattr(campaign, "status", None) != CampaignStatus.RUNNING


def _can_change_steps(campaign: object) -> bool:
    """Return whether the campaign's status allows changes to its steps. Unfold also passes other objects."""
    status = getattr(campaign, "status", None)
    return status is None or status in steps.EDITABLE
