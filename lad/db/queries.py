"""Run SQL in the caller's scope."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

Parameters = Sequence[Any] | Mapping[str, Any] | None
# Columns have the types that the query gives them.
SqlRow = tuple[Any, ...]


def rows(query: str, parameters: Parameters = None) -> list[SqlRow]:
    """Return all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def execute(query: str, parameters: Parameters = None) -> int:
    """Run a statement and return how many rows it affected."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
