"""Write one row in one statement that returns what the database set, such as times and generated columns."""

from collections.abc import Collection, Sequence
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
    changes = [(each, None, each.pre_save(row, False)) for each in options.concrete_fields if each.name in names]
    read_back = {"updated_at", *returning}
    wanted = [each for each in options.concrete_fields if each.generated or each.name in read_back]
    query: Any = sql.UpdateQuery(type(row))  # The stubs know other values for its methods only.
    query.add_filter("pk", row.pk)
    query.add_update_fields(changes)
    statement, parameters = query.get_compiler(using).as_sql()
    columns = [each.get_col(options.db_table) for each in wanted]
    if columns:
        named = ", ".join(connection.ops.quote_name(str(each.column)) for each in wanted)
        statement = f"{statement} RETURNING {named}"
    with transaction.mark_for_rollback_on_error(using=using), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.rowcount != 1:
            raise NotFound
        found = cursor.fetchone() if columns else ()
    if columns:
        compiler = sql.Query(type(row)).get_compiler(using)
        [found] = compiler.apply_converters([found], compiler.get_converters(columns))
    _set(row, wanted, found)


def _database(row: models.Model) -> str:
    return str(row._state.db or router.db_for_write(type(row), instance=row))


def _set(row: models.Model, fields: Sequence[Any], values: Sequence[Any]) -> None:
    for each, value in zip(fields, values, strict=True):
        setattr(row, each.attname, value)
