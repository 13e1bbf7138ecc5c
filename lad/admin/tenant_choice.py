"""Which tenant a row belongs to when staff of the platform look at all of them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest

from lad.admin.permissions import access_of


class TenantChoice:
    """Shows the tenant where rows of many are listed, and asks for it where a row is added for one of them."""

    model: Any
    admin_site: Any

    def shows_tenant(self, request: HttpRequest) -> bool:
        """Whether rows of many tenants may stand side by side."""
        access = access_of(request)
        return access.platform and access.tenant_id is None and self.model.tenancy.field == "tenant"

    def tenant_id_of(self, row: Any) -> UUID | None:
        """The tenant the row belongs to; a tenant belongs to itself."""
        return row.owning_tenant_id

    def tenant_value(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        """The tenant of a new row, among its values: the one chosen in the form or worked in."""
        if self.model.tenancy.field != "tenant":
            return {}
        if "tenant" in form.fields:
            return {"tenant": form.cleaned_data["tenant"]}
        current = access_of(request).details.get("tenant")
        return {"tenant": current} if current is not None else {}

    def tenant_fields(self, request: HttpRequest, obj: Any) -> list[str]:
        return ["tenant"] if obj is None and self.shows_tenant(request) else []

    def with_tenant_field(self, request: HttpRequest, fieldsets: Any) -> list[Any]:
        """The fieldsets of the add form, the tenant first where it must be chosen."""
        if not self.shows_tenant(request):
            return list(fieldsets)
        (name, options), *others = fieldsets
        return [(name, {**options, "fields": ["tenant", *options["fields"]]}), *others]

    def with_tenant_choice(self, request: HttpRequest, obj: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the form class, with a field that chooses the tenant where it must be chosen."""
        if not self.tenant_fields(request, obj):
            return kwargs
        key = self.model._meta.get_field("tenant")
        choice = forms.ModelChoiceField(
            queryset=key.related_model.objects.all(),
            required=not key.null,
            widget=AutocompleteSelect(key, self.admin_site),
            help_text="Chosen for you when you work in one tenant: see the switch at the top.",
        )
        base = kwargs.pop("form", None) or self.form  # type: ignore[attr-defined]
        # The model field is not editable; excluding it lets the declared one stand in its place.
        shown_only = self.get_readonly_fields(request, obj)  # type: ignore[attr-defined]
        exclude = [*(kwargs.pop("exclude", None) or ()), *shown_only, "tenant"]
        return {**kwargs, "form": type(base.__name__, (base,), {"tenant": choice}), "exclude": exclude}
