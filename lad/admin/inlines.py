"""Rows that are shown and edited on their parent's page."""

import operator
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property, partial, reduce
from typing import Any, Self

from django import forms
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.db import models
from django.db.models import QuerySet
from django.forms.formsets import DEFAULT_MAX_NUM, DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import HttpRequest, QueryDict
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from lad import writes
from lad.admin import defaults
from lad.admin.forms import LadModelForm, entered_in
from lad.admin.opened import OPENED_FIELD
from lad.admin.pagination import CappedPaginator
from lad.admin.permissions import AreaPermissions, can_view
from lad.admin.widgets import RowKeys
from lad.db.together import read_together
from lad.errors import DomainError
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

    The prefix is the table name, since keys have no reverse accessor. Counting stops at a limit. What was sent is
    about the rows that the page showed, which may be others than its rows are now. ``refusal`` is a service's error
    about the rows together, or about a removed one.
    """

    data: Any
    queryset: QuerySet
    refusal: DomainError | None = None
    # How many of the rows that could be changed do not exist any more.
    gone: int = 0

    def __init__(self, *args: Any, per_page: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant_id = getattr(self.instance, "tenant_id", None)
        in_many = require_scope().tenant_id is None
        if in_many and tenant_id is not None and self.model.tenancy.field == "tenant" and not self.model.tenancy.shared:
            self.queryset = self.queryset.filter(tenant=tenant_id)
        if per_page:
            self.per_page = per_page
            self.paginator = InlinePaginator(self.queryset, per_page)
        if self.is_bound:
            self._leave_out_gone_rows()

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
        if self.is_bound:
            return self.sent_rows
        return self.page.object_list if self.per_page else super().get_queryset()

    @cached_property
    def sent_rows(self) -> list[models.Model]:
        """Return the rows that were sent and still exist, in the order of the page."""
        to_python, keys = self.model._meta.pk.to_python, []
        for sent in self._sent_keys():
            with suppress(ValidationError):
                keys.append(to_python(sent))
        found = {row.pk: row for row in self.queryset.filter(pk__in=keys)} if keys else {}
        return [found[key] for key in keys if key in found]

    def _sent_keys(self) -> list[str]:
        count = str(self.data.get(f"{self.prefix}-{INITIAL_FORM_COUNT}", ""))
        names = [f"{self.prefix}-{place}-{self.model._meta.pk.name}" for place in range(_small(count))]
        return [str(self.data.get(name) or "") for name in names]

    def _leave_out_gone_rows(self) -> None:
        """Take rows that somebody deleted meanwhile out of what was sent: their forms would add them again."""
        present = {str(row.pk) for row in self.sent_rows}
        keys = self._sent_keys()
        left = [place for place, key in enumerate(keys) if key in present]
        if len(left) == len(keys):
            return
        total = _small(str(self.data.get(f"{self.prefix}-{TOTAL_FORM_COUNT}", "")))
        data = self.data.copy()
        sent = {place: _form_data(data, f"{self.prefix}-{place}-") for place in range(total)}
        not_entered = {self.model._meta.pk.name, self.fk.name, OPENED_FIELD, DELETION_FIELD_NAME}
        lost = (sent.get(place, {}) for place in range(len(keys)) if place not in left)
        self.gone = sum(not entries.keys() <= not_entered for entries in lost)
        kept = [*left, *range(len(keys), total)]
        for place, old in enumerate(kept):
            for name, values in sent[old].items():
                data.setlist(f"{self.prefix}-{place}-{name}", values)
        data[f"{self.prefix}-{INITIAL_FORM_COUNT}"] = str(len(left))
        data[f"{self.prefix}-{TOTAL_FORM_COUNT}"] = str(len(kept))
        self.data = data
        self.__dict__.pop("management_form", None)

    def refuse(self, refusal: DomainError) -> None:
        """Show a service's error at the row whose entries it refused, if that is one of these."""
        if refusal.entered_in == self.prefix:
            self.refusal = refusal
        for form in self.forms:
            if form.prefix == refusal.entered_in:
                removed = DELETION_FIELD_NAME in form.fields and form[DELETION_FIELD_NAME].data
                holder = self if removed else form
                holder.refusal = refusal

    def clean(self) -> None:
        super().clean()
        problems = []
        if self.gone:
            rows = "1 row was" if self.gone == 1 else f"{self.gone} rows were"
            problems.append(f"{rows} deleted by somebody else meanwhile. Save again to save the others.")
        if self.refusal is not None:
            texts = [text for each in getattr(self.refusal, "errors", {}).values() for text in each]
            problems += texts or [self.refusal.detail]
        if problems:
            raise ValidationError(problems)

    @classmethod
    def get_default_prefix(cls) -> str:
        return str(cls.model._meta.db_table)


def _small(count: str) -> int:
    """Return a number of forms that was sent; 0 if it makes no sense."""
    return min(int(count), DEFAULT_MAX_NUM) if count.isdecimal() else 0


def _form_data(data: QueryDict, prefix: str) -> dict[str, list[str]]:
    """Take the entries of one form out of the data and return them."""
    return {name.removeprefix(prefix): data.pop(name) for name in list(data) if name.startswith(prefix)}


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

    @property
    def error_count(self) -> int:
        """Return the number of errors, for the mark at the tab."""
        return self.formset.total_error_count() if self.formset.is_bound else 0

    @error_count.setter
    def error_count(self, value: int) -> None:
        """Do nothing: unfold would set the number of rows with errors."""


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

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.may_link = partial(can_view, request)
        return formset

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the declared ones, and keys to rows that the caller may not see."""
        declared, unseen = list(super().get_readonly_fields(request, obj)), self.unseen_keys(request)
        return [*declared, *(name for name in self.fields or () if name in unseen and name not in declared)]

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
        with entered_in(form):
            if form in removed:
                if exists:
                    writes.delete(form.original, actor=actor)
            elif exists and form.has_changed():
                writes.update(form.original, form.values(), actor=actor)
            elif not exists and form.has_changed():
                parent = {formset.fk.name: formset.instance}
                writes.create(formset.model, {**form.values(), **parent}, actor=actor)
