"""Running SQL written by hand, inside the caller's scope."""

from typing import Any

from django.db import connection


def rows(query: str, parameters: Any = None) -> list[Any]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def execute(query: str, parameters: Any = None) -> int:
    """Run a statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
