"""The rows of a list page as HTML.

unfold renders several templates for each cell and repeats up to thirty class names in it; both took two
thirds of a list page. Here a column decides once how it shows its values, and the looks are in lad.css.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
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
from lad.admin.shortening import shortened_html
from lad.figures import Figure, aligned
from lad.times import zone_title

CHECKBOX: Final = "action_checkbox"
# Avatars follow title and subtitle; unfold's template shows them.
PLAIN_HEADER: Final = 2

Value = Callable[[Any], Any]
Show = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """How a column reads and shows its values. ``before`` and ``after`` are the tags around each."""

    name: str
    before: str
    after: str
    value: Value
    show: Show
    empty: str
    linked: bool

    def shown(self, row: Any) -> Any:
        """Return what the cell of a row shows, not escaped yet."""
        try:
            return self.show(row, self.value(row))
        except ObjectDoesNotExist:
            return self.empty

    def cell(self, shown: Any, link: str) -> str:
        """Return a cell as HTML."""
        content = shortened_html(shown, linked=self.linked)
        return f"{self.before}{link}{content}</a>{self.after}" if self.linked else f"{self.before}{content}{self.after}"


@dataclass(frozen=True, slots=True)
class Table:
    """The ``<tr>`` elements of a page of rows, and the names of the columns that hold numbers."""

    rows: SafeString
    numbers: Collection[str]


def table_of(changelist: Any) -> Table:
    """Return the rows of the page. Values are escaped unless they are marked as safe. Numbers stand flush right."""
    rows, columns, numbers = list(changelist.result_list), [], set()
    links = [_opening_link(changelist, row) for row in rows]
    if CHECKBOX in changelist.list_display:
        columns.append([_checkbox(row.pk) for row in rows])
    for each in _columns(changelist):
        column = each
        values = [column.shown(row) for row in rows]
        if any(isinstance(value, Figure) for value in values):
            numbers.add(column.name)
            texts = aligned([value if isinstance(value, Figure) else "" for value in values])
            values = [text if isinstance(value, Figure) else value for value, text in zip(values, texts, strict=True)]
            column = replace(column, before=column.before.replace(' lad-cell"', ' lad-cell lad-number"', 1))
        columns.append([column.cell(value, link) for value, link in zip(values, links, strict=True)])
    html = "".join(f'<tr class="data-row lad-row">{"".join(cells)}</tr>\n' for cells in zip(*columns, strict=True))
    return Table(mark_safe(html), numbers)  # noqa: S308  (made of escaped parts)


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
    title = str(label_for_field(name, model, model_admin=model_admin))
    if shows_time(model_admin, model, name):
        title = f"{title} ({zone_title()})"
    tag = "th" if linked and first else "td"
    classes = f"field-{name_of(name, index)} lad-cell"
    if isinstance(field, models.DateField | models.TimeField):
        classes = f"nowrap {classes}"
    return Column(
        name=name_of(name, index),
        before=f'<{tag} class="{escaped(classes)}" data-label="{escaped(title)}">',
        after=f"</{tag}>",
        value=_reader(model_admin, name, field),
        show=_field_show(field, empty) if field is not None else _attribute_show(attribute, name, empty),
        empty=empty,
        linked=linked,
    )


def shows_time(model_admin: Any, model: Any, name: Any) -> bool:
    """Return whether a column shows times of day, which need the name of their zone beside them."""
    field = defaults.field_or_none(model, name) if isinstance(name, str) else None
    if field is not None:
        return isinstance(field, models.DateTimeField)
    return bool(getattr(_attribute(model_admin, model, name), "zoned", False))


def zoned(method: Any) -> Any:
    """Mark a column's method as one that shows times of day."""
    method.zoned = True
    return method


def name_of(name: Any, index: int) -> str:
    """Return the name of a column: that of its field or method."""
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
    if isinstance(field, models.DecimalField | models.IntegerField | models.FloatField):
        return lambda row, value: empty if value is None else Figure(display_for_field(value, field, empty))
    return lambda row, value: display_for_field(value, field, empty)


def _attribute_show(attribute: Any, name: Any, empty: str) -> Show:
    label = getattr(attribute, "label", False)
    if label:
        return lambda row, value: _labels(value, label, empty)
    if getattr(attribute, "dropdown", False):
        return lambda row, value: display_for_dropdown(row, str(name), value, empty)
    if getattr(attribute, "header", False):
        return lambda row, value: _header(value, empty)
    if getattr(attribute, "boolean", False):
        return lambda row, value: _icon(value)
    return lambda row, value: _plain(value, empty)


def _plain(value: Any, empty: str) -> Any:
    if isinstance(value, Figure):
        return value
    shown = empty if value == "" else display_for_value(value, empty)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Figure(shown)
    if isinstance(value, date | time):
        return mark_safe(f'<span class="lad-nowrap">{escaped(shown)}</span>')  # noqa: S308  (escaped)
    return shown


def _header(value: Any, empty: str) -> Any:
    if len(value) > PLAIN_HEADER:
        return display_for_header(value, empty)
    title, subtitle = (*value, "", "")[:PLAIN_HEADER]
    first = f'<strong class="lad-cell-title">{shortened_html(title, linked=True)}</strong>' if title else ""
    second = f"<small>{shortened_html(subtitle, linked=True)}</small>" if subtitle else ""
    return mark_safe(f'<span class="lad-cell-header">{first}{second}</span>')  # noqa: S308  (escaped)


def _labels(value: Any, colours: Any, empty: str) -> Any:
    colour = ""
    if isinstance(colours, dict):
        if isinstance(value, tuple):
            known = value[0] in colours
            colour, value = (colours[value[0]], value[1]) if known else ("", value[0])
        elif value in colours:
            colour = colours[value]
    if not value:
        return empty
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
