"""Form fields for values inside JSON columns, so that nobody has to write JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin
from lad.admin.defaults import field_or_none
from lad.admin.forms import LadModelForm
from lad.admin.json_view import json_view
from lad.db.models import LadModel
from lad.errors import DomainError, Invalid

NOTHING: Final[tuple[Any, ...]] = ("", None, [], {})

WORD: Final = re.compile(r"\w+")


def _same(value: Any) -> Any:
    return value


def unless_off(value: Any) -> bool:
    """Return whether a switch is on that is on unless the column says otherwise."""
    return value is not False


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside a JSON column, at ``keys``.

    ``shown`` makes the field's value of the stored one, which is None if it is missing. ``in_words`` makes a text of
    what is shown, for those who may not change it. An empty entry takes the value out.
    """

    column: str
    keys: tuple[str, ...]
    shown: Callable[[Any], Any] = _same
    in_words: Callable[[Any], Any] = _same

    def of(self, row: models.Model) -> Any:
        """Return what the field shows of the row."""
        value = getattr(row, self.column)
        for key in self.keys:
            value = value.get(key) if isinstance(value, dict) else None
        return self.shown(value)


class JsonPartsForm(LadModelForm):
    """Shows ``parts`` of JSON columns as its declared fields. Other keys of the columns stay as they are."""

    parts: ClassVar[Mapping[str, Part]] = {}

    def shown_values(self) -> dict[str, Any]:
        return {**super().shown_values(), **{name: part.of(self.instance) for name, part in self.parts.items()}}

    def values(self) -> dict[str, Any]:
        values = super().values()
        for name, part in self.parts.items():
            if name in self.changed_data:
                before = values.get(part.column, getattr(self.original, part.column))
                values[part.column] = _with(before, part.keys, self.cleaned_data[name])
        return values

    def _messages(self, refusal: DomainError) -> dict[str | None, list[str]]:
        """Show what is wrong with a column at the field of the part that the message names."""
        if isinstance(refusal, Invalid):
            moved: dict[str, list[str]] = {}
            for column, texts in refusal.errors.items():
                for text in texts:
                    moved.setdefault(self._part_named(column, text) or column, []).append(text)
            refusal = Invalid(refusal.detail, errors=moved, **refusal.extra)
        return super()._messages(refusal)

    def _part_named(self, column: str, text: str) -> str | None:
        words = set(WORD.findall(text))
        found = (name for name, part in self.parts.items() if part.column == column and part.keys[-1] in words)
        return next((name for name in found if name in self.fields), None)


class JsonPartsAdmin(TenantModelAdmin):
    """Show the parts of JSON columns to those who may not change them, and what else is in ``metadata``.

    Name ``other_data`` in a fieldset of its own, which is left out where there is nothing else.
    """

    form: type[JsonPartsForm] = JsonPartsForm

    def __init__(self, model: type[LadModel], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        for name, part in self.form.parts.items():
            setattr(self, name, _shown(part, self.form.base_fields[name]))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.with_other_data(super().get_fieldsets(request, obj), obj)

    def with_other_data(self, fieldsets: Any, obj: Any) -> Any:
        """Return the fieldsets without the one of other data, if there is none."""
        if obj is not None and self._others(obj):
            return fieldsets
        return [each for each in fieldsets if each[1]["fields"] != ["other_data"]]

    @display(description="Other data")
    def other_data(self, obj: Any) -> SafeString:
        return json_view(self._others(obj))

    def _others(self, row: LadModel) -> dict[str, Any]:
        parts = self.form.parts.values()
        columns = {part.column for part in parts}
        if field_or_none(type(row), "metadata") is not None:
            columns.add("metadata")
        found: dict[str, Any] = {}
        for column in sorted(columns):
            value = getattr(row, column)
            for part in parts:
                value = _with(value, part.keys, None) if part.column == column else value
            found |= value
        return found


def _shown(part: Part, field: forms.Field) -> Callable[[Any], Any]:
    def show(obj: Any) -> Any:
        return part.in_words(part.of(obj))

    show.short_description = field.label  # type: ignore[attr-defined]
    show.boolean = isinstance(field, forms.BooleanField)  # type: ignore[attr-defined]
    return show


def _with(value: Any, keys: Sequence[str], part: Any) -> dict[str, Any]:
    """Return a copy of the object with the part at the keys, or without it if the part is empty."""
    copied = deepcopy(value) if isinstance(value, dict) else {}
    key, *further = keys
    inside = _with(copied.get(key), further, part) if further else part
    if inside in NOTHING:
        copied.pop(key, None)
    else:
        copied[key] = inside
    return copied
