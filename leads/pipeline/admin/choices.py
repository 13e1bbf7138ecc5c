"""What may be chosen in the forms and filters of the domain: stages, statuses and people of one tenant."""

from typing import Any

from django import forms
from django.contrib.admin.options import ModelAdmin
from django.db.models import F, QuerySet, Value
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from lad.admin.permissions import access_of
from leads.pipeline import selectors
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.teams.models import Membership

Choices = list[tuple[str, str]]

NOBODY = ("", "Nobody")


def stages_of(tenant_id: Any) -> Choices:
    return selectors.stage_choices(tenant_id)


def statuses_of(tenant_id: Any) -> Choices:
    rows = LeadStatus.objects.filter(tenant=tenant_id).order_by("created_at", "id")
    return list(rows.values_list("key", "label"))


def people_of(tenant_id: Any) -> Choices:
    """The tenant's members by name."""
    members = Membership.objects.filter(tenant=tenant_id).select_related("user")
    found = [(str(each.user_id), each.user.full_name or each.user.email) for each in members]
    return sorted(found, key=lambda pair: pair[1])


def stage_form(tenant_id: Any) -> type[forms.Form]:
    return _choosing("StageForm", "stage", stages_of(tenant_id))


def owner_form(tenant_id: Any) -> type[forms.Form]:
    return _choosing("OwnerForm", "assigned_user", [NOBODY, *people_of(tenant_id)], required=False, label="Owner")


def _choosing(name: str, field: str, choices: Choices, **options: Any) -> type[forms.Form]:
    return type(name, (forms.Form,), {field: forms.ChoiceField(choices=choices, **options)})


def moment_field(**options: Any) -> forms.DateTimeField:
    """A moment in UTC, chosen with what the browser has for it."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(widget=widget, **{"help_text": "In UTC.", **options})


class PlaceFilter(DropdownFilter):
    """One of the tenant's own keys; across tenants there is nothing to choose from."""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        tenant_id = access_of(request).tenant_id
        return _places(request, tenant_id)[str(self.parameter_name)] if tenant_id is not None else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class StageFilter(PlaceFilter):
    title = "stage"
    parameter_name = "stage"


class StatusFilter(PlaceFilter):
    title = "status"
    parameter_name = "status"


def _places(request: HttpRequest, tenant_id: Any) -> dict[str, Choices]:
    """The tenant's stages and statuses, both in one query for both filters of a page."""
    found: dict[str, Choices] | None = getattr(request, "lead_places", None)
    if found is None:
        columns = ("kind", "place", "created_at", "key", "label")
        stages = LeadStage.objects.filter(tenant=tenant_id).annotate(kind=Value("stage"), place=F("display_order"))
        statuses = LeadStatus.objects.filter(tenant=tenant_id).annotate(kind=Value("status"), place=Value(0))
        rows = stages.values_list(*columns).union(statuses.values_list(*columns), all=True).order_by(*columns[:4])
        found = {"stage": [], "status": []}
        for kind, _place, _made, key, label in rows:
            found[kind].append((key, label))
        request.lead_places = found  # type: ignore[attr-defined]
    return found
