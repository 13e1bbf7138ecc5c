"""The rows of a form as HTML, as unfold's templates show them.

Those templates are included four times for each field, and ask a read-only field for its content up to three times.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin.utils import flatten_fieldsets, help_text_for_field, label_for_field
from django.db import models
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.widgets import CHECKBOX_LABEL_CLASSES, LABEL_CLASSES

from lad.admin import defaults
from lad.admin.escaping import escaped
from lad.admin.widget_html import zone_html

NO_CONTENT: Final = "–"
_LINE: Final = (
    "field-line flex flex-col grow group group/line px-3 py-2.5 border-b border-base-200 border-dashed min-h-[59px]"
    " group-[.last]/row:border-b-0 lg:border-l lg:flex-row lg:items-center dark:border-base-800 lg:first:border-l-0"
)
_LABEL: Final = "lg:min-w-56 lg:w-56 lg:h-[38px] lg:flex lg:items-center lg:self-start lg:leading-[38px] lg:*:m-0"
_CHECKBOX_LABEL: Final = "font-medium flex items-start -ml-2 min-w-32 w-32 lg:min-w-56 lg:w-56"
_ERRORS: Final = "mt-2 text-red-600 text-xs dark:text-red-500"
_STAR: Final = '<span class="text-red-600 dark:text-red-500">*</span>'
_HEADING: Final = (
    "align-middle border-b border-base-200 dark:border-base-800 font-semibold px-1.5 first:pl-3 last:pr-3 py-2"
    " text-left text-font-important-light text-sm whitespace-nowrap dark:text-font-important-dark"
)
_CELL: Final = (
    "min-h-[62.5px] align-middle border-b max-md:border-b border-base-200 lg:group-[.last]/parent:border-b-0"
    " dark:border-base-800 field-{name} group field-tabular{errors}{padding} flex items-center before:capitalize"
    " before:font-semibold before:content-[attr(data-label)] before:text-font-important-light"
    " dark:before:text-font-important-dark before:mr-auto before:font-text before:pr-4 lg:before:hidden font-normal"
    " px-3 lg:first:pl-3 lg:last:pr-3 lg:px-1.5 text-left lg:table-cell"
)


def fieldset_rows(fieldset: Any) -> SafeString:
    """Return the lines of a fieldset, each with its fields side by side."""
    lines = list(fieldset)
    rows = [_row(line, last=place == len(lines)) for place, line in enumerate(lines, 1)]
    return mark_safe("\n".join(rows))  # noqa: S308  (made of escaped parts)


def inline_cells(fields: Iterable[Any], *, existing: bool, drag: str) -> SafeString:
    """Return the cells of an inline's row, hidden inputs first. ``drag`` is the handle that moves the row."""
    fields = list(fields)
    hidden = [str(field.field) for field in fields if not field.is_readonly and field.field.is_hidden]
    shown = [field for field in fields if field.is_readonly or not field.field.is_hidden]
    cells = [_cell(field, existing=existing, handle=drag if place == 0 else "") for place, field in enumerate(shown)]
    return mark_safe("\n".join([*hidden, *cells]))  # noqa: S308  (made of escaped parts)


def inline_headings(inline: Any) -> SafeString:
    """Return the headings of an inline's columns."""
    names = (name for name in flatten_fieldsets(inline.fieldsets) if name != inline.formset.fk.name)
    return mark_safe("\n".join(_heading(inline, name) for name in names))  # noqa: S308  (made of escaped parts)


def readonly_content(field: Any) -> str:
    """Return the content of a read-only field, escaped. It links to another row only if the caller may see that."""
    may_link = getattr(field.form, "may_link", None)
    if may_link is not None:
        linked = field.get_admin_url
        field.get_admin_url = lambda key, row: linked(key, row) if may_link(key.model) else str(row)
    content = field.contents()
    if not content:
        content = NO_CONTENT
    elif field.is_file:
        content = render_to_string("unfold/helpers/field_readonly_value_file.html", {"field": field})
    elif content == "None":
        content = NO_CONTENT
    width = "max-w-4xl" if field.is_json else "max-w-2xl"
    return f'<div class="readonly break-words {width} *:rounded-default">{escaped(content)}</div>'


