"""Insert many rows in one statement, from dictionaries. Instances of models cost several times what the database does.

Nothing but the database checks the values, and nothing is announced: for rows that LAD makes itself.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection, models

Row = Mapping[str, object]


def insert_rows(model: type[models.Model], rows: Sequence[Row], *, common: Row | None = None) -> None:
    """Insert rows that are given by column. All have the same columns; the database fills the others.

    ``common`` are columns with the same value in every row. Values are those of JSON, UUIDs, enumerations, and times
    with a zone.
    """
    if not rows:
        return
    shared: Mapping[str, Any] = common or {}
    parameters: list[Any] = [*shared.values(), as_json(rows)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, tuple(shared), tuple(rows[0])), parameters)


def as_json(value: Any) -> str:
    """Return what ``json_to_recordset`` reads. Raises TypeError for text that is no Unicode, and for other types."""
    return orjson.dumps(value).decode()


@lru_cache
def _statement(model: type[models.Model], shared: tuple[str, ...], columns: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    given = ", ".join(f"{quote(each)} {types[each]}" for each in columns)
    values = [*(f"%s::{types[each]}" for each in shared), *map(quote, columns)]
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, (*shared, *columns)))})"
        f" SELECT {', '.join(values)} FROM json_to_recordset(%s) AS given ({given})"
    )
