"""Permissions of the admin: the answers of the API about the right to do something and the feature it belongs to."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from lad.admin.defaults import field_or_none
from lad.api.permissions import has_feature
from lad.api.router import feature_of
from lad.db.constraints import RowSecurity
from lad.db.models import LadModel
from lad.tenancy.access import access_of

# The database privilege that a verb needs. A soft delete is an UPDATE.
_PRIVILEGE = {"create": "INSERT", "update": "UPDATE", "restore": "UPDATE"}


def _tenant_privileges(model: type[LadModel]) -> tuple[str, ...]:
    security = next((c for c in model._meta.constraints if isinstance(c, RowSecurity)), None)
    return security.privileges if security else ()


def can_view(request: HttpRequest, model: type[models.Model]) -> bool:
    """Return whether the caller may see rows of the model, as its pages decide. Models without pages count as seen."""
    pages = admin.site._registry.get(model)
    return pages is None or pages.has_view_permission(request)


class AreaPermissions:
    """Permissions of a model's pages, inlines, actions and choices.

    They need the right ``<area>.<verb>``, the feature of the model's API resource, and the tenant role's database
    privileges. ``platform_only`` hides the model from tenants' staff; ``platform_writes`` lets them view but not
    change it; ``read_only`` is for rows that nobody edits by hand.
    """

    area: str = ""
    platform_only: bool = False
    platform_writes: bool = False
    read_only: bool = False
    model: type[LadModel]

    def allows(self, request: HttpRequest, verb: str) -> bool:
        """Return whether the caller has the right for a verb of this area."""
        access = access_of(request)
        feature = feature_of(self.model)
        if not access.signed_in or (feature and not has_feature(access, feature)):
            return False
        if access.platform:
            return access.allows(f"{self.area}.{verb}")
        if self.platform_only or (self.platform_writes and verb != "view"):
            return False
        return access.allows(f"{self.area}.{verb}") and self._possible(verb)

    def _possible(self, verb: str) -> bool:
        privileges = _tenant_privileges(self.model)
        if verb == "view":
            return "SELECT" in privileges
        if verb == "delete":
            return ("UPDATE" if getattr(self.model, "soft_deletable", False) else "DELETE") in privileges
        return _PRIVILEGE.get(verb, "SELECT") in privileges

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.read_only and self.allows(request, "create") and not self.has_unseen_requirement(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.read_only and not is_deleted(obj) and self.allows(request, "update")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.read_only and not is_deleted(obj) and self.allows(request, "delete")

    def has_restore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.read_only and getattr(self.model, "soft_deletable", False) and self.allows(request, "delete")

    def has_platform_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the caller may do what only LAD's staff may do in this area."""
        return access_of(request).platform and self.allows(request, "administer")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def unseen_keys(self, request: HttpRequest) -> set[str]:
        """Return the names of the keys to rows that the caller may not see, and so cannot choose."""
        fields: Any = self.model._meta.concrete_fields
        keys = (field for field in fields if field.is_relation and field.editable)
        return {key.name for key in keys if not can_view(request, key.related_model)}

    def has_unseen_requirement(self, request: HttpRequest) -> bool:
        """Return whether a new row needs a key to a row that the caller may not see."""
        return any(not field_or_none(self.model, name).blank for name in self.unseen_keys(request))


def is_deleted(obj: LadModel | None) -> bool:
    """Return whether this is a soft-deleted row. unfold sometimes passes an id instead, which counts as not deleted."""
    return isinstance(obj, models.Model) and getattr(obj, "deleted_at", None) is not None
