"""Write one row in one statement that returns what the database set, such as times and generated columns."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models import sql

from lad.errors import NotFound


def insert_row(row: models.Model, *, returning: Collection[str] = ()) -> None:
    """Insert the row and set its generated columns, and those named in ``returning``, on the object."""
    options, using = row._meta, _database(row)
    given = [
        each
        for each in options.local_concrete_fields
        if not each.generated and not (each is options.auto_field and row.pk is None)
    ]
    wanted = [each for each in options.local_concrete_fields if each not in given or each.name in returning]
    with transaction.mark_for_rollback_on_error(using=using):
        # The manager's own method: it also compiles db_default and the conversions of each field.
        rows = type(row)._base_manager._insert(  # type: ignore[attr-defined]
            [row], fields=given, returning_fields=wanted, using=using, raw=False
        )
    _set(row, wanted, rows[0] if rows else ())
    row._state.adding, row._state.db = False, using


def update_row(row: models.Model, names: Collection[str], *, returning: Collection[str] = ()) -> None:
    """Write the named fields of the row and set on the object what the database sets on every update.

    Raises NotFound if the row is gone, or not the caller's to write.
    """
    options, using = row._meta, _database(row)
    connection = connections[using]
    read_back = {"updated_at", *returning}
    wanted = [each for each in options.concrete_fields if each.generated or each.name in read_back]
    changes = [(each, each.pre_save(row, False)) for each in options.concrete_fields if each.name in names]
    if options.parents or not all(_is_plain(field, value) for field, value in changes):
        statement, parameters = _compiled(row, changes, using)
    else:
        statement = _update(type(row), tuple(field for field, _value in changes), using)
        parameters = [*(field.get_db_prep_save(value, connection) for field, value in changes), row.pk]
    if wanted:
        named = ", ".join(connection.ops.quote_name(str(each.column)) for each in wanted)
        statement = f"{statement} RETURNING {named}"
    with transaction.mark_for_rollback_on_error(using=using), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.rowcount != 1:
            raise NotFound
        found = cursor.fetchone() if wanted else ()
    if wanted:
        compiler = sql.Query(type(row)).get_compiler(using)
        columns = [each.get_col(options.db_table) for each in wanted]
        [found] = compiler.apply_converters([found], compiler.get_converters(columns))
    _set(row, wanted, found)


def _compiled(row: models.Model, changes: Sequence[tuple[Any, Any]], using: str) -> tuple[str, Sequence[Any]]:
    """Return the UPDATE with values that the database computes, and its parameters."""
    query: Any = sql.UpdateQuery(type(row))  # The stubs know other values for its methods only.
    query.add_filter("pk", row.pk)
    query.add_update_fields([(field, None, value) for field, value in changes])
    statement, parameters = query.get_compiler(using).as_sql()
    return statement, parameters


@lru_cache(maxsize=1024)
def _update(model: type[models.Model], fields: tuple[Any, ...], using: str) -> str:
    """Return the UPDATE of these columns of one row. Compiling it each time takes about as long as running it."""
    quote = connections[using].ops.quote_name
    given = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    return f"UPDATE {quote(model._meta.db_table)} SET {given} WHERE {quote(str(model._meta.pk.column))} = %s"


def _is_plain(field: Any, value: Any) -> bool:
    """Return whether the value is sent as it is."""
    return not hasattr(value, "resolve_expression") and not hasattr(field, "get_placeholder")


def _database(row: models.Model) -> str:
    return str(row._state.db or router.db_for_write(type(row), instance=row))


def _set(row: models.Model, fields: Sequence[Any], values: Sequence[Any]) -> None:
    for each, value in zip(fields, values, strict=True):
        setattr(row, each.attname, value)
