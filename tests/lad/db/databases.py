"""Databases of the tests' server that a test makes for itself."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.snapshots import owner_address, superuser_of


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the owner's address of a new database, and drop it afterwards."""
    name = f"trial_{uuid.uuid4().hex[:12]}"
    # The owner could not end an autovacuum that is at work in it.
    with superuser_of("postgres") as superuser:
        superuser.execute(f"CREATE DATABASE {name} OWNER lad_owner")
        try:
            yield owner_address(name)
        finally:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
