"""What a column, a default or a condition is in SQL, without asking a database."""

import re
from decimal import Decimal
from typing import Any, Final

from django.db import connection, models
from django.db.models.sql import Query

_SHORT: Final = {"timestamp with time zone": "timestamptz", "double precision": "float8"}
_FUNCTIONS: Final = {"STATEMENT_TIMESTAMP()": "now()", "GEN_RANDOM_UUID()": "gen_random_uuid()"}


def type_of(field: models.Field) -> str:
    """The column's type, as short as PostgreSQL lets it be written."""
    text = str(field.db_type(connection))
    return _SHORT.get(text, text).replace(", ", ",")


def default_of(field: Any) -> str:
    """The column's default; for one that only the application gives, its value or the function that makes it."""
    if field.has_db_default():
        text = _expression(field._db_default_expression, field.model)
        return _FUNCTIONS.get(text, text)
    if not field.has_default():
        return ""
    default = field.default
    if callable(default):
        return f"{default.__name__}()"
    return _literal(default)


def condition(predicate: models.Q, model: Any) -> str:
    """The predicate of a check or of a partial index."""
    query = Query(model, alias_cols=False)
    compiler = query.get_compiler(connection=connection)
    text, parameters = query.build_where(predicate).as_sql(compiler, connection)
    return _plain(text, parameters)


def expression(value: Any, model: Any) -> str:
    """An indexed or generated expression."""
    return _expression(value, model)


def _expression(value: Any, model: Any) -> str:
    query = Query(model, alias_cols=False)
    compiler = query.get_compiler(connection=connection)
    resolved = value.resolve_expression(query, allow_joins=False)
    text, parameters = compiler.compile(resolved)
    return _plain(text, parameters)


def _plain(text: str, parameters: Any) -> str:
    filled = text % tuple(_literal(each) for each in parameters or ())
    return re.sub(r'"(\w+)"', r"\1", filled).strip()


def _literal(value: Any) -> str:
    value = getattr(value, "obj", value)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return f"({', '.join(_literal(each) for each in value)})"
    text = str(value).replace("'", "''")
    return f"'{text}'"
