"""SQL files: how they are named and installed, and the figures that Python shares with them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from billing.legacy.services import EXCLUSIVE_LOCK
from billing.money import AMOUNT_LIMIT
from lad.audit.trigger import FEW_ROWS, MOST_BUCKET_BITS, ROWS_PER_ENTRY
from lad.db.fields import SECRET_MASK
from lad.db.operations import InstallSql, created_functions
from lad.db.sql_files import SqlFile, WrongSqlFile, lad_apps, newest, sql_files
from tests.support.database import superuser_connection

FILES = {file.name: file for config in lad_apps() for file in newest(sql_files(config))}


class Editor:
    """Runs what an operation executes in the test database, as its superuser."""

    def __init__(self, database: Any) -> None:
        self.database = database

    def execute(self, sql: str, params: Any = ()) -> None:
        assert params is None
        self.database.execute(sql)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sql folder of a feature in a package made for the test."""
    folder = tmp_path / "trial" / "answers" / "sql"
    folder.mkdir(parents=True)
    (tmp_path / "trial" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_creates_the_function_it_is_named_after(name: str) -> None:
    assert created_functions(FILES[name].text) == [name]


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_names_no_schema(name: str) -> None:
    assert settings.DB_SCHEMA not in FILES[name].text


def test_no_trigger_joins_the_rows_as_they_were_with_those_as_they_are() -> None:
    """A session keeps the plan of its first statement: if that wrote one row, later ones compare each with each.

    A full join is never a comparison of each with each.
    """
    triggers = {name: file.text for name, file in FILES.items() if "RETURNS trigger" in file.text}
    assert len([text for text in triggers.values() if "old_rows" in text and "new_rows" in text]) >= 3
    assert [name for name, text in triggers.items() if re.search(r"(?<!FULL )JOIN (old|new)_rows", text)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lad_audit", f"IF total > {FEW_ROWS} THEN"),
        ("lad_bucket", f"LEAST({MOST_BUCKET_BITS}, GREATEST(0, ceil(log(2, total / {ROWS_PER_ENTRY}.0))))"),
        ("lad_row_changes", f"""'"{SECRET_MASK}"'"""),
        ("lad_packed_side", f"''{SECRET_MASK}''"),
        ("billing_post", f">= {AMOUNT_LIMIT:f} THEN"),
        ("billing_settle", f">= {AMOUNT_LIMIT:f} THEN"),
        ("lad_refuse_moved_credits", "(hashtextextended('billing_legacy_moves:' || each_tenant, 0))"),
    ],
)
def test_python_and_sql_agree(name: str, text: str) -> None:
    assert text in FILES[name].text


def test_freezing_takes_the_lock_of_the_trigger_on_legacy_tables() -> None:
    assert "(hashtextextended('billing_legacy_moves:' || %s::uuid, 0))" in EXCLUSIVE_LOCK


def test_functions_come_after_those_they_call() -> None:
    for config in lad_apps():
        names = [file.name for file in sql_files(config)]
        for earlier, later in (("lad_differs", "lad_change_query"), ("billing_lot", "billing_take")):
            assert later not in names or names.index(earlier) < names.index(later)


def test_versions_are_installed_and_taken_back_one_by_one(package: Path, django_db_setup: None) -> None:
    (package / "trial_answer.v1.sql").write_text(
        "CREATE OR REPLACE FUNCTION trial_answer() RETURNS text LANGUAGE sql AS $$ SELECT '50%' $$;"
        "\nCREATE OR REPLACE FUNCTION trial_answer(n int) RETURNS int LANGUAGE sql AS $$ SELECT n $$;"
    )
    (package / "trial_answer.v2.sql").write_text(
        "CREATE OR REPLACE FUNCTION trial_answer() RETURNS text LANGUAGE sql AS $$ SELECT '60%' $$;"
        "\nCREATE OR REPLACE FUNCTION trial_other() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"
    )
    first, second = (InstallSql("trial.answers", "trial_answer", version) for version in (1, 2))
    with superuser_connection() as database:
        editor = Editor(database)

        def state() -> tuple[Any, int]:
            counted = database.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'trial%'").fetchone()
            assert counted is not None
            return (database.execute("SELECT trial_answer()").fetchone() if counted[0] else None), counted[0]

        database.execute("BEGIN")
        first.database_forwards("trial", editor, None, None)
        assert state() == (("50%",), 2)
        second.database_forwards("trial", editor, None, None)
        assert state() == (("60%",), 3)
        second.database_backwards("trial", editor, None, None)
        assert state() == (("50%",), 2)
        first.database_backwards("trial", editor, None, None)
        assert state() == (None, 0)
        database.execute("ROLLBACK")


def trial_app(package: Path) -> Any:
    return type("Config", (), {"name": "trial", "path": str(package.parents[1])})


def test_files_are_found_by_package_name_and_version(package: Path) -> None:
    for name in ("trial_b.v1.sql", "trial_a.v1.sql", "trial_a.v2.sql"):
        (package / name).write_text(f"CREATE OR REPLACE FUNCTION {name[:7]}() RETURNS int;")
    found = [(file.package, file.name, file.version) for file in sql_files(trial_app(package))]
    assert found == [("trial.answers", "trial_a", 1), ("trial.answers", "trial_a", 2), ("trial.answers", "trial_b", 1)]


@pytest.mark.parametrize("name", ["trial.sql", "trial.v0.sql", "trial.v01.sql", "trial.V1.sql", "trial.v2.sql"])
def test_a_file_with_a_wrong_name_or_a_missing_version_is_refused(package: Path, name: str) -> None:
    (package / name).write_text("SELECT 1;")
    with pytest.raises(WrongSqlFile, match=r"must be named like|has no version 1"):
        sql_files(trial_app(package))


def test_files_that_call_each_other_in_a_circle_are_refused(package: Path) -> None:
    for one, other in (("trial_a", "trial_b"), ("trial_b", "trial_a")):
        (package / f"{one}.v1.sql").write_text(f"CREATE OR REPLACE FUNCTION {one}() … SELECT {other}()")
    with pytest.raises(WrongSqlFile, match=r"in a circle: trial_a\.v1\.sql → trial_b\.v1\.sql → trial_a\.v1\.sql"):
        sql_files(trial_app(package))


def test_a_call_in_a_comment_or_a_text_is_no_call(package: Path) -> None:
    (package / "trial_a.v1.sql").write_text(
        "-- See trial_b.\nSELECT 'it''s like trial_b()';\nCREATE OR REPLACE FUNCTION trial_a() RETURNS int;"
    )
    (package / "trial_b.v1.sql").write_text("CREATE OR REPLACE FUNCTION trial_b() … SELECT trial_a()")
    assert [file.name for file in sql_files(trial_app(package))] == ["trial_a", "trial_b"]
    assert isinstance(sql_files(trial_app(package))[0], SqlFile)
