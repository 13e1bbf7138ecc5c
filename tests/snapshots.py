"""A filled test database, kept as a copy: putting it back takes a fraction of a second, filling it anew many."""

from collections.abc import Callable

import environ
import psycopg
from django.db import connection, connections
from psycopg import sql

_kept: set[str] = set()


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
    server = environ.Env().db_url("LAD_EMBEDDED_SUPERUSER_URL")
    host = server["OPTIONS"].get("host") or server["HOST"]
    with psycopg.connect(host=host, user=server["USER"], dbname="postgres", autocommit=True) as superuser:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target))
        superuser.execute(drop)
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lad_owner")
        superuser.execute(create.format(sql.Identifier(target), sql.Identifier(source)))
