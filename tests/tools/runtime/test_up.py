"""`make up` as a user sees it, from its first line of output to the end of its last process."""

import json
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tools.runtime.keys import KeyFile
from tools.runtime.ports import free_port
from tools.runtime.servers import embedded_servers

from .conftest import READY, Run, address, clean_environment, gone, run_to_the_end


def ready(run: Run) -> bool:
    with urllib.request.urlopen(f"{address(run)}/readyz", timeout=30) as answer:  # noqa: S310
        return bool(answer.status == 200)


def test_it_prints_where_everything_is_and_is_ready_then(running: Run) -> None:
    for part in (f"LAD runs at {address(running)}", "/admin/", str(running.home / "mail"), str(running.home / "log")):
        assert part in running.output
    assert ready(running)


def test_its_web_server_signs_in_as_the_restricted_login(running: Run) -> None:
    addresses = KeyFile(running.home / "running.env").values()
    with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as connection:
        logins = connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'lad' AND pid <> pg_backend_pid()"
        ).fetchall()
    assert logins == [("lad_web",)]


def test_it_runs_two_web_workers(running: Run) -> None:
    log = (running.home / "log" / "web.log").read_text()
    assert "Started worker-2" in log
    assert "worker-3" not in log


def test_its_files_are_readable_by_their_owner_only(running: Run) -> None:
    for name in ("secrets.env", "running.env"):
        assert (running.home / name).stat().st_mode & 0o077 == 0
    assert (running.home / "log").stat().st_mode & 0o077 == 0


def test_a_second_start_says_that_and_where_lad_runs(running: Run) -> None:
    code, output = run_to_the_end(running.home, LAD_PORT=str(free_port()))
    assert code == 1
    assert f"LAD is already running here at {address(running)} (process {running.process.pid}" in output


def test_a_command_runs_with_its_environment_while_it_runs(running: Run, home: Path) -> None:
    command = [sys.executable, "-m", "tools.runtime.run_with_environment", "printenv", "DATABASE_OWNER_URL"]

    def beside(home: Path) -> tuple[str, str]:
        environment = clean_environment(LAD_HOME=str(home))
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        return result.stdout.strip(), result.stderr.strip()

    assert beside(running.home) == (KeyFile(running.home / "running.env").values()["DATABASE_OWNER_URL"], "")
    shutil.copy(running.home / "running.env", home)
    assert beside(home) == ("", f"LAD is not running in {home}. Start it in another shell with: make up")


# What a part is called, by a piece of its command.
PARTS = {"-m sandbox": "sandbox", "lad.worker": "worker", "valkey-server": "Valkey", "postgres -D": "PostgreSQL"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_dies_is_reported_and_restarted(running: Run, part: str) -> None:
    name = PARTS[part]
    dead = running.child(part)
    dead.send_signal(signal.SIGKILL)
    running.wait_for(f"{name} stopped unexpectedly. Restarting it")
    deadline = time.monotonic() + 120
    while True:
        try:
            assert running.child(part).pid != dead.pid
            assert ready(running)
            return
        except (AssertionError, OSError):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_sandbox_goes_on_at_the_same_address_after_it_died(running: Run) -> None:
    variables = KeyFile(running.home / "running.env").values()
    assert variables["MAIL_SANDBOX_HOSTS"] == "127.0.0.1"
    host, _, port = variables["SANDBOX_SMTP"].rpartition(":")
    deadline = time.monotonic() + 20
    while True:
        try:
            with smtplib.SMTP(host, int(port), timeout=5) as client:
                assert client.ehlo()[0] == 250
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    log = [json.loads(line) for line in (running.home / "sandbox" / "log.jsonl").read_text().splitlines()]
    starts = [entry for entry in log if entry["kind"] == "started"]
    # Another test has killed it once.
    assert len(starts) == 2
    assert [entry["n"] for entry in log] == list(range(1, len(log) + 1))
    assert starts[0]["ports"] == starts[1]["ports"]


def test_ctrl_c_stops_every_process_and_the_data_is_there_next_time(running: Run) -> None:
    secrets = (running.home / "secrets.env").read_text()
    processes = running.descendants()
    assert len(processes) > 8
    assert running.stop() == 0
    assert gone(processes, seconds=1)
    assert "LAD has stopped. Its data is kept." in running.output
    assert not (running.home / "running.env").exists()

    again = Run(running.home, LAD_PORT=str(free_port()), LAD_DEMO="0")
    try:
        again.wait_for(READY)
        assert "Creating the database" not in again.output
        assert (running.home / "secrets.env").read_text() == secrets
        processes = again.descendants()
        assert again.stop(signal.SIGTERM) == 0
        assert gone(processes, seconds=1)
    finally:
        again.remove()


def test_ctrl_c_while_it_starts_leaves_nothing_behind(home: Path) -> None:
    run = Run(home, LAD_PORT=str(free_port()))
    run.wait_for("Migrating")
    processes = run.descendants()
    assert run.stop() == 0
    assert gone(processes, seconds=1)
    run.remove()


def test_a_taken_port_is_named_before_anything_is_started(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run_to_the_end(home, LAD_PORT=str(port))
    assert code == 1
    assert f"Port {port} on 127.0.0.1 is used by another program. Choose another port" in output
    assert not (home / "postgres").exists()
    assert "Traceback" not in output


def test_a_port_that_is_no_port_is_named(home: Path) -> None:
    code, output = run_to_the_end(home, LAD_PORT="http")
    assert (code, output.strip()) == (1, "LAD_PORT is 'http'; set it to a number between 1 and 65535.")


def test_an_unreachable_database_is_named(home: Path) -> None:
    url = f"postgresql://me:hidden@127.0.0.1:{free_port()}/lad"
    code, output = run_to_the_end(home, LAD_PORT=str(free_port()), DATABASE_URL=url)
    assert code == 1
    assert "cannot be used" in output
    assert "unset it to use the embedded database" in output
    assert "hidden" not in output
    assert "Traceback" not in output


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    code, output = run_to_the_end(blocked / "lad", LAD_PORT=str(free_port()))
    assert code == 1
    assert f"LAD cannot use {blocked}" in output
    assert "Traceback" not in output


def test_a_database_of_an_older_version_is_named_with_the_way_out(home: Path) -> None:
    with embedded_servers(home, durable=False) as servers, psycopg.connect(servers.owner_url) as owner:
        owner.execute("CREATE SCHEMA lad_dev")
        owner.execute("CREATE TABLE lad_dev.tenants (id int)")
        owner.execute("CREATE TABLE lad_dev.django_migrations (id int, app text, name text, applied timestamptz)")
        owner.execute("INSERT INTO lad_dev.django_migrations VALUES (1, 'tenants', '0001_initial', now())")
    code, output = run_to_the_end(home, LAD_PORT=str(free_port()), LAD_DEMO="0")
    assert code == 1
    said = output[output.index("\n\n") :].strip().splitlines()
    assert said[0] == (
        'The schema "lad_dev" of the database "lad" was migrated by an older version of LAD, without '
        f"lad.0001_functions: tenants.0001_initial. Nothing was changed. To start afresh, remove {home} "
        "(its data is lost) and run make up again."
    )
    assert "Traceback" not in output
    assert "end of its log" not in output
