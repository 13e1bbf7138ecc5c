"""Read several querysets in one round trip."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler


def read_together(*querysets: QuerySet[Any, Any]) -> None:
    """Evaluate the querysets with one message to the database. Each keeps its rows, as if it had been iterated.

    Related rows that a queryset prefetches are read afterwards, as usual.
    """
    # Compiling asks the connection for thousands of attributes, each of which the proxy would look up by thread.
    connection = connections[DEFAULT_DB_ALIAS]
    compiled: list[tuple[QuerySet[Any, Any], SQLCompiler, str, tuple[Any, ...]]] = []
    for rows in querysets:
        if rows._result_cache is not None:
            continue
        compiler = rows.query.get_compiler(connection=connection)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            continue  # iterating it needs no statement
        compiled.append((rows, compiler, sql, tuple(parameters)))
    if not compiled:
        return
    with connection.cursor() as cursor:
        statement = "; ".join(sql for _rows, _compiler, sql, _parameters in compiled)
        cursor.execute(statement, [value for *_others, parameters in compiled for value in parameters])
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
    for (rows, compiler, _sql, _parameters), found in zip(compiled, results, strict=True):
        _fill(rows, compiler, found)


def _fill(rows: QuerySet[Any, Any], compiler: SQLCompiler, found: list[tuple[Any, ...]]) -> None:
    """Let the queryset build its instances from rows that were read already."""
    if compiler.has_extra_select:
        found = [row[: compiler.col_count] for row in found]
    setattr(compiler, "execute_sql", lambda *args, **options: [found])  # noqa: B010  (its overloads cannot be assigned)
    query = rows.query
    query.get_compiler = lambda *args, **options: compiler  # type: ignore[method-assign]
    try:
        rows._fetch_all()
    finally:
        del query.get_compiler
