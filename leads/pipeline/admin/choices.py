"""Choices of forms and filters: the stages, statuses and members of one tenant."""

from typing import Final
from uuid import UUID

from django import forms
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from lad.tenancy.access import access_of
from leads.contacts.models import Lead
from leads.pipeline.selectors import Choices, Pipeline, pipeline_of, stage_choices
from tenants.accounts.models import User
from tenants.teams.models import Membership

NOBODY: Final = ("", "Nobody")


def member_choices(tenant_id: UUID) -> Choices:
    """Return ids and names of the tenant's members, by name."""
    members = Membership.objects.filter(tenant=tenant_id).select_related("user")
    found = [(str(each.user_id), each.user.full_name or each.user.email) for each in members]
    return sorted(found, key=lambda pair: pair[1])


def chosen_member(key: str) -> User | None:
    """Return the member with the chosen id, or None for nobody."""
    return User.objects.get(pk=key) if key else None


def stage_form(tenant_id: UUID) -> type[forms.Form]:
    """Return a form that asks for a stage."""
    return _choice_form("StageForm", "stage", forms.ChoiceField(choices=stage_choices(tenant_id)))


def assignment_form(tenant_id: UUID) -> type[forms.Form]:
    """Return a form that asks for a member, or nobody."""
    choices = [NOBODY, *member_choices(tenant_id)]
    field = forms.ChoiceField(choices=choices, required=False, label="Assign to")
    return _choice_form("AssignmentForm", "assigned_user", field)


def _choice_form(name: str, field_name: str, field: forms.ChoiceField) -> type[forms.Form]:
    return type(name, (forms.Form,), {field_name: field})


class PipelineFilter(DropdownFilter):
    """Filters leads by one of the tenant's own keys. Offers nothing while no tenant is chosen."""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        tenant_id = access_of(request).tenant_id
        return getattr(pipeline_once(request, tenant_id), str(self.parameter_name)) if tenant_id is not None else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class StageFilter(PipelineFilter):
    title = "stage"
    parameter_name = "stage"


class StatusFilter(PipelineFilter):
    title = "status"
    parameter_name = "status"


def pipeline_once(request: HttpRequest, tenant_id: UUID) -> Pipeline:
    """Return the tenant's stages and statuses, read once per page."""
    kept: dict[UUID, Pipeline] = vars(request).setdefault("lad_pipelines", {})
    if tenant_id not in kept:
        kept[tenant_id] = pipeline_of(tenant_id)
    return kept[tenant_id]
