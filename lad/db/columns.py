"""Read rows of several models with one hand-written statement, whose text is made once and not with every query."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connection, models

ModelT = TypeVar("ModelT", bound=models.Model)
Converters = list[tuple[int, list[Any], Any]]


class Columns(Generic[ModelT]):
    """The columns of a model, for the list of a SELECT that calls the table ``alias``.

    With ``only``, the row reads its other columns when they are used.
    """

    def __init__(self, model: type[ModelT], alias: str, only: Collection[str] = ()) -> None:
        self._model: Final = model
        self._alias: Final = alias
        self._only: Final = frozenset(only)

    def __len__(self) -> int:
        return len(self._fields)

    def __str__(self) -> str:
        return ", ".join(f"{self._alias}.{connection.ops.quote_name(field.column)}" for field in self._fields)

    def row(self, values: Sequence[Any]) -> ModelT:
        """Return the row with these values of the columns, in their order."""
        read = list(values)
        for place, converters, column in self._converters:
            for convert in converters:
                read[place] = convert(read[place], column, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, read)

    @cached_property
    def _fields(self) -> list[Any]:
        return [each for each in self._model._meta.concrete_fields if not self._only or each.attname in self._only]

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _converters(self) -> Converters:
        columns = [field.get_col(self._alias) for field in self._fields]
        found = [
            (place, [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)], column)
            for place, column in enumerate(columns)
        ]
        return [each for each in found if each[1]]


def read_rows(values: Sequence[Any], *columns: Columns[Any]) -> list[Any]:
    """Return the rows of all models in one row of a result, in the order in which the statement names their columns."""
    read, start = [], 0
    for each in columns:
        read.append(each.row(values[start : start + len(each)]))
        start += len(each)
    return read


def read_related(values: Sequence[Any], columns: Columns[ModelT], relation: str, related: Columns[Any]) -> ModelT:
    """Return the row of the first columns. Its ``relation`` is the row of the others, if the outer join found one."""
    row, found = read_rows(values, columns, related)
    if found.pk is not None:
        setattr(row, relation, found)
    return cast(ModelT, row)
