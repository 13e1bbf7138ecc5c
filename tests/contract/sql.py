"""Run SQL directly, as one of the database roles."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context

DENIED = psycopg.errors.InsufficientPrivilege


def query(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def execute(sql: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement and return the number of affected rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


@contextmanager
def role(name: str) -> Iterator[None]:
    """Switch to a group role without a tenant for the block."""
    with transaction.atomic():
        execute(f"SET LOCAL ROLE {name}")
        yield
        transaction.set_rollback(True)


@contextmanager
def refused(*kinds: type[psycopg.Error]) -> Iterator[pytest.ExceptionInfo[DatabaseError]]:
    """Fail unless the block raises one of these PostgreSQL errors."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield caught
    assert isinstance(caught.value.__cause__, kinds), caught.value


def touches_nothing(statement: str, row: Any) -> None:
    """Running the statement on the row changes no row, or is denied altogether."""
    try:
        with transaction.atomic():
            assert execute(statement, [row.pk]) == 0
    except DatabaseError as error:
        assert isinstance(error.__cause__, DENIED), error


def constraint_of(caught: pytest.ExceptionInfo[DatabaseError]) -> str | None:
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    return cause.diag.constraint_name


def table(model: Any) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))


def column(model: Any, field: str) -> str:
    return str(connection.ops.quote_name(model._meta.get_field(field).column))


def regclass(model: Any) -> str:
    return f"{settings.DB_SCHEMA}.{table(model)}"


def changes_to(model: Any) -> list[str]:
    """Every way to change or remove what a table holds."""
    name = table(model)
    return [f"UPDATE {name} SET id = id", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"]


def as_json(row: Any) -> dict[str, Any]:
    """The row as the database holds it, column by column."""
    with platform_context():
        [(value,)] = query(f"SELECT to_jsonb(t) FROM {table(type(row))} t WHERE id = %s", [row.pk])
    return dict(json.loads(value) if isinstance(value, str) else value)


def insert_copy(row: Any, values: dict[str, Any]) -> None:
    """Insert the row's columns again under a new id, with ``values`` (by column) in place of its own."""
    model = type(row)
    record = {**as_json(row), **values}
    columns = _writable_columns(model)
    if isinstance(model._meta.pk, models.UUIDField):
        record["id"] = str(uuid7())
    else:
        columns.remove("id")
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    execute(
        f"INSERT INTO {table(model)} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{regclass(model)}, %s)",
        [json.dumps(record, default=str)],
    )


def _writable_columns(model: Any) -> list[str]:
    rows = query(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [regclass(model)],
    )
    return [name for (name,) in rows]
