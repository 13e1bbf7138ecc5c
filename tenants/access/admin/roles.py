"""Admin pages of tenants' own roles, and of the roles of LAD's staff."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.base import GlobalModelAdmin, LadModelAdmin, TenantModelAdmin, register
from lad.db.models import LadModel
from tenants.access.admin.rights_grid import RightsFormField, grid_html
from tenants.access.models import PlatformRole, TenantRole
from tenants.access.rights import STAFF_RIGHTS, TENANT_RIGHTS


class RoleAdmin(LadModelAdmin):
    """A role, with its rights as a table of areas and verbs."""

    offered: ClassVar[Collection[str]]
    list_display = ["name", "key", "number_of_rights", "created_at"]
    search_fields = ["key", "name"]
    fieldsets = [(None, {"fields": ["name", "key"]}), ("Rights", {"fields": ["rights"]})]
    add_fieldsets = fieldsets

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField):
            return RightsFormField(offered=self.offered)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def _shown(self, request: HttpRequest, name: Any, obj: LadModel | None) -> Any:
        if name == "rights" and not self._editable(request, name, obj):
            return "rights_shown"
        return super()._shown(request, name, obj)

    @display(description="Rights")
    def rights_shown(self, obj: Any) -> SafeString:
        return grid_html(obj.rights, self.offered)

    @display(description="Number of rights")
    def number_of_rights(self, obj: Any) -> int:
        return len(obj.rights)


@register(TenantRole)
class TenantRoleAdmin(RoleAdmin, TenantModelAdmin):
    area = "roles"
    section, icon, rank = "People", "assignment_ind", 25
    offered = TENANT_RIGHTS


@register(PlatformRole)
class PlatformRoleAdmin(RoleAdmin, GlobalModelAdmin):
    platform_only = True
    section, icon, rank = "People", "shield_person", 45
    offered = STAFF_RIGHTS
