"""The tenant of a row on the pages of platform staff who see all tenants."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest

from lad.admin import defaults
from lad.db.models import LadModel
from lad.tenancy.access import access_of


class TenantChoice:
    """Show the tenant in lists of many tenants' rows, and ask for it when a row is added."""

    model: type[LadModel]
    admin_site: AdminSite

    def shows_tenant(self, request: HttpRequest) -> bool:
        """Return whether the page may list rows of more than one tenant."""
        access = access_of(request)
        return access.platform and access.tenant_id is None and self.model.tenancy.field == "tenant"

    def tenant_id_of(self, row: LadModel) -> UUID | None:
        """Return the id of the tenant that the row belongs to. A tenant belongs to itself."""
        return row.owning_tenant_id

    def tenant_value(self, request: HttpRequest, form: forms.ModelForm) -> dict[str, Any]:
        """Return the tenant value of a new row: the one chosen in the form, or the current one."""
        if self.model.tenancy.field != "tenant":
            return {}
        if "tenant" in form.fields:
            return {"tenant": form.cleaned_data["tenant"]}
        current = access_of(request).details.get("tenant")
        return {"tenant": current} if current is not None else {}

    def tenant_fields(self, request: HttpRequest, obj: LadModel | None) -> list[str]:
        return ["tenant"] if obj is None and self.shows_tenant(request) else []

    def with_tenant_field(self, request: HttpRequest, fieldsets: list[Any]) -> list[Any]:
        """Return the fieldsets of the add form, with the tenant first if it must be chosen."""
        if not self.shows_tenant(request):
            return list(fieldsets)
        (name, options), *others = fieldsets
        return [(name, {**options, "fields": ["tenant", *options["fields"]]}), *others]

    def with_tenant_choice(self, request: HttpRequest, obj: LadModel | None, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the form class, with a tenant field if the tenant must be chosen."""
        if not self.tenant_fields(request, obj):
            return kwargs
        key: Any = defaults.field_or_none(self.model, "tenant")
        choice = forms.ModelChoiceField(
            queryset=key.related_model.objects.all(),
            required=not key.null,
            widget=AutocompleteSelect(key, self.admin_site),
            help_text="To skip this field, choose a tenant in the switcher at the top of the page.",
        )
        base = kwargs.pop("form", None) or self.form  # type: ignore[attr-defined]
        # The model field is not editable, so it is excluded and the declared one replaces it.
        shown_only = self.get_readonly_fields(request, obj)  # type: ignore[attr-defined]
        exclude = [*(kwargs.pop("exclude", None) or ()), *shown_only, "tenant"]
        return {**kwargs, "form": type(base.__name__, (base,), {"tenant": choice}), "exclude": exclude}
