"""The base ModelAdmins. Columns, filters, search and forms follow from the model's fields."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import flatten, flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from lad import writes
from lad.admin import defaults
from lad.admin.actions import row_action
from lad.admin.bulk import (
    ANY_NUMBER,
    MAX_ROWS_NAMED,
    MAX_ROWS_PER_ACTION,
    chosen_action,
    has_too_many,
    refuse_many,
    selects_all,
)
from lad.admin.deletion import consequences
from lad.admin.forms import LadModelForm
from lad.admin.history import history_page
from lad.admin.inline_pages import InlinePages
from lad.admin.inlines import save_inline, with_related
from lad.admin.json_view import json_view
from lad.admin.lists import ListPages
from lad.admin.permissions import AreaPermissions, can_view, is_deleted
from lad.admin.widgets import JSONFormField, RowKeys, SecretFormField, zone_field
from lad.api.idempotency_keys import CONTENT_LOCATION
from lad.db.fields import is_replaceable, is_secret
from lad.db.models import LadModel
from lad.db.normalised import TimeZoneField
from lad.errors import DomainError
from lad.tenancy.access import access_of
from lad.tenancy.context import platform_context

TEXT_ROWS = 5
MORE_MENU: Final = {"title": "More", "icon": "more_horiz"}


def register(model: type[LadModel]) -> Callable[[type["LadModelAdmin"]], type["LadModelAdmin"]]:
    """Register the decorated class for the model."""
    return admin.register(model)


class LadModelAdmin(AreaPermissions, RowKeys, InlinePages, ListPages):
    """Holds the code that the pages of all models share; use one of the subclasses below.

    Columns, filters, search, ordering and form default to what the model's fields suggest. Writes go
    through ``lad.writes``, so the rules of the API apply here too. ``section``, ``icon`` and ``rank``
    place the model in the sidebar; ``global_search`` includes its rows in the sidebar's search.
    """

    section: ClassVar[str] = "Other"
    icon: ClassVar[str] = "table"
    rank: ClassVar[int] = 100
    global_search: ClassVar[bool] = False
    # The text of an empty list. By default it says how to add a row, or that rows appear by themselves.
    empty_hint: ClassVar[str] = ""

    form = LadModelForm
    warn_unsaved_form = True
    compressed_fields = True
    actions_detail: Sequence[Any] = ()
    # Templates ask for these, and search the whole class for what is missing.
    conditional_fields: ClassVar[dict[str, str]] = {}
    change_form_show_cancel_button = False
    change_form_before_template = "lad/admin/opened.html"
    change_form_outer_before_template = "lad/admin/state.html"
    notes: Sequence[str] = ()

    def __init__(self, model: type[LadModel], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.soft = bool(getattr(model, "soft_deletable", False))
        self.read_only = self.read_only or bool(getattr(model, "append_only", False))
        if self.soft:
            self.actions_detail = [*self.actions_detail, "restore"]
        for field in model._meta.concrete_fields:
            if isinstance(field, models.JSONField):
                setattr(self, f"{field.name}_json", _json_shown(field))
            elif is_secret(field):
                setattr(self, f"{field.name}_masked", defaults.secret_column(field))
            elif defaults.holds_keys(field):
                setattr(self, f"{field.name}_words", defaults.key_column(field))
            elif isinstance(field, models.BinaryField):
                setattr(self, f"{field.name}_hex", defaults.hex_column(field))

    # Rows

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return the rows of the caller's scope, soft-deleted ones included: a list filter hides those."""
        rows = (self.model.all_objects if self.soft else self.model.objects).all()
        return self.narrow(request, rows).order_by(*self.get_ordering(request))

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        """Return the rows that concern the chosen tenant. Override it for models without a tenant key."""
        return rows

    def autocomplete_queryset(self, request: HttpRequest, field: models.Field) -> QuerySet:
        """Return the rows that a key may point to: those that are not deleted."""
        rows = self.get_queryset(request)
        return rows.filter(deleted_at__isnull=True) if self.soft else rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row, or None. A page that only shows it asks several times and reads it once."""
        if not self.has_view_permission(request):
            # Checked before the query, which the database may deny.
            raise PermissionDenied
        if request.method == "POST":
            return self._read_object(request, object_id)
        shown: dict[Any, Any] = vars(request).setdefault("lad_shown_rows", {})
        key = self.model, object_id
        if key not in shown:
            shown[key] = self._read_object(request, object_id)
        return shown[key]

    def _read_object(self, request: HttpRequest, object_id: str) -> Any:
        rows = self.get_queryset(request).order_by()
        if request.method == "POST" and self.has_change_permission(request):
            rows = rows.select_for_update(of=("self",))
        names = [f.name for f in self.model._meta.concrete_fields]
        joined, apart = defaults.select_related(self.model, names), defaults.prefetch_related(self.model, names)
        try:
            return with_related(rows, joined, apart).get(pk=self.model._meta.pk.to_python(object_id))
        except (self.model.DoesNotExist, ValueError, ValidationError):
            return None

    def get_row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        raise Http404(f"There is no such {opts.verbose_name}.")

    def row_scope(self, request: HttpRequest, row: LadModel) -> AbstractContextManager[None]:
        """Return the scope to write a row in: platform staff write inside the row's tenant."""
        tenant_id = self.tenant_id_of(row)
        if access_of(request).platform and tenant_id is not None:
            return platform_context(tenant_id=tenant_id, user_id=access_of(request).user.pk)
        return nullcontext()

    def change_url(self, row: LadModel) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=(row.pk,))

    # Forms

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.fieldsets and obj is not None:
            return [*self._laid_out(request, self.fieldsets, obj), *self._record(obj)]
        if obj is None and self.add_fieldsets:
            return self.with_tenant_field(request, self._without_unseen(request, self.add_fieldsets))
        names = list(self.fields or defaults.form_fields(self.model, adding=obj is None))
        if obj is None:
            unseen = self.unseen_keys(request)
            names = [name for name in names if name not in unseen]
        main = [(None, {"fields": [self._shown(request, name, obj) for name in names]})]
        return self.with_tenant_field(request, main) if obj is None else [*main, *self._record(obj)]

    def _without_unseen(self, request: HttpRequest, fieldsets: Any) -> Any:
        """Return the fieldsets without keys to rows that the caller may not see: there is nothing to choose from."""
        unseen = self.unseen_keys(request)
        if not unseen:
            return fieldsets
        return [
            (title, {**options, "fields": [name for name in flatten(options["fields"]) if name not in unseen]})
            for title, options in fieldsets
        ]

    def _record(self, obj: LadModel) -> list[Any]:
        names = [n for n in defaults.record_fields(self.model) if n != "deleted_at" or is_deleted(obj)]
        return [("Record", {"fields": names, "classes": ["lad-record"]})]

    def _laid_out(self, request: HttpRequest, fieldsets: list[Any], obj: LadModel) -> list[Any]:
        return [
            (title, {**options, "fields": [self._shown(request, name, obj) for name in options["fields"]]})
            for title, options in fieldsets
        ]

    def _shown(self, request: HttpRequest, name: Any, obj: LadModel | None) -> Any:
        """Return what shows a field: read-only JSON is formatted, secrets masked, keys in words, bytes in hex."""
        if isinstance(name, list | tuple):
            return [self._shown(request, each, obj) for each in name]
        for kind in ("json", "masked", "words", "hex"):
            if f"{name}_{kind}" in vars(self) and not self._editable(request, name, obj):
                return f"{name}_{kind}"
        return name

    def _editable(self, request: HttpRequest, name: str, obj: LadModel | None) -> bool:
        field = defaults.field_or_none(self.model, name)
        if field is None or not field.editable or name in self.readonly_fields:
            return False
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = flatten_fieldsets(self.get_fieldsets(request, obj))
        chosen, unseen = self.tenant_fields(request, obj), self.unseen_keys(request)
        return [n for n in names if n not in chosen and (n in unseen or not self._may_enter(n))]

    def _may_enter(self, name: object) -> bool:
        field = defaults.field_or_none(self.model, name) if isinstance(name, str) else None
        declared = isinstance(name, str) and name in getattr(self.form, "declared_fields", {})
        return name not in self.readonly_fields and (declared or (field is not None and field.editable))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs = self.with_tenant_choice(request, obj, kwargs)
        form = super().get_form(request, obj, change=change, **kwargs)
        form.may_link = partial(can_view, request)
        refusal: DomainError | None = getattr(request, "lad_refusal", None)
        if refusal is not None and not refusal.entered_in:
            form.refusal = refusal
        return form

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs.pop("widget", None)
            empty = db_field.get_default() if db_field.has_default() else None
            return db_field.formfield(form_class=JSONFormField, empty=empty, **kwargs)
        if isinstance(db_field, TimeZoneField):
            return zone_field(db_field)
        if is_replaceable(db_field):
            kwargs.pop("widget", None)
            return db_field.formfield(form_class=SecretFormField, **kwargs)
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.TextField) and formfield is not None:
            formfield.widget.attrs["rows"] = TEXT_ROWS
        return formfield

    def _changeform_view(
        self, request: HttpRequest, object_id: str, form_url: str, extra_context: dict[str, Any] | None
    ) -> Any:
        """Show a service's error on the form and keep the entries."""
        if request.method != "POST" or getattr(request, "lad_refusal", None) is not None:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        try:
            with transaction.atomic():
                return super()._changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            request.lad_refusal = error  # type: ignore[attr-defined]
            return super()._changeform_view(request, object_id, form_url, extra_context)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Name the new row's page, for a form that is sent a second time."""
        response = super().response_add(request, obj, post_url_continue)
        response[CONTENT_LOCATION] = self.change_url(obj)
        return response

    def save_form(self, request: HttpRequest, form: ModelForm, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: LadModel, form: Any, change: bool) -> None:
        actor = access_of(request).user
        if change:
            with self.row_scope(request, form.original):
                saved = writes.update(form.original, form.values(), actor=actor)
        else:
            values = {**form.values(), **self.tenant_value(request, form)}
            # A form may hand the writer more than columns.
            columns = {n: each for n, each in values.items() if defaults.field_or_none(self.model, n) is not None}
            with self.row_scope(request, self.model(**columns)):
                saved = writes.create(self.model, values, actor=actor)
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        with self.row_scope(request, form.instance):
            for formset in formsets:
                save_inline(formset, actor=access_of(request).user)

    # Deleting and restoring

    def get_deleted_objects(self, objs: QuerySet, request: HttpRequest) -> Any:
        found = consequences(list(objs[: MAX_ROWS_PER_ACTION + 1]), self.admin_site)
        return found.tree, found.counts, set(), found.blocking

    def deletion_form(self, request: HttpRequest, row: LadModel) -> forms.Form | None:
        """Return a form that the delete page asks to fill in, bound to what was sent; None for no question."""
        return None

    def _delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None) -> Any:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        try:
            with transaction.atomic():
                form = self.deletion_form(request, self.get_row_or_404(request, object_id))
                shown = {"soft": self.soft, "restorable": self.has_restore_permission(request), "form": form}
                return super()._delete_view(request, object_id, {**shown, **(extra_context or {})})
        except DomainError as error:
            messages.error(request, f"Nothing was deleted. {error.detail}")
            return HttpResponseRedirect(self.change_url(self.get_row_or_404(request, object_id)))

    def delete_model(self, request: HttpRequest, obj: LadModel) -> None:
        with self.row_scope(request, obj):
            writes.delete(obj, actor=access_of(request).user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @row_action(
        "Restore",
        explanation="Restores this row and what was deleted with it, except for rows whose place was taken since.",
        permission="restore",
        when=is_deleted,
        icon="restore_from_trash",
    )
    def restore(self, request: HttpRequest, row: LadModel, values: dict[str, Any]) -> str:
        restored = writes.restore(row, actor=access_of(request).user)
        for each in restored.left[:MAX_ROWS_NAMED]:
            messages.warning(request, f"Not restored: {each}")
        if len(restored.left) > MAX_ROWS_NAMED:
            messages.warning(request, f"{len(restored.left) - MAX_ROWS_NAMED:,} more rows were not restored.")
        return f"{row} was restored."

    # Actions

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> Any:
        """Return the actions that the caller may run and that apply to the row's current state."""
        actions = super().get_actions_detail(request, object_id)
        settings = [(action, getattr(action.method, "row_action", None)) for action in actions]
        if not any(setting for _action, setting in settings):
            return actions
        row = self.get_object(request, unquote(object_id))
        return [
            action
            for action, setting in settings
            if setting is None
            or (
                row is not None
                and getattr(self, f"has_{setting.permission}_permission")(request, row)
                and setting.when(row)
            )
        ]

    def _get_actions_navigation(self, provided_actions: Any, allowed_actions: Any, object_id: str | None = None) -> Any:
        """Put the actions of the page that are seldom used into one menu, unless there is only one of them."""
        seldom = {
            name
            for name in provided_actions
            if isinstance(name, str) and getattr(getattr(getattr(self, name), "row_action", None), "seldom", False)
        }
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        if len(seldom & {action.action_name.removeprefix(prefix) for action in allowed_actions}) > 1:
            others = [name for name in provided_actions if name not in seldom]
            menu = {**MORE_MENU, "items": [name for name in provided_actions if name in seldom]}
            provided_actions = [*others, menu]
        return super()._get_actions_navigation(provided_actions, allowed_actions, object_id)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Run a list action. An error rolls all of it back and is shown as a message."""
        method, *_texts = self.get_actions(request).get(chosen_action(request), (None,))
        if selects_all(request) and not getattr(method, ANY_NUMBER, False) and has_too_many(queryset):
            return refuse_many(request)
        try:
            with transaction.atomic():
                return super().response_action(request, queryset)
        except DomainError as error:
            messages.error(request, f"Nothing was changed. {error.detail}")
            return HttpResponseRedirect(request.get_full_path())

    # The audit log is the history, so Django's own log is not written.

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        return history_page(self, request, self.get_row_or_404(request, object_id))

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: list[Any], add: bool = False) -> Any:
        return []

    def log_addition(self, request: HttpRequest, obj: LadModel, message: object) -> None: ...

    def log_change(self, request: HttpRequest, obj: LadModel, message: object) -> None: ...

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> None: ...

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: object) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_delete(request, obj_display, obj_id)
        url = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=(obj_id,))
        restorable = self.has_restore_permission(request)
        hint = format_html(' <a class="lad-link" href="{}">Open it to restore it.</a>', url) if restorable else ""
        messages.success(request, format_html("{} was deleted.{}", obj_display, hint))
        return HttpResponseRedirect(reverse(url_name(self, "changelist")))


def url_name(model_admin: "LadModelAdmin", page: str) -> str:
    options = model_admin.opts
    return f"{model_admin.admin_site.name}:{options.app_label}_{options.model_name}_{page}"


def _json_shown(field: models.Field) -> Callable[[Any], Any]:
    def show(obj: LadModel) -> Any:
        return json_view(getattr(obj, field.name))

    show.short_description = field.verbose_name  # type: ignore[attr-defined]
    return show


class GlobalModelAdmin(LadModelAdmin):
    """Rows without a tenant. Only platform staff write them unless the class says otherwise."""

    platform_writes = True


class TenantModelAdmin(LadModelAdmin):
    """Rows of one tenant, for platform staff and for the tenant's staff by their rights."""


class SharedModelAdmin(LadModelAdmin):
    """Rows of a tenant, and shared rows that every tenant reads and only platform staff write."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._writable(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._writable(request, obj)

    def _writable(self, request: HttpRequest, obj: LadModel | None) -> bool:
        shared = isinstance(obj, models.Model) and self.tenant_id_of(obj) is None
        return not shared or access_of(request).platform


class ReadOnlyAdmin(LadModelAdmin):
    """Rows without a form: named actions change them."""

    read_only = True
    warn_unsaved_form = False
