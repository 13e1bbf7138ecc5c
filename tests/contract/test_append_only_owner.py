"""Append-only tables against their own owner. A module of its own: it signs in to the database as somebody else."""

from typing import Any

import psycopg
from django.db import transaction

from tests.contract import world as worlds
from tests.contract.catalogue import append_only_models, for_each
from tests.contract.sql import changes_to, execute, refused, table
from tests.support.database import signed_in_to_database


@for_each(append_only_models(), "append-only-owner")
def test_append_only_rows_stay_as_written_for_the_owner(
    model: Any, django_db_setup: None, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock(), signed_in_to_database("DATABASE_OWNER_URL"), transaction.atomic():
        worlds.row_of(model, worlds.build().acme)
        # Forced row-level security hides the rows from the owner; an owner bent on change would lift it first.
        execute(f"ALTER TABLE {table(model)} NO FORCE ROW LEVEL SECURITY")
        for statement in changes_to(model):
            with refused(psycopg.errors.IntegrityConstraintViolation):
                execute(statement)
        transaction.set_rollback(True)
