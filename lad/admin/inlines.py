"""Rows that are shown and edited on their parent's page."""

import operator
from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from typing import Any, Self

from django import forms
from django.contrib.admin import helpers
from django.core.paginator import Page
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from lad import writes
from lad.admin import defaults
from lad.admin.forms import LadModelForm
from lad.admin.pagination import CappedPaginator
from lad.admin.permissions import AreaPermissions
from lad.admin.widgets import RowKeys
from lad.db.together import read_together
from lad.tenancy.context import require_scope
from lad.types import Actor


class InlinePaginator(CappedPaginator):
    """Reads one row more than the first page has. Only if there is one must the rows be counted."""

    @cached_property
    def first_rows(self) -> QuerySet:
        """Return the rows of the first page and one more, not read yet."""
        return self.rows_between(0, self.per_page + 1)

    @cached_property
    def count(self) -> int:
        read = len(self.first_rows)
        return read if read <= self.per_page else min(self._counted, self.limit)

    def page(self, number: Any) -> Page:
        if number != 1:
            return super().page(number)
        return self._get_page(list(self.first_rows)[: self.per_page], number, self)  # type: ignore[attr-defined]


def with_related(rows: QuerySet, joined: Sequence[str], apart: Sequence[str]) -> QuerySet:
    """Return the rows with related rows, joined or fetched apart. Without names Django would join every key."""
    return (rows.select_related(*joined) if joined else rows).prefetch_related(*apart)


def read_first_pages(formsets: Iterable[Any]) -> None:
    """Read the first page of every inline in one round trip."""
    paginators = (getattr(formset, "paginator", None) for formset in formsets)
    read_together(*(each.first_rows for each in paginators if isinstance(each, InlinePaginator)))


class InlineFormSet(PaginationInlineFormSet):
    """Rows of the parent, filtered by its tenant, because indexes lead with the tenant.

    The prefix is the table name, since keys have no reverse accessor. Counting stops at a limit.
    """

    queryset: QuerySet

    def __init__(self, *args: Any, per_page: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = getattr(self.instance, "tenant_id", None)
        in_many = require_scope().tenant_id is None
        if in_many and tenant_id is not None and self.model.tenancy.field == "tenant" and not self.model.tenancy.shared:
            self.queryset = self.queryset.filter(tenant=tenant_id)
        if per_page:
            self.per_page = per_page
            self.paginator = InlinePaginator(self.queryset, per_page)

    @cached_property
    def page(self) -> Page:
        """Return the requested page, read when it is first used."""
        return self.get_page(self.paginator, self.get_page_num())

    @cached_property
    def empty_form(self) -> Any:
        """Return the form for a new row."""
        return super().empty_form

    @property
    def media(self) -> forms.Media:
        """Return the files that the widgets need. Django would make a form for a new row to ask it."""
        widgets = (field.widget for field in self.form.base_fields.values())
        return reduce(operator.add, (widget.media for widget in widgets), forms.Media())

    def is_multipart(self) -> bool:
        return any(field.widget.needs_multipart_form for field in self.form.base_fields.values())

    def get_queryset(self) -> Any:
        return self.page.object_list if self.per_page else super().get_queryset()

    @classmethod
    def get_default_prefix(cls) -> str:
        return str(cls.model._meta.db_table)


class InlineAdminFormSet(helpers.InlineAdminFormSet):
    """A formset with its permissions, as the page shows it."""

    @classmethod
    def of(cls, found: helpers.InlineAdminFormSet) -> Self:
        """Return what Django has prepared."""
        made = cls.__new__(cls)
        vars(made).update(vars(found))
        return made

    @property
    def media(self) -> forms.Media:
        """Return the files that the inline and its rows need. All rows need the same."""
        return self.opts.media + self.formset.media


class LadInline(AreaPermissions, RowKeys, TabularInline):
    """One page of rows at a time. Writes go through ``lad.writes``."""

    form = LadModelForm
    formset = InlineFormSet
    extra = 0
    per_page = 20
    show_change_link = True
    tab = True
    can_add = False
    # Templates ask for these, and search the whole class for what is missing.
    template_before = template_after = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_add and super().has_add_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = self.model.objects.all()
        names = list(self.fields or ())
        joined, apart = defaults.select_related(self.model, names), defaults.prefetch_related(self.model, names)
        return with_related(rows, joined, apart).order_by("-pk")

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        registry = self.admin_site._registry
        return [f.name for f in self.model._meta.concrete_fields if f.is_relation and f.related_model in registry]


class ReadOnlyInline(LadInline):
    """Rows that cannot be edited."""

    read_only = True
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields or defaults.form_fields(self.model, adding=False))


def save_inline(formset: Any, *, actor: Actor) -> None:
    """Write the added, changed and removed rows of an inline."""
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
