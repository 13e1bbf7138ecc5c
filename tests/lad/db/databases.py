"""Databases of the tests' server that a test makes for itself, and manage.py run in them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.snapshots import superuser_of

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the owner's address of a new database, and drop it afterwards."""
    name = f"trial_{uuid.uuid4().hex[:12]}"
    # The owner could not end an autovacuum that is at work in it.
    with superuser_of("postgres") as superuser:
        superuser.execute(f"CREATE DATABASE {name} OWNER lad_owner")
        try:
            yield os.environ["DATABASE_OWNER_URL"].replace("/lad?", f"/{name}?")
        finally:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
