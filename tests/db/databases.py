"""Databases of the tests' server that a test makes for itself, and manage.py run in them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the owner's address of a new database, and drop it afterwards."""
    name = f"trial_{uuid.uuid4().hex[:12]}"
    address = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        try:
            yield address.replace("/lad?", f"/{name}?")
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
