"""``migrate`` looks before it changes: an empty schema or LAD's own, and nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings

from tests.lad.db.databases import empty_database
from tests.support.snapshots import manage, migrated_copy

SCHEMA = settings.DB_SCHEMA
HISTORY = (
    f"CREATE TABLE {SCHEMA}.django_migrations"
    " (id bigint PRIMARY KEY, app varchar(255), name varchar(255), applied timestamptz)"
)
# Everything that `migrate` could change before its first migration.
EVERYTHING = """
    SELECT 'relation', nspname, relname, relacl::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname !~ '^(pg_|information_schema)'
    UNION ALL SELECT 'function', nspname, proname, proacl::text FROM pg_proc
    JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname !~ '^(pg_|information_schema)'
    UNION ALL SELECT 'schema', nspname, '', nspacl::text FROM pg_namespace
    UNION ALL SELECT 'role', rolname, '', '' FROM pg_roles
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def address() -> Iterator[str]:
    with empty_database() as address:
        yield address


@pytest.fixture(scope="module")
def migrated() -> Iterator[str]:
    """A database that ``migrate`` found empty and migrated without a word on stderr."""
    with migrated_copy() as address:
        yield address


def given(address: str, *statements: str) -> list[tuple[object, ...]]:
    """Run the statements and return what the database then holds."""
    with psycopg.connect(address, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)
        return owner.execute(EVERYTHING).fetchall()


def assert_refused(address: str, before: list[tuple[object, ...]], *words: str) -> None:
    result = manage(address, "migrate")
    assert result.returncode == 1
    assert result.stderr.startswith(f'CommandError: The schema "{SCHEMA}" of the database "trial_')
    assert "Traceback" not in result.stderr
    for each in (*words, "Nothing was changed.", "To start afresh, "):
        assert each in result.stderr
    assert given(address) == before


def test_an_empty_database_is_migrated_and_then_has_nothing_to_apply(migrated: str) -> None:
    again = manage(migrated, "migrate")
    assert (again.returncode, again.stderr) == (0, "")
    assert "No migrations to apply" in again.stdout


def test_tables_of_another_program_are_refused(address: str) -> None:
    tables = [f"CREATE TABLE {SCHEMA}.wp_{name} (id int)" for name in "abcdefg"]
    before = given(address, f"CREATE SCHEMA {SCHEMA}", *tables)
    assert_refused(
        address, before, "holds tables and no history of migrations: wp_a, wp_b, wp_c, wp_d, wp_e and 2 more"
    )


def test_tables_named_like_ours_without_a_history_are_refused(address: str) -> None:
    before = given(address, f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.tenants (id int)")
    assert_refused(address, before, "no history of migrations: tenants")


def test_another_django_project_is_refused(address: str) -> None:
    before = given(
        address,
        f"CREATE SCHEMA {SCHEMA}",
        HISTORY,
        f"INSERT INTO {SCHEMA}.django_migrations VALUES (1, 'auth', '0001_initial', now()), (2, 'shop', '0001', now())",
        f"CREATE TABLE {SCHEMA}.auth_group (id int)",
        f"CREATE TABLE {SCHEMA}.shop_order (id int)",
    )
    assert_refused(address, before, "none of LAD's migrations is applied: shop_order")


def test_an_older_history_without_the_kernels_first_migration_is_refused(address: str) -> None:
    before = given(
        address,
        f"CREATE SCHEMA {SCHEMA}",
        HISTORY,
        f"INSERT INTO {SCHEMA}.django_migrations VALUES (1, 'tenants', '0001_initial', now())",
        f"CREATE TABLE {SCHEMA}.tenants (id int)",
    )
    assert_refused(
        address, before, "migrated by an older version of LAD, without lad.0001_functions: tenants.0001_initial"
    )


def test_migrations_that_this_version_does_not_have_are_refused(migrated: str) -> None:
    before = given(
        migrated,
        f"INSERT INTO {SCHEMA}.django_migrations (app, name, applied) VALUES ('billing', '9999_later', now())",
    )
    assert_refused(migrated, before, "this version of LAD does not have: billing.9999_later")
    given(migrated, f"DELETE FROM {SCHEMA}.django_migrations WHERE name = '9999_later'")


def test_tables_beside_lads_own_are_named_and_left_alone(migrated: str) -> None:
    given(migrated, f"CREATE TABLE {SCHEMA}.reporting_copy (id int)", f"INSERT INTO {SCHEMA}.reporting_copy VALUES (1)")
    result = manage(migrated, "migrate")
    assert result.returncode == 0
    assert result.stderr.strip() == "Tables beside LAD's own, left alone: reporting_copy."
    with psycopg.connect(migrated) as owner:
        assert owner.execute(f"SELECT id FROM {SCHEMA}.reporting_copy").fetchall() == [(1,)]


def test_tables_in_another_schema_do_not_matter(address: str) -> None:
    given(address, "CREATE SCHEMA other", "CREATE TABLE other.notes (id int)")
    result = manage(address, "migrate", "lad")
    assert (result.returncode, result.stderr) == (0, "")
