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


def results(statements: Sequence[tuple[str, Sequence[Any]]]) -> list[list[SqlRow]]:
    """Run statements in one round trip and return the rows of each. Each sees what was committed before it began."""
    with connection.cursor() as cursor:
        values = [value for _query, parameters in statements for value in parameters]
        cursor.execute("; ".join(query for query, _parameters in statements), values)
        found = [list(cursor.fetchall())]
        while cursor.nextset():
            found.append(list(cursor.fetchall()))
    return found


def execute(query: str, parameters: Parameters = None) -> int:
    """Run a statement and return how many rows it affected."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
