"""Work out once per serializer class what the framework works out with every request.

The framework builds a serializer's fields anew for each request and asks each of them for each value. Fields
of plain columns keep no state of a request, so instances share them and their values are read in one step.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

from django.db import models
from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BindingDict

Converter = Callable[[Any], Any]

# Fields whose stored value is what the response shows.
SHOWN_AS_STORED: Final[set[type[serializers.Field]]] = {
    serializers.BigIntegerField,
    serializers.BooleanField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.EmailField,
    serializers.FloatField,
    serializers.IntegerField,
    serializers.JSONField,
    serializers.SlugField,
    serializers.URLField,
    serializers.UUIDField,
}
# Fields that show a stored value in another form.
CONVERTED: Final[set[type[serializers.Field]]] = {serializers.DecimalField}


@dataclass(frozen=True, slots=True)
class CompiledOutput:
    """How serializers of one class show a row.

    ``read`` returns the values of the plain columns named in ``plain``. The fields in ``computed`` are asked
    one by one. ``names`` are all of them in the order of the response.
    """

    names: tuple[str, ...]
    plain: tuple[str, ...]
    attributes: tuple[str, ...]
    read: Callable[[models.Model], tuple[Any, ...]]
    converters: tuple[tuple[str, Converter], ...]
    computed: tuple[str, ...]

    def show(self, row: models.Model, serializer: serializers.Serializer) -> dict[str, Any]:
        """Return the row's values by name. The renderer turns dates and UUIDs into text."""
        shown = dict(zip(self.plain, self.read(row), strict=True))
        for name, convert in self.converters:
            if shown[name] is not None:
                shown[name] = convert(shown[name])
        if not self.computed:
            return shown
        for name in self.computed:
            field: Any = serializer.fields[name]
            value = field.get_attribute(row)
            shown[name] = None if value is None else field.to_representation(value)
        return {name: shown[name] for name in self.names}


def only_shown(rows: models.QuerySet, serializer_class: type[serializers.BaseSerializer]) -> models.QuerySet:
    """Return the rows as named tuples of the columns that the serializer shows and the rows are ordered by.

    Instances of the model, which cost more than reading the columns, are kept for serializers that compute fields.
    """
    if not (isinstance(serializer_class, type) and issubclass(serializer_class, serializers.ModelSerializer)):
        return rows
    output = compiled_output(serializer_class)
    if output.computed:
        return rows
    options = rows.model._meta
    ordered = [options.get_field(str(name).lstrip("-")) for name in rows.query.order_by]
    columns = dict.fromkeys([*output.attributes, *(field.attname for field in ordered), options.pk.attname])
    return rows.select_related(None).prefetch_related(None).values_list(*columns, named=True)


def register_plain_field(field: type[serializers.Field], *, converted: bool = False) -> None:
    """Declare that fields of this class show one column and keep no state of a request."""
    (CONVERTED if converted else SHOWN_AS_STORED).add(field)


def fields_of(serializer: serializers.ModelSerializer) -> BindingDict:
    """Return the fields of one serializer: shared ones of plain columns, its own copies of the others."""
    fields = BindingDict(serializer)
    for name, field in _template(type(serializer), bool(serializer.partial)).items():
        if _is_plain(field):
            fields.fields[name] = field
        else:
            fields[name] = copy.deepcopy(field)
    return fields


@cache
def compiled_output(serializer_class: type[serializers.ModelSerializer]) -> CompiledOutput:
    """Return how serializers of the class show a row."""
    model: type[models.Model] = serializer_class.Meta.model
    columns = {field.name: field.attname for field in model._meta.concrete_fields}
    readable = {name: field for name, field in _template(serializer_class, False).items() if not field.write_only}
    plain = {name: field for name, field in readable.items() if _is_plain(field) and field.source in columns}
    attributes = [columns[str(field.source)] for field in plain.values()]
    return CompiledOutput(
        names=tuple(readable),
        plain=tuple(plain),
        attributes=tuple(attributes),
        read=_reader(attributes),
        converters=tuple((name, field.to_representation) for name, field in plain.items() if type(field) in CONVERTED),
        computed=tuple(name for name in readable if name not in plain),
    )


# A partial update skips required fields, which each field asks its serializer about.
@cache
def _template(serializer_class: type[serializers.ModelSerializer], partial: bool) -> BindingDict:
    """Return the fields of one instance of the class, which the others share."""
    template = serializer_class(partial=partial)
    fields = BindingDict(template)
    for name, field in template.get_fields().items():
        fields[name] = field
    return fields


def _is_plain(field: serializers.Field) -> bool:
    return type(field) in SHOWN_AS_STORED or type(field) in CONVERTED


def _reader(attributes: list[str]) -> Callable[[models.Model], tuple[Any, ...]]:
    """Return a function that reads the attributes of a row. ``attrgetter`` returns no tuple for a single one."""
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda row: tuple(getattr(row, name) for name in attributes)
