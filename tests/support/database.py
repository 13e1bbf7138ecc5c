"""What tests ask of the database, behind the API's and the models' back."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import environ
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from lad.db.models import LadModel
from lad.tenancy.context import platform_context
from tests.support.snapshots import resident_superuser, superuser_of

ModelT = TypeVar("ModelT", bound=Model)
# Fewer change no plan, and tests commit fewer unless they look at plans or at large tables.
MANY_ROWS = 1_000


def stored(row: ModelT) -> ModelT:
    """Return the row as the database holds it now, deleted or not."""
    return one(type(row), pk=row.pk)


def one(model: type[ModelT], **lookup: Any) -> ModelT:
    """Return the only row that matches, deleted or not, whatever its tenant."""
    with platform_context():
        row: ModelT = model.all_objects.get(**lookup)  # type: ignore[attr-defined]  # every LadModel has it
        return row


@contextmanager
def violates(constraint: str, cause: type[psycopg.Error] = psycopg.errors.IntegrityError) -> Iterator[None]:
    """Fail unless the database refuses the block because of the named constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    error = caught.value.__cause__
    assert isinstance(error, cause)
    assert error.diag.constraint_name == constraint


@contextmanager
def refuses(error: type[Exception], match: str | None = None) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Fail unless the block raises the error. Roll the block back, as a request that is refused does."""
    with pytest.raises(error, match=match) as caught, transaction.atomic():
        yield caught


def superuser_connection() -> psycopg.Connection:
    """Connect to the test database as its superuser, whom row-level security and grants do not restrict."""
    return superuser_of(connection.settings_dict["NAME"], search_path=settings.DB_SCHEMA)


def empty_tables() -> None:
    """Remove every row that tests committed, append-only tables included."""
    superuser = resident_superuser(connection.settings_dict["NAME"], search_path=settings.DB_SCHEMA)
    # Constraints and triggers would ask for an order, and refuse to empty append-only tables.
    superuser.execute("SET session_replication_role = replica")
    # Most tables are empty after most tests, and TRUNCATE would recreate the files of all of them.
    for (table,) in superuser.execute(_which_tables_hold_rows(), prepare=True).fetchall():
        if superuser.execute(f"DELETE FROM {table}").rowcount >= MANY_ROWS:
            # Or the next plans would be made for a table that is large.
            superuser.execute(f"VACUUM ANALYZE {table}")


@cache
def _which_tables_hold_rows() -> str:
    tables = [model._meta.db_table for model in apps.get_models() if issubclass(model, LadModel)]
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in [*tables, "django_session"]
    )


@contextmanager
def signed_in_to_database(url_name: str) -> Iterator[None]:
    """Connect Django as the role of another URL variable for the length of the block."""
    database = connection.settings_dict
    saved = dict(database)
    other = environ.Env().db_url(url_name)
    connection.close()
    database.update({key: other[key] for key in ("USER", "PASSWORD", "HOST", "PORT")})
    database["OPTIONS"] = {**saved["OPTIONS"], **other.get("OPTIONS", {})}
    try:
        yield
    finally:
        name = database["NAME"]
        connection.close()
        database.update(saved)
        database["NAME"] = name
