"""The migrations go forwards, back to nothing and forwards again."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[3]
THERE_AND_BACK = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection

def made_by_lad():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            " AND tablename NOT LIKE 'django%' AND tablename NOT LIKE 'auth%'"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        )
        return sorted(name for (name,) in cursor.fetchall())

call_command("migrate", verbosity=0)
first = made_by_lad()
call_command("migrate", "tenants", "zero", verbosity=0)
call_command("migrate", "lad", "zero", verbosity=0)
assert made_by_lad() == [], made_by_lad()
call_command("migrate", verbosity=0)
assert made_by_lad() == first
assert "audit_entries" in first and "lad_audit" in first
print("there and back")
"""


@pytest.fixture
def empty_database() -> Iterator[str]:
    """Return the owner's URL of an empty database."""
    name = f"trial_{uuid.uuid4().hex[:12]}"
    address = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        yield address.replace("/lad?", f"/{name}?")
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_migrations_run_forwards_backwards_and_forwards_again(empty_database: str) -> None:
    environment = {**os.environ, "DATABASE_OWNER_URL": empty_database, "LAD_DATABASE_ACCESS": "owner"}
    ended = subprocess.run(
        [sys.executable, "-c", THERE_AND_BACK],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "lad.settings"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.stdout.strip() == "there and back", ended.stderr[-2000:]
