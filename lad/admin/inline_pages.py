"""The inlines of a page: which the caller may use, and their rows, read in one round trip."""

from collections.abc import Sequence
from copy import copy
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from lad.admin.inlines import InlineAdminFormSet, read_first_pages
from lad.errors import DomainError


class InlinePages(ModelAdmin):
    """The inlines of a model's page."""

    def __init__(self, model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self._prototypes: dict[type[InlineModelAdmin], InlineModelAdmin] = {}

    def get_inlines(self, request: HttpRequest, obj: Any) -> Sequence[type[InlineModelAdmin]]:
        """Return the inlines, which need a row that exists."""
        return super().get_inlines(request, obj) if obj is not None else []

    def get_inline_instances(self, request: HttpRequest, obj: Model | None = None) -> list[InlineModelAdmin]:
        """Return the inlines that the caller may use, as Django does, but copied from one that is made once."""
        found = []
        for each in self.get_inlines(request, obj):
            inline = copy(self._prototype(each))
            may_add = inline.has_add_permission(request, obj)
            allowed = (inline.has_view_permission, inline.has_change_permission, inline.has_delete_permission)
            if not may_add and not any(may(request, obj) for may in allowed):
                continue
            if not may_add:
                inline.max_num = 0
            found.append(inline)
        return found

    def _prototype(self, inline_class: type[InlineModelAdmin]) -> InlineModelAdmin:
        """Return an inline of the class. Making one copies the settings of all form fields, which is slow."""
        made = self._prototypes.get(inline_class)
        if made is None:
            made = self._prototypes[inline_class] = inline_class(self.model, self.admin_site)
        return made

    def _create_formsets(self, request: HttpRequest, obj: Model | None, change: bool) -> Any:
        """Return formsets and their inlines. A page that only shows them reads the rows of all in one round trip."""
        if request.method == "POST":
            formsets, inlines = super()._create_formsets(request, obj, change)
            refusal: DomainError | None = getattr(request, "lad_refusal", None)
            if refusal is not None:
                for formset in formsets:
                    formset.refuse(refusal)
            return formsets, inlines
        found = [
            (formset_class(**self.get_formset_kwargs(request, obj, inline, formset_class.get_default_prefix())), inline)
            for formset_class, inline in self.get_formsets_with_inlines(request, obj if change else None)
        ]
        formsets, inlines = [formset for formset, _inline in found], [inline for _formset, inline in found]
        read_first_pages(formsets)
        return formsets, inlines

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> list[InlineAdminFormSet]:
        return [InlineAdminFormSet.of(found) for found in super().get_inline_formsets(*args, **kwargs)]

    def _build_nested_formsets(self, *args: Any) -> None:
        """Do nothing: no inline has inlines of its own, and looking for them would read each inline by itself."""