def _heading(inline: Any, name: str) -> str:
    """Return the heading of a column, from the class of the rows' forms: a form takes long to make."""
    form, model, options = inline.formset.form, inline.opts.model, inline.opts
    field = form.base_fields.get(name)
    if field is not None and field.widget.is_hidden:
        return ""
    required, label, help_text = "", (form._meta.labels or {}).get(name), (form._meta.help_texts or {}).get(name)
    if field is not None and inline.has_change_permission and name not in inline.readonly_fields:
        required, label, help_text = " required" if field.required else "", field.label, field.help_text
    else:
        help_text = help_text or help_text_for_field(name, model)
    title = escaped(capfirst(str(label or label_for_field(name, model, options))))
    if isinstance(defaults.field_or_none(model, name), models.DateTimeField):
        title += f" {zone_html()}"
    hint = ""
    if help_text:
        text = escaped(strip_tags(str(help_text)))
        hint = f'<span class="cursor-help material-symbols-outlined ml-2 text-icon" title="{text}">help</span>'
    return (
        f'<th class="column-{escaped(name)}{required} {_HEADING}"><span class="flex flex-row items-center">'
        f"<span>{title}{_STAR if required else ''}</span>{hint}</span></th>"
    )


def _label(field: Any) -> str:
    if field.is_readonly:
        return str(field.label_tag())
    bound = field.field
    classes = [*(CHECKBOX_LABEL_CLASSES if field.is_checkbox else LABEL_CLASSES)]
    classes += ["required"] if bound.field.required else []
    text = f"{escaped(bound.label)}{_STAR if bound.field.required else ''}"
    return f'<label class="{" ".join(classes)}" for="{escaped(bound.id_for_label)}">{text}</label>'


def _row(line: Any, *, last: bool) -> str:
    classes = "form-row field-row group/row"
    if len(line.fields) > 1:
        classes += f" grid lg:grid-cols-{len(line.fields)}"
    if not line.has_visible_field:
        classes += " hidden"
    fields = "\n".join(_field(field) for field in line)
    return f'<div class="{classes}{" last" if last else ""}">{fields}</div>'


def _field(field: Any) -> str:
    name = field.field["name"] if field.is_readonly else field.field.name
    errors = "" if field.is_readonly else field.errors()
    classes = f"{_LINE} field-{name}{' errors' if errors else ''}"
    shown = _checkbox(field, errors) if field.is_checkbox else _plain(field, errors)
    return f'<div class="{escaped(classes)}">{shown}</div>'


def _plain(field: Any, errors: str) -> str:
    shown = readonly_content(field) if field.is_readonly else str(field.field)
    if field.is_readonly and _shows_time(field):
        shown = f'<div class="lad-moment">{shown}{zone_html()}</div>'
    help_text = _help_text(field.field["help_text"] if field.is_readonly else field.field.help_text)
    return (
        f'<div class="{_LABEL}">{_label(field)}</div>'
        f'<div class="grow relative">{shown}{help_text}{_error_list(errors)}</div>'
    )


def _shows_time(field: Any) -> bool:
    """Return whether a read-only field has a time of day, which needs the name of its zone beside it."""
    name = field.field["field"]
    column = defaults.field_or_none(field.form._meta.model, name) if isinstance(name, str) else None
    return isinstance(column, models.DateTimeField) and getattr(field.form.instance, name) is not None


def _checkbox(field: Any, errors: str) -> str:
    help_text = field.field.help_text and f'<div class="lg:-mt-2 lg:ml-2">{_help_text(field.field.help_text)}</div>'
    return (
        f'<div class="flex flex-col gap-2 py-2 lg:flex-row"><div class="{_CHECKBOX_LABEL}">{_label(field)}</div>'
        f'<div class="grow"><div class="flex flex-col lg:flex-row">{field.field}{help_text}</div>'
        f"{_error_list(errors)}</div></div>"
    )


def _help_text(text: Any) -> str:
    # Help texts are written in the code, with markup.
    return f'<div class="leading-relaxed mt-2 text-xs">{text}</div>' if text else ""


def _error_list(errors: Any) -> str:
    return f'<div class="{_ERRORS}">{errors}</div>' if errors else ""


def _cell(field: Any, *, existing: bool, handle: str) -> str:
    if field.is_readonly:
        name, label, errors, shown = field.field["name"], field.field["label"], [], readonly_content(field)
    else:
        name, label, errors = field.field.name, field.field.label, field.field.errors
        listed = f'<div class="{_ERRORS}">{" ".join(map(escaped, errors))}</div>' if errors else ""
        shown = f'<div class="flex flex-col grow">{field.field}{listed}</div>'
    padding = " p-3 lg:py-3" if existing else " py-3"
    classes = _CELL.format(name=escaped(name), errors=" errors" if errors else "", padding=padding)
    inner = f'<div class="flex flex-row gap-3 items-center">{handle}{shown}</div>'
    return f'<td class="{classes}" data-label="{escaped(label)}">{inner}</td>'
