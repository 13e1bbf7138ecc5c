"""A tab of rows on their parent's page as HTML, as unfold's templates show it.

Those take a dozen templates for each tab, mostly to show a tab without rows. Inlines in inlines, counts in headings
and templates of an inline's own are left out, because LAD has none.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from django.contrib.admin.helpers import AdminField, AdminReadonlyField, InlineAdminForm
from django.contrib.admin.templatetags.admin_urls import admin_urlname, admin_urlquote
from django.db.models import Model
from django.template.defaultfilters import slugify
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.forms import PaginationInlineFormSet
from unfold.templatetags.unfold import add_css_class

from lad.admin.escaping import escaped
from lad.admin.field_html import inline_cells, inline_headings
from lad.admin.inlines import InlineAdminFormSet
from lad.admin.shortening import shortened

_HEADING: Final = (
    "bg-base-100 flex flex-row font-semibold h-[38px] gap-1 items-center mb-4 px-3 rounded-default text-important"
    " dark:bg-white/[.02]"
)
_WRAPPER: Final = (
    "formset-wrapper border border-base-200 overflow-x-auto relative shadow-xs dark:border-base-800 rounded-default"
)
_SORTABLE: Final = (
    " x-sort.ghost x-sort:config=\"{preventOnFilter: false, filter: '.template', onMove: moveRecords, onEnd:"
    ' sortRecords}"'
)
_DELETE_HEADING: Final = (
    "align-middle border-b border-base-200 dark:border-base-800 font-semibold px-3 py-2 text-left"
    " text-font-important-light text-sm whitespace-nowrap lg:w-px dark:text-font-important-dark"
)
_TITLE: Final = (
    "border-b border-base-200 dark:border-base-800 bg-base-50 dark:bg-white/[.02] lg:bg-transparent lg:border-0"
    " dark:lg:bg-transparent!"
)
_TITLE_TEXT: Final = "group/title flex font-medium items-center px-3 text-xs py-2 lg:pb-0 lg:pt-2"
_LINKS: Final = "lad-link lad-inline-link"
_DELETE_CELL: Final = (
    "delete pl-3 pr-1.5 lg:pl-0 border-b lg:border-t border-base-200 dark:border-base-800"
    " lg:group-[.last]/parent:border-b-0 lg:border-t-0 min-h-[62.5px] {padding} text-left text-red-600 flex"
    " items-center before:capitalize before:font-semibold before:content-[attr(data-label)] before:mr-auto"
    " before:text-font-important-light before:pr-4 lg:before:hidden font-normal px-3 text-sm lg:align-top lg:table-cell"
    " lg:w-px dark:before:text-font-important-dark"
)
_DELETE_BUTTON: Final = (
    "cursor-pointer flex h-[38px] w-[38px] items-center justify-center rounded-default select-none transition-colors"
    " hover:bg-base-50 dark:hover:bg-base-800"
)
_DELETE_ICON: Final = '<span class="material-symbols-outlined md-18 text-red-600 dark:text-red-500">delete</span>'
_UNDO: Final = (
    "absolute backdrop-blur-xs border-b border-base shadow-inner flex items-center justify-center gap-1.5 top-0 left-0"
    " w-full h-full bg-white/50 dark:bg-base-900/80 dark:border-base-800 z-50"
)
_UNDO_LABEL: Final = "cursor-pointer font-medium flex gap-1 items-center text-red-600 dark:text-red-500"
_FOOTER: Final = (
    "hidden form-actions border-t border-base-200 flex flex-row justify-between p-3 dark:border-base-800 items-center"
    " gap-4 has-[.add-row:not(.hidden)]:flex has-[.inline-pagination]:flex"
    " group-[.empty]/formset-parent:!border-t-0 group-[.empty]/formset-nested:!border-t-0"
)
_ADD: Final = "add-row flex items-center font-medium -ml-1.5 -my-1.5 select-none text-primary-600 dark:text-primary-500"
_ADD_ICON: Final = (
    '<span class="flex items-center justify-center h-[38px] w-[38px]"><span class="material-symbols-outlined'
    ' bg-primary-600 flex items-center justify-center rounded-full text-base text-white h-[18px] w-[18px]">add</span>'
    "</span>"
)


def inline_html(inline: InlineAdminFormSet, *, last: bool, pages: Callable[[], str]) -> SafeString:
    """Return an inline of rows. ``last`` says whether it is the page's last, ``pages`` returns the links to its pages.

    Values are escaped unless they are marked as safe.
    """
    formset, options = inline.formset, inline.opts
    prefix = escaped(formset.prefix)
    heading, opened, closed = _heading(inline, prefix), "", ""
    if inline.is_collapsible:
        opened, closed, heading = "<details>", "</details>", f'<summary class="*:mb-0">{heading}</summary>'
    tab = slugify(formset.prefix) if options.tab else "general"
    sortable = f' data-ordering-field="{escaped(options.ordering_field)}"{_SORTABLE}' if options.ordering_field else ""
    table = (
        f'<table id="{prefix}-data" class="formset group/formset-parent w-full"{sortable}'
        f' data-inline-formset="{escaped(inline.inline_formset_data())}">{_head(inline)}{_rows(inline)}'
        f'<tfoot class="form-actions"><tr><td colspan="100%"><div class="{_FOOTER}">{_add(inline)}'
        f"{_pages(formset, pages)}</div></td></tr></tfoot></table>"
    )
    return mark_safe(  # noqa: S308  (made of escaped parts)
        f'<div id="{prefix}-group" data-inline-type="tabular" x-show="activeTab == \'{tab}\'">'
        f'<div class="tabular inline-related{" last-related" if last else ""}">'
        f'<fieldset class="module relative {escaped(inline.classes)} min-w-0"'
        f' aria-labelledby="{prefix}-heading">{opened}{heading}<div class="flex flex-col gap-3">'
        f'<div class="{_WRAPPER}" data-simplebar data-simplebar-auto-hide="false">{formset.management_form}'
        f"{_errors(formset)}{table}</div></div>{closed}</fieldset></div></div>"
    )


def _heading(inline: InlineAdminFormSet, prefix: str) -> str:
    options = inline.opts
    title = options.verbose_name if inline.formset.max_num == 1 else options.verbose_name_plural
    classes = f"{_HEADING}{' hidden' if options.tab else ''}{' cursor-pointer' if inline.is_collapsible else ''}"
    return f'<h2 class="{classes}" id="{prefix}-heading">{escaped(capfirst(title))}</h2>'


def _errors(formset: PaginationInlineFormSet) -> str:
    """Return the errors of forms that were sent. Looking for errors in others takes as long as showing their rows."""
    errors = formset.non_form_errors() if formset.is_bound else ()
    shown = "".join(render_to_string("unfold/helpers/messages/error.html", {"error": error}) for error in errors)
    return f'<div class="border-b border-base-200 p-3 pb-0 dark:border-base-800 empty:hidden">{shown}</div>'


def _head(inline: InlineAdminFormSet) -> str:
    delete = f'<th class="{_DELETE_HEADING}"></th>' if _can_delete(inline) else ""
    return f'<thead class="hidden relative lg:table-header-group"><tr>{inline_headings(inline)}{delete}</tr></thead>'


def _rows(inline: InlineAdminFormSet) -> str:
    """Return the rows. If rows can be added, the last is the one that new rows are copied from."""
    forms = list(inline)
    template = len(forms) - 1 if inline.has_add_permission else None
    return "".join(_row(inline, form, place, template) for place, form in enumerate(forms))


def _row(inline: InlineAdminFormSet, row: InlineAdminForm, place: int, template: int | None) -> str:
    classes = "form-group relative group/parent"
    if template is not None and place == template - 1:
        classes += " last"
    classes += " original" if row.original else " template"
    if place == template:
        classes += " empty-form"
    sortable = " x-sort:item" if inline.opts.ordering_field else ""
    fields = [field for fieldset in row for line in fieldset for field in line]
    before, after = "", ""
    if row.form.non_field_errors():
        context = {"inline_admin_form": row}
        before = render_to_string("unfold/helpers/edit_inline/tabular_error.html", context)
    if row.original:
        before += _title(inline, row, fields)
        after = f'<tr class="hidden form-delete"><td colspan="100%">{_undo(inline, row)}</td></tr>'
    cells = inline_cells(fields, existing=bool(row.original), drag=_handle(inline, row))
    return (
        f'<tbody class="{classes}"{sortable}>{before}'
        f'<tr class="form-row has-[.delete:checked]:[&+.form-delete]:table-row">{cells}{_delete(inline, row)}</tr>'
        f"{after}</tbody>"
    )


def _title(inline: InlineAdminFormSet, row: InlineAdminForm, fields: list[AdminField | AdminReadonlyField]) -> str:
    shown = [field for field in fields if not _is_hidden(field)]
    width = 1 + len(shown) + bool(inline.formset.can_delete)
    title = ""
    if not inline.opts.hide_title:
        title = f'<p class="{_TITLE_TEXT}"><span>{shortened(row.original)}</span>{_link(inline, row)}</p>'
    key = row.pk_field().field if row.needs_explicit_pk_field() else ""
    parent = row.fk_field().field if row.fk_field() else ""
    return f'<tr class="{_TITLE}"><td colspan="{width}">{title}{key}{parent}{_opened(inline, row.form)}</td></tr>'


def _opened(inline: Any, form: Any) -> str:
    """Return the input that carries what the row's form shows, if the row can be changed."""
    if not (inline.has_change_permission and form.fields):
        return ""
    return f'<input type="hidden" name="{escaped(form.opened_name)}" value="{escaped(form.opened_value)}">'


