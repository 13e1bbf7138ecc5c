"""The embedded servers: who may sign in, what survives, and what is left behind."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
import redis

from tools.runtime import postgres
from tools.runtime import servers as servers_module
from tools.runtime.errors import AlreadyRunning, StartupError
from tools.runtime.servers import Servers, embedded_servers

from .conftest import Run, gone, make_home

FAILS_AS_ON_A_FULL_DISK = """#!/bin/sh
[ "$1" = --version ] && exit
echo "FATAL: could not write: No space left on device"
exit 1
"""


@pytest.fixture(scope="module")
def _made() -> Iterator[Path]:
    directory = make_home()
    with embedded_servers(directory, durable=False):
        pass
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def used_home(home: Path, _made: Path) -> Path:
    """A state directory whose servers have run before, copied because making a database takes a second."""
    subprocess.run(["cp", "-a", f"{_made}/.", home], check=True)
    return home


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def write(servers: Servers, number: int) -> None:
    with psycopg.connect(servers.owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])
    redis.Redis.from_url(servers.redis_url).set("kept", number)


def read(servers: Servers) -> tuple[object, object]:
    return value(servers.owner_url, "SELECT max(number) FROM kept"), redis.Redis.from_url(servers.redis_url).get("kept")


def server_pids(home: Path) -> list[int]:
    files = (home / "postgres" / "data" / "postmaster.pid", home / "valkey" / "valkey.pid")
    return [int(file.read_text().splitlines()[0]) for file in files]


def test_the_restricted_login_can_only_switch_to_its_groups(home: Path) -> None:
    with embedded_servers(home, durable=False) as servers:
        assert (
            value(
                servers.web_url,
                "SELECT rolinherit OR rolsuper OR rolbypassrls OR rolcreatedb FROM pg_roles "
                "WHERE rolname = current_user",
            )
            is False
        )
        # Before PostgreSQL 16 a member may always switch to its group.
        switching = (
            "SET" if value(servers.web_url, "SELECT current_setting('server_version_num')::int >= 160000") else "MEMBER"
        )
        for group in ("lad_app", "lad_platform"):
            assert value(servers.web_url, f"SELECT pg_has_role('{group}', '{switching}')") is True
            assert value(servers.web_url, f"SELECT pg_has_role('{group}', 'USAGE')") is False
        assert (
            value(servers.owner_url, "SELECT rolcreatedb AND NOT rolsuper FROM pg_roles WHERE rolname = current_user")
            is True
        )
        assert (
            value(
                servers.owner_url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
            )
            == "lad_owner"
        )


def test_nobody_else_on_the_machine_can_sign_in(used_home: Path) -> None:
    with embedded_servers(used_home, durable=False) as servers:
        assert value(servers.superuser_url, "SHOW listen_addresses") == ""
        assert (used_home / "postgres" / "run").stat().st_mode & 0o077 == 0
        without_password = f"redis://{servers.redis_url.partition('@')[2]}"
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(without_password).ping()
        assert redis.Redis.from_url(servers.redis_url).config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }


def test_data_is_kept_from_one_start_to_the_next(home: Path) -> None:
    with embedded_servers(home) as servers:
        write(servers, 1)
    with embedded_servers(home) as servers:
        assert read(servers) == (1, b"1")


def test_servers_start_again_after_they_were_killed(used_home: Path) -> None:
    with embedded_servers(used_home) as servers:
        write(servers, 2)
        for pid in server_pids(used_home):
            os.kill(pid, signal.SIGKILL)
    with embedded_servers(used_home) as servers:
        assert value(servers.owner_url, "SELECT max(number) FROM kept") == 2


def test_a_process_id_that_now_belongs_to_another_program_is_left_alone(used_home: Path) -> None:
    another = f"{os.getpid()}\n{used_home}\n0\n5432\n\n\n  0 0\nready\n"
    (used_home / "postgres" / "data" / "postmaster.pid").write_text(another)
    (used_home / "valkey" / "valkey.pid").write_text(str(os.getpid()))
    with embedded_servers(used_home, durable=False) as servers:
        assert value(servers.owner_url, "SELECT 1") == 1


def test_a_second_start_in_the_same_directory_names_the_first(used_home: Path) -> None:
    with (
        embedded_servers(used_home, durable=False),
        pytest.raises(AlreadyRunning, match=rf"already running .*{os.getpid()}.*{used_home}"),
        embedded_servers(used_home, durable=False),
    ):
        pass


@pytest.mark.parametrize("name", ["long" * 30, 'a space, a comma and a "quote"'])
def test_a_path_that_cannot_hold_a_socket_still_works(home: Path, name: str) -> None:
    with embedded_servers(home / name, durable=False) as servers:
        write(servers, 1)
        assert read(servers) == (1, b"1")
        place = Path(servers.superuser_url.partition("host=")[2])
        assert place.stat().st_mode & 0o077 == 0
    shutil.rmtree(place)


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells a child that its parent was killed")
def test_no_server_outlives_a_killed_parent(home: Path) -> None:
    run = Run(home, "servers")
    try:
        run.wait_for("REDIS_URL")
        processes = run.descendants()
        assert len(processes) > 2
        run.process.kill()
        assert gone(processes)
    finally:
        run.remove()


def test_a_full_disk_is_named_before_anything_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_module.shutil, "disk_usage", lambda _path: SimpleNamespace(free=5_000_000))
    with (
        pytest.raises(StartupError, match=r"full: 5 MB are free and LAD needs 300 MB. Free some space"),
        embedded_servers(home, durable=False),
    ):
        pass
    assert not (home / "postgres").exists()


def test_a_disk_that_fills_up_while_the_database_is_made_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """initdb is replaced by one that fails as it does on a full disk."""
    programs = home / "bin"
    programs.mkdir(mode=0o755)
    for name in ("initdb", "postgres"):
        (programs / name).write_text(
            "#!/bin/sh\n[ \"$1\" = --version ] && exit\necho 'No space left on device'\nexit 1\n"
        )
        (programs / name).chmod(0o755)
    monkeypatch.setattr("tools.runtime.postgres.programs", lambda: programs)
    with (
        pytest.raises(StartupError, match=r"The disk is full, so PostgreSQL cannot start. Free some space"),
        embedded_servers(home, durable=False),
    ):
        pass
    assert not (home / "postgres" / "data").exists()


def test_other_programs_can_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAD_POSTGRES_BIN", str(home))
    with pytest.raises(StartupError, match=r"LAD_POSTGRES_BIN is .*, where there is no initdb"):
        postgres.programs()
    (home / "initdb").touch()
    assert postgres.programs() == home


def test_a_directory_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_module.os, "geteuid", lambda: home.stat().st_uid + 1)
    with (
        pytest.raises(StartupError, match=r"set LAD_HOME to a directory of your own"),
        embedded_servers(home, durable=False),
    ):
        pass
