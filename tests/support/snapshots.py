"""Keep databases as copies: copying takes a fraction of a second, migrating or filling many seconds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import environ
import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
# Any number that nothing else on the tests' server locks.
MIGRATING = 1
MIGRATED = "test_lad"

_residents: dict[str, psycopg.Connection] = {}


def superuser_of(database: str, *, search_path: str = "") -> psycopg.Connection:
    """Connect to a database of the tests' server as superuser."""
    server = environ.Env().db_url("LAD_EMBEDDED_SUPERUSER_URL")
    host = server["OPTIONS"].get("host") or server["HOST"]
    options = f"-c search_path={search_path}" if search_path else ""
    return psycopg.connect(host=host, user=server["USER"], dbname=database, autocommit=True, options=options)


def resident_superuser(database: str, *, search_path: str) -> psycopg.Connection:
    """Return a superuser's connection that stays open for the next caller, and so knows the tables already."""
    known = _residents.get(database)
    if known is None or known.closed:
        known = _residents[database] = superuser_of(database, search_path=search_path)
    return known


def owner_address(database: str) -> str:
    """Return the owner's address of a database of the tests' server."""
    return os.environ["DATABASE_OWNER_URL"].replace("/lad?", f"/{database}?")


def use_migrated_copy(name: str) -> None:
    """Connect Django to a migrated database of this name that belongs to this process alone."""
    new_copy(migrated(), name)
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextmanager
def migrated_copy() -> Iterator[str]:
    """Yield the owner's address of a database that ``migrate`` found empty, and drop it afterwards."""
    name = f"trial_{uuid4().hex[:12]}"
    new_copy(migrated(), name)
    try:
        yield owner_address(name)
    finally:
        with superuser_of("postgres") as superuser:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrated() -> str:
    """Return the database that ``manage.py migrate`` found empty and that nobody changes.

    The first of the parallel workers migrates it, the others wait.
    """
    with superuser_of("postgres") as superuser:
        superuser.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        if superuser.execute("SELECT FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone() is None:
            superuser.execute(f"DROP DATABASE IF EXISTS {MIGRATED}_new")
            superuser.execute(f"CREATE DATABASE {MIGRATED}_new OWNER lad_owner")
            ended = manage(owner_address(f"{MIGRATED}_new"), "migrate")
            if (ended.returncode, ended.stderr) != (0, ""):
                raise RuntimeError(f"An empty database is not migrated without a word: {ended.stderr[-2000:]}")
            superuser.execute(f"ALTER DATABASE {MIGRATED}_new RENAME TO {MIGRATED}")
    return MIGRATED


def run(address: str, *arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository with the owner's database at ``address``."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=root,
        env={
            **os.environ,
            "DATABASE_OWNER_URL": address,
            "LAD_DATABASE_ACCESS": "owner",
            "DJANGO_SETTINGS_MODULE": "lad.settings",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def manage(address: str, *arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run manage.py with the owner's database at ``address``."""
    return run(address, "manage.py", *arguments, root=root)


def new_copy(source: str, target: str) -> None:
    """Replace the target by a copy of the source. Whoever is connected to either is disconnected."""
    for name in {source, target} & set(_residents):
        _residents.pop(name).close()
    with superuser_of("postgres") as superuser:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target))
        superuser.execute(drop)
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER lad_owner STRATEGY FILE_COPY")
        superuser.execute(create.format(sql.Identifier(target), sql.Identifier(source)))