def _is_hidden(field: AdminField | AdminReadonlyField) -> bool:
    # A field that cannot be edited is a mapping.
    return bool(field.field["is_hidden"] if isinstance(field.field, Mapping) else field.field.is_hidden)


def _link(inline: InlineAdminFormSet, row: InlineAdminForm) -> str:
    options = inline.opts
    if not (options.show_change_link and options.has_registered_model):
        return ""
    address = reverse(
        admin_urlname(options.opts, SafeString("change")), args=(admin_urlquote(cast(Model, row.original).pk),)
    )
    return f'<a href="{escaped(address)}" class="{_LINKS}">Open</a>'


def _handle(inline: InlineAdminFormSet, row: InlineAdminForm) -> str:
    """Return the handle that moves the row, if rows can be moved."""
    if not inline.opts.ordering_field:
        return ""
    context = {"inline_admin_formset": {"opts": inline.opts}, "inline_admin_form": row, "tabular": 1}
    return render_to_string("unfold/helpers/edit_inline/inline_drag.html", context)


def _can_delete(inline: InlineAdminFormSet) -> bool:
    return bool(inline.formset.can_delete and inline.has_delete_permission)


def _delete(inline: InlineAdminFormSet, row: InlineAdminForm) -> str:
    if not _can_delete(inline):
        return ""
    if row.original:
        box = add_css_class(row.deletion_field().field, "delete")
        button = f'<label class="{_DELETE_BUTTON}">{_DELETE_ICON}<div class="hidden">{box}</div></label>'
    else:
        button = f'<div class="{_DELETE_BUTTON} delete-template">{_DELETE_ICON}</div>'
    classes = _DELETE_CELL.format(padding="p-3 lg:py-3" if row.original else "py-3")
    return f'<td class="{classes}" data-label="Remove">{button}</td>'


def _undo(inline: InlineAdminFormSet, row: InlineAdminForm) -> str:
    if not _can_delete(inline):
        return ""
    box = escaped(row.deletion_field().field.id_for_label)
    return (
        f'<div class="{_UNDO}"><span>This item will be deleted.</span><label for="{box}" class="{_UNDO_LABEL}">'
        'Click to cancel <span class="material-symbols-outlined">undo</span></label></div>'
    )


def _add(inline: InlineAdminFormSet) -> str:
    if not inline.has_add_permission:
        return ""
    hidden = " hidden" if inline.formset.total_form_count() >= inline.formset.max_num else ""
    title = escaped(f"Add another {capfirst(inline.opts.verbose_name)}")
    return f'<a href="#" class="{_ADD}{hidden}">{_ADD_ICON}<span>{title}</span></a>'


def _pages(formset: PaginationInlineFormSet, pages: Callable[[], str]) -> str:
    if formset.page.paginator.num_pages > 1:
        return pages()
    return f'<input type="hidden" name="{escaped(formset.get_pagination_key())}" value="{formset.page.number}">'
