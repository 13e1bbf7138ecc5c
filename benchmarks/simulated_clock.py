"""A clock that the simulation sets: for what is passed in, for Python's timezone.now() and for the database's now().

PostgreSQL looks for ``now()`` in ``pg_catalog`` first unless the search path says otherwise. The simulation's
connection finds functions of the same names before it, which return the time that was set. Create it before the
first connection.
"""

from datetime import datetime
from typing import Any, Final

import psycopg

FUNCTIONS: Final = ("now", "statement_timestamp", "transaction_timestamp", "clock_timestamp")
SCHEMA: Final = "simulated"
CREATE: Final = """
CREATE SCHEMA IF NOT EXISTS {schema};
GRANT USAGE ON SCHEMA {schema} TO PUBLIC;
"""
FUNCTION: Final = """
CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT current_setting('simulated.now')::timestamptz $$;
"""


class Clock:
    """The simulated time. ``database`` is the superuser's connection, which creates the functions."""

    def __init__(self, database: psycopg.Connection[Any], start: datetime) -> None:
        from django.db import connection
        from django.utils import timezone

        self.now = start
        database.execute(CREATE.format(schema=SCHEMA))
        for name in FUNCTIONS:
            database.execute(FUNCTION.format(schema=SCHEMA, name=name))
        options = connection.settings_dict["OPTIONS"]
        options["options"] = options["options"].replace("search_path=", f"search_path={SCHEMA},pg_catalog,")
        self._connection = connection
        timezone.now = lambda: self.now
        self.set(start)

    def set(self, moment: datetime) -> None:
        """Let it be that moment from now on."""
        self.now = moment
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT set_config('simulated.now', %s, false)", [moment.isoformat()])
            cursor.execute("SELECT now() = %s", [moment])
            if cursor.fetchone() != (True,):
                raise SystemExit("The database does not keep to the simulated clock.")
