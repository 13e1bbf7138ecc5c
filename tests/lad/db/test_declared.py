"""A migrated database holds what the models and SQL files declare, also when a release's dump is migrated.

A release adds its dump as tests/lad/db/releases/<version>.sql:
``pg_dump --schema=lad_dev --no-owner`` of a database migrated and filled by that release.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests.lad.db.catalogue import Catalogue, catalogue, differences
from tests.lad.db.databases import empty_database
from tests.support.snapshots import manage, migrated_copy, run
from tools.runtime.postgres import programs

FROM_NOTHING = "an empty database"
RELEASES = {path.stem: path for path in sorted((Path(__file__).parent / "releases").glob("*.sql"))}

TAMPERINGS = (
    "CREATE OR REPLACE FUNCTION lad_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION lad_audit() RESET search_path",
    "GRANT EXECUTE ON FUNCTION lad_audit() TO PUBLIC",
    "DROP FUNCTION billing_settle",
    "CREATE FUNCTION something_else() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE leads DISABLE TRIGGER leads_audit_update",
    "DROP TRIGGER audit_entries_append_only ON audit_entries",
    "DROP POLICY tenant ON leads",
    "ALTER POLICY tenant ON leads USING (true)",
    "ALTER TABLE leads NO FORCE ROW LEVEL SECURITY",
    "GRANT UPDATE ON billing_ledger_transactions TO lad_app",
    "GRANT UPDATE (amount) ON billing_ledger_transactions TO lad_app",
    "REVOKE USAGE ON SCHEMA lad_dev FROM PUBLIC",
    "ALTER TABLE lead_notes DROP CONSTRAINT lead_notes_lead_same_tenant",
    "ALTER TABLE tenants DROP CONSTRAINT tenants_status_valid",
    "DROP INDEX memberships_one_owner_key",
    "CREATE INDEX one_more ON leads (tenant_id)",
    "ALTER TABLE tenants ALTER COLUMN status DROP DEFAULT",
    "ALTER TABLE tenants ALTER COLUMN name DROP NOT NULL",
    "ALTER TABLE tenants ALTER COLUMN name TYPE varchar(300)",
    "ALTER TABLE billing_wallets RESET (fillfactor)",
    "ALTER TABLE audit_entries ALTER COLUMN row_ids SET STORAGE EXTENDED",
    "ALTER TABLE billing_wallets OWNER TO postgres",
)


@pytest.fixture(scope="module")
def declared() -> Catalogue:
    """What the models and SQL files declare."""
    with empty_database() as address:
        built = run(address, "-m", "tests.lad.db.declared")
        assert built.returncode == 0, built.stderr[-2000:]
        with _looking_into(address) as database:
            return catalogue(database)


@pytest.fixture(scope="module")
def migrated() -> Iterator[str]:
    """The superuser's address of a database that was migrated from nothing and that no test changes."""
    with migrated_copy() as address:
        yield address.replace("lad_owner@", "postgres@")


@pytest.mark.parametrize("source", [FROM_NOTHING, *RELEASES])
def test_a_migrated_database_holds_what_is_declared(source: str, declared: Catalogue, migrated: str) -> None:
    if source == FROM_NOTHING:
        with _looking_into(migrated) as database:
            found = catalogue(database)
    else:
        with empty_database() as address:
            _restore(RELEASES[source], address)
            _migrate(address)
            with _looking_into(address) as database:
                found = catalogue(database)
    assert {kind for kind, _name in found} == {
        *("function", "table", "column", "constraint", "index", "trigger", "policy", "schema")
    }
    assert not differences(found, declared)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_difference_is_found(tampering: str, declared: Catalogue, migrated: str) -> None:
    with _looking_into(migrated) as database:
        database.execute(tampering)
        found = catalogue(database)
        database.rollback()
    assert differences(found, declared)


@contextmanager
def _looking_into(address: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(address, options=f"-c search_path={settings.DB_SCHEMA}") as database:
        yield database


def _migrate(address: str) -> None:
    result = manage(address, "migrate")
    assert result.returncode == 0, result.stderr[-2000:]


def _restore(dump: Path, address: str) -> None:
    command: list[str | Path] = [
        programs() / "psql",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--file={dump}",
        f"--dbname={address}",
    ]
    subprocess.run(command, check=True, capture_output=True)
