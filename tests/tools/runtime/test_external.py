"""A PostgreSQL server of the user's own: what LAD makes there, and what it says when it cannot."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tools.runtime.errors import StartupError
from tools.runtime.external import check_broker, prepare_database
from tools.runtime.keys import KeyFile
from tools.runtime.ports import free_port
from tools.runtime.postgres import Postgres

from .conftest import make_home


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server that knows nothing of LAD."""
    home = make_home()
    postgres = Postgres(home / "postgres", log=home / "postgres.log", durable=False)
    postgres.start()
    yield postgres
    postgres.stop()
    shutil.rmtree(home)


@pytest.fixture
def database(server: Postgres) -> Iterator[str]:
    """The URL of an empty database in it, signed in as superuser."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE theirs")
        yield server.url("postgres", "theirs")
        connection.execute("DROP DATABASE theirs WITH (FORCE)")
        for (role,) in connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)' ORDER BY rolcreaterole"
        ).fetchall():
            connection.execute(f'DROP OWNED BY "{role}" CASCADE')
            connection.execute(f'DROP ROLE "{role}"')


@pytest.fixture
def keys(home: Path) -> KeyFile:
    return KeyFile(home / "secrets.env")


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_an_owner_is_enough_and_the_restricted_login_is_made(database: str, keys: KeyFile) -> None:
    url = prepare_database(owner_url=database, web_url=None, keys=keys)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("lad_web",)
    assert urlsplit(url).password == keys.get("LAD_WEB_PASSWORD")
    assert prepare_database(owner_url=database, web_url=None, keys=keys) == url


def test_an_owner_needs_to_be_no_superuser(server: Postgres, database: str, keys: KeyFile) -> None:
    run(database, "CREATE ROLE theirs LOGIN CREATEROLE", "ALTER DATABASE theirs OWNER TO theirs")
    owner_url = server.url("theirs", "theirs")
    prepare_database(owner_url=owner_url, web_url=None, keys=keys)
    prepare_database(owner_url=owner_url, web_url=None, keys=keys)
    with psycopg.connect(owner_url) as connection:
        connection.execute("SET ROLE lad_platform")


def test_an_owner_that_may_not_make_roles_is_told_what_to_do(server: Postgres, database: str, keys: KeyFile) -> None:
    run(database, "CREATE ROLE theirs LOGIN")
    with pytest.raises(StartupError, match=r'"theirs" may not prepare the roles.*CREATEROLE'):
        prepare_database(owner_url=server.url("theirs", "theirs"), web_url=None, keys=keys)


def test_a_login_that_somebody_else_made_keeps_its_password(database: str, keys: KeyFile) -> None:
    run(database, "CREATE ROLE lad_web LOGIN PASSWORD 'theirs'")
    with pytest.raises(StartupError, match=r"lad_web already exists .* DATABASE_OWNER_URL"):
        prepare_database(owner_url=database, web_url=None, keys=keys)


def test_a_login_that_sees_every_tenant_is_refused(database: str, keys: KeyFile) -> None:
    with pytest.raises(StartupError, match='signs in as "postgres", which bypasses row-level security'):
        prepare_database(owner_url=database, web_url=database, keys=keys)


def test_a_login_without_the_groups_is_told_the_grant(server: Postgres, database: str, keys: KeyFile) -> None:
    run(database, "CREATE ROLE theirs LOGIN", "CREATE ROLE lad_app", "CREATE ROLE lad_platform")
    grant = re.escape('GRANT lad_app, lad_platform TO "theirs"')
    with pytest.raises(StartupError, match=grant):
        prepare_database(owner_url=database, web_url=server.url("theirs", "theirs"), keys=keys)


def test_a_database_that_does_not_exist_is_named(server: Postgres, keys: KeyFile) -> None:
    with pytest.raises(StartupError, match='database "nowhere" does not exist'):
        prepare_database(owner_url=server.url("postgres", "nowhere"), web_url=None, keys=keys)


def test_an_unreachable_database_is_named_without_its_password(keys: KeyFile) -> None:
    url = f"postgresql://me:hidden@127.0.0.1:{free_port()}/lad"
    with pytest.raises(StartupError, match=r"The database at .*me@127\.0\.0\.1.* cannot be used: .*refused") as caught:
        prepare_database(owner_url=url, web_url=None, keys=keys)
    assert "hidden" not in str(caught.value)


def test_an_unreachable_broker_is_named_without_its_password() -> None:
    with pytest.raises(StartupError, match=r"No Redis or Valkey answers at redis://.*Correct REDIS_URL") as caught:
        check_broker(f"redis://:hidden@127.0.0.1:{free_port()}/0")
    assert "hidden" not in str(caught.value)
