"""Rows shown and edited on the page of the row they belong to."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from lad import writes
from lad.admin import derive
from lad.admin.forms import LadModelForm
from lad.admin.paging import CappedPaginator
from lad.admin.permissions import AreaPermissions


class InlineFormSet(PaginationInlineFormSet):
    """Named after the table: keys have no accessor on the other side to be named after.

    Rows of the parent's tenant only, so that an index that leads with the tenant serves, and no count beyond a limit.
    """

    queryset: Any

    def __init__(self, *args: Any, per_page: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = getattr(self.instance, "tenant_id", None)
        if tenant_id is not None and self.model.tenancy.field == "tenant" and not self.model.tenancy.shared:
            self.queryset = self.queryset.filter(tenant=tenant_id)
        if per_page:
            self.per_page = per_page
            self.paginator = CappedPaginator(self.queryset, per_page)
            self.page = self.get_page(self.paginator, self.get_page_num())
            self._queryset = self.page.object_list

    @classmethod
    def get_default_prefix(cls) -> str:
        return str(cls.model._meta.db_table)


class LadInline(AreaPermissions, TabularInline):
    """A page of rows at a time; writes go through ``lad.writes``."""

    form = LadModelForm
    formset = InlineFormSet
    extra = 0
    per_page = 20
    show_change_link = True
    tab = True
    can_add = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_add and super().has_add_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = self.model.objects.all()
        names = list(self.fields or ())
        joined, apart = derive.select_related(self.model, names), derive.prefetch_related(self.model, names)
        return rows.select_related(*joined).prefetch_related(*apart).order_by("-pk")

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        registry = self.admin_site._registry
        return [f.name for f in self.model._meta.concrete_fields if f.is_relation and f.related_model in registry]


class ReadOnlyInline(LadInline):
    """Rows to look at."""

    read_only = True
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields or derive.form_fields(self.model, adding=False))


def save_inline(formset: Any, *, actor: Any) -> None:
    """Write what was added, changed and removed in one inline."""
    removed = set(getattr(formset, "deleted_forms", ()))
    for form in formset.forms:
        exists = not form.instance._state.adding
        if form in removed:
            if exists:
                writes.delete(form.original, actor=actor)
        elif exists and form.has_changed():
            writes.update(form.original, form.values(), actor=actor)
        elif not exists and form.has_changed():
            parent = {formset.fk.name: formset.instance}
            writes.create(formset.model, {**form.values(), **parent}, actor=actor)
