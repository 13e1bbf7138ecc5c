"""Build model instances from rows that PostgreSQL returned as JSON."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models

RowT = TypeVar("RowT", bound=models.Model)
Converter = Callable[[Any], Any]


def row_from_json(model: type[RowT], values: Mapping[str, Any]) -> RowT:
    """Return the row that ``to_jsonb(row)`` describes. Columns that are missing are read when they are used."""
    names, loaded = [], []
    for name, column, convert in _columns(model):
        if column in values:
            value = values[column]
            names.append(name)
            loaded.append(value if convert is None or value is None else convert(value))
    return model.from_db(DEFAULT_DB_ALIAS, names, loaded)


@lru_cache
def _columns(model: type[models.Model]) -> list[tuple[str, str, Converter | None]]:
    """Return attribute, column and converter of each field, in the model's order."""
    return [(field.attname, str(field.column), _converter(field)) for field in model._meta.concrete_fields]


def _converter(field: models.Field) -> Converter | None:
    match getattr(field, "target_field", field):
        case models.UUIDField():
            return UUID
        case models.DateTimeField():
            return datetime.fromisoformat
        case models.BooleanField() | models.CharField() | models.TextField() | models.JSONField():
            return None
        case target:
            return target.to_python
