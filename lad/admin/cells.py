"""The rows of a list page as HTML.

unfold renders several templates for each cell and repeats up to thirty class names in it; both took two
thirds of a list page. Here a column decides once how it shows its values, and the looks are in lad.css.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Any, Final

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.safestring import SafeString, mark_safe
from unfold.utils import (
    _boolean_icon,
    display_for_dropdown,
    display_for_field,
    display_for_header,
    display_for_value,
)

from lad.admin import defaults
from lad.admin.escaping import escaped

CHECKBOX: Final = "action_checkbox"
NO_LABEL: Final = "-"
# Avatars follow title and subtitle; unfold's template shows them.
PLAIN_HEADER: Final = 2

Value = Callable[[Any], Any]
Show = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """How a column reads and shows its values. ``before`` and ``after`` are the tags around each."""

    before: str
    after: str
    value: Value
    show: Show
    empty: str
    linked: bool

    def cell(self, row: Any, link: str) -> str:
        """Return the cell of a row as HTML."""
        try:
            shown = escaped(self.show(row, self.value(row)))
        except ObjectDoesNotExist:
            shown = escaped(self.empty)
        return f"{self.before}{link}{shown}</a>{self.after}" if self.linked else f"{self.before}{shown}{self.after}"


def rows_html(changelist: Any) -> SafeString:
    """Return the ``<tr>`` elements of the page. Values are escaped unless they are marked as safe."""
    columns = _columns(changelist)
    with_checkbox = CHECKBOX in changelist.list_display
    return mark_safe("".join(_row(changelist, columns, row, with_checkbox) for row in changelist.result_list))  # noqa: S308


def _row(changelist: Any, columns: list[Column], row: Any, with_checkbox: bool) -> str:
    link = _opening_link(changelist, row)
    cells = [column.cell(row, link) for column in columns]
    if with_checkbox:
        cells.insert(0, _checkbox(row.pk))
    return f'<tr class="data-row lad-row">{"".join(cells)}</tr>\n'


def _checkbox(key: object) -> str:
    return (
        '<td class="action-checkbox lad-select" data-label="Select record"><input type="checkbox" class="lad-check'
        f' action-select" name="_selected_action" value="{escaped(key)}" aria-label="Select record"></td>'
    )


def _opening_link(changelist: Any, row: Any) -> str:
    url = escaped(changelist.link_to(row))
    if not changelist.is_popup:
        return f'<a class="lad-open" href="{url}">'
    opener = row.serializable_value(str(changelist.to_field or changelist.lookup_opts.pk.attname))
    return f'<a class="lad-open" href="{url}" data-popup-opener="{escaped(opener)}">'


def _columns(changelist: Any) -> list[Column]:
    links = changelist.list_display_links
    columns: list[Column] = []
    for index, name in enumerate(changelist.list_display):
        if name == CHECKBOX:
            continue
        linked = links is not None and (name in links if links else not columns)
        columns.append(_column(changelist, name, index, linked=linked, first=not any(c.linked for c in columns)))
    return columns


def _column(changelist: Any, name: Any, index: int, *, linked: bool, first: bool) -> Column:
    model_admin, model = changelist.model_admin, changelist.model
    field = defaults.field_or_none(model, name) if isinstance(name, str) else None
    attribute = None if field is not None else _attribute(model_admin, model, name)
    empty = getattr(attribute, "empty_value_display", model_admin.get_empty_value_display())
    title = label_for_field(name, model, model_admin=model_admin)
    tag = "th" if linked and first else "td"
    classes = f"field-{_name_of(name, index)} lad-cell"
    if isinstance(field, models.DateField | models.TimeField | models.ForeignKey):
        classes += " nowrap"
    return Column(
        before=f'<{tag} class="{escaped(classes)}" data-label="{escaped(title)}">',
        after=f"</{tag}>",
        value=_reader(model_admin, name, field),
        show=_field_show(field, empty) if field is not None else _attribute_show(attribute, name, empty),
        empty=empty,
        linked=linked,
    )


def _name_of(name: Any, index: int) -> str:
    if not callable(name):
        return str(name)
    return getattr(name, "__name__", "") if getattr(name, "__name__", "<lambda>") != "<lambda>" else f"lambda{index}"


def _attribute(model_admin: Any, model: Any, name: Any) -> Any:
    """Return what carries a column's settings, such as ``label``: its function."""
    if callable(name):
        return name
    found = getattr(model_admin, name, None) if name != "__str__" else None
    found = found if found is not None else getattr(model, name, None)
    return found.fget if isinstance(found, property) else found


def _reader(model_admin: Any, name: Any, field: Any) -> Any:
    if field is not None:
        return lambda row: getattr(row, field.name)
    if callable(name):
        return name
    if name == "__str__":
        return str
    if hasattr(model_admin, name):
        return getattr(model_admin, name)
    return lambda row: lookup_field(name, row, model_admin)[2]


def _field_show(field: Any, empty: str) -> Show:
    if isinstance(field, models.BooleanField):
        return lambda row, value: _icon(value)
    if field.is_relation:
        return lambda row, value: empty if value is None else str(value)
    return lambda row, value: display_for_field(value, field, empty)


def _attribute_show(attribute: Any, name: Any, empty: str) -> Show:
    label = getattr(attribute, "label", False)
    if label:
        return lambda row, value: _labels(value, label)
    if getattr(attribute, "dropdown", False):
        return lambda row, value: display_for_dropdown(row, str(name), value, empty)
    if getattr(attribute, "header", False):
        return lambda row, value: _header(value, empty)
    if getattr(attribute, "boolean", False):
        return lambda row, value: _icon(value)
    return lambda row, value: _plain(value, empty)


def _plain(value: Any, empty: str) -> Any:
    shown = display_for_value(value, empty)
    if isinstance(value, date | time):
        return mark_safe(f'<span class="lad-nowrap">{escaped(shown)}</span>')  # noqa: S308  (escaped)
    return shown


def _header(value: Any, empty: str) -> Any:
    if len(value) > PLAIN_HEADER:
        return display_for_header(value, empty)
    title, subtitle = (*value, "", "")[:PLAIN_HEADER]
    first = f'<strong class="lad-cell-title">{escaped(title)}</strong>' if title else ""
    second = f"<small>{escaped(subtitle)}</small>" if subtitle else ""
    return mark_safe(f'<span class="lad-cell-header">{first}{second}</span>')  # noqa: S308  (escaped)


def _labels(value: Any, colours: Any) -> Any:
    colour = ""
    if isinstance(colours, dict):
        if isinstance(value, tuple):
            known = value[0] in colours
            colour, value = (colours[value[0]], value[1]) if known else ("", value[0])
        elif value in colours:
            colour = colours[value]
    if not value:
        return NO_LABEL
    if isinstance(value, tuple | list):
        return mark_safe(" ".join(label_html(each, colour) for each in value))  # noqa: S308  (escaped)
    return label_html(value, colour)


def label_html(text: Any, colour: str) -> SafeString:
    """Return the text as a coloured label."""
    return _label(escaped(text), colour or "default")


@lru_cache(maxsize=1024)
def _label(text: str, colour: str) -> SafeString:
    return mark_safe(f'<span class="lad-label lad-label-{escaped(colour)}">{text}</span>')  # noqa: S308  (escaped)


@lru_cache(maxsize=4)
def _icon(value: bool | None) -> SafeString:
    return SafeString(_boolean_icon(value).strip())
