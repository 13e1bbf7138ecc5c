"""Databases kept as copies: making one takes a fraction of a second, migrating or filling one anew many."""

from collections.abc import Callable

import environ
import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

# Any number that nothing else on the tests' server locks.
MIGRATING = 1
MIGRATED = "test_lad"

_kept: set[str] = set()


def superuser_of(database: str, *, search_path: str = "") -> psycopg.Connection:
    """A connection to that database of the tests' server that no rule holds back."""
    server = environ.Env().db_url("LAD_EMBEDDED_SUPERUSER_URL")
    host = server["OPTIONS"].get("host") or server["HOST"]
    options = f"-c search_path={search_path}" if search_path else ""
    return psycopg.connect(host=host, user=server["USER"], dbname=database, autocommit=True, options=options)


def migrated(name: str) -> None:
    """Have a migrated test database of that name: the first of the parallel workers migrates, for all of them."""
    with superuser_of("postgres") as superuser:
        superuser.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        if superuser.execute("SELECT FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone() is None:
            _migrate(f"{MIGRATED}_new")
            superuser.execute(f"ALTER DATABASE {MIGRATED}_new RENAME TO {MIGRATED}")
    _copy(MIGRATED, name)
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _migrate(name: str) -> None:
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()


def filled(what: str, fill: Callable[[], None]) -> None:
    """Have the test database hold what ``fill`` makes: made the first time in this process, copied afterwards.

    Only for tests whose rows are committed, and in whose database nobody else is at work.
    """
    database = connection.settings_dict["NAME"]
    copy = f"{database}_{what}"
    if copy in _kept:
        connections.close_all()
        _copy(copy, database)
        return
    fill()
    connections.close_all()
    _copy(database, copy)
    _kept.add(copy)


def _copy(source: str, target: str) -> None:
    with superuser_of("postgres") as superuser:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target))
        superuser.execute(drop)
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lad_owner STRATEGY FILE_COPY")
        superuser.execute(create.format(sql.Identifier(target), sql.Identifier(source)))
