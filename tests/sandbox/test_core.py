"""What all providers of the sandbox share: log, clock and plans, and what is left of them after a kill."""

import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.core import Core
from sandbox.faults import Faults
from sandbox.providers import providers
from sandbox.providers.mail.mailboxes import Mailboxes
from sandbox.providers.mail.post_office import PostOffice
from sandbox.schedule import Action
from tests.support.loops import run
from tests.support.sandbox import Sandbox

NETWORKS = {"networks", "unipile", "whatsapp", "twilio"}


def core_in(home: Path, *, speed: float = 0, haste: float = 1) -> Core:
    return Core(home, seed=7, speed=speed, haste=haste)


def test_every_provider_registers_itself() -> None:
    assert {provider.name for provider in providers()} == {
        "mail",
        "dns",
        "oauth",
        "models",
        "apollo",
        "voice",
        *NETWORKS,
    }


def test_the_log_goes_on_after_a_kill_and_drops_an_unfinished_line(tmp_path: Path) -> None:
    core = core_in(tmp_path)
    for number in range(2500):
        core.log.write("even" if number % 2 == 0 else "odd", value=number)
    with (tmp_path / "log.jsonl").open("ab") as file:
        file.write(b'{"n":2501,"kind":"ev')
    core = core_in(tmp_path)
    assert core.log.counts == {"even": 1250, "odd": 1250}
    assert core.log.write("last") == 2501
    assert [entry["value"] for entry in core.log.read(since=2490, kinds={"odd"}, limit=3)] == [2491, 2493, 2495]
    assert [entry["n"] for entry in core.log.read(matching={"value": "1999"}, limit=9)] == [2000]
    assert [entry["kind"] for entry in core.log.read(since=2500, limit=9)] == ["last"]
    assert list(core.log.read(since=9999, limit=9)) == []


def test_the_queue_follows_the_log_after_a_kill(tmp_path: Path) -> None:
    core = core_in(tmp_path)
    office = PostOffice(core, Mailboxes(core), keep=10)
    mailbox = Mailboxes(core).save({"address": "maya@kestrel.example"})
    content = b"Message-ID: <1@kestrel.example>\r\n\r\nHello\r\n"
    office.accept(mailbox, mailbox.address, ["ada@people.example"], content)
    core.storage.execute("DELETE FROM queue")
    assert office.submissions("<1@kestrel.example>") == []
    core = core_in(tmp_path)
    [found] = PostOffice(core, Mailboxes(core), keep=10).submissions("<1@kestrel.example>")
    assert found["recipient"] == "ada@people.example"


def test_plans_survive_a_kill_and_run_in_order(tmp_path: Path) -> None:
    core = core_in(tmp_path, haste=60)
    for name, minutes in (("second", 60), ("first", 30), ("third", 90)):
        core.schedule.plan("test", after=minutes * 60, data={"name": name})
    core = core_in(tmp_path, haste=60)
    done: list[tuple[str, float]] = []
    started = core.clock.now()

    async def handle(action: Action) -> None:
        done.append((action.data["name"], round(core.clock.now() - started)))
        if action.data["name"] == "first":
            raise RuntimeError("one that fails does not stop the others")

    core.schedule.handle("test", handle)
    assert run(core.schedule.advance(70)) == 2
    assert done == [("first", 30), ("second", 60)]
    assert run(core.schedule.run_until_idle()) == 1
    assert done[2] == ("third", 90)
    assert core.schedule.pending() == 0
    [error] = core.log.read(kinds={"error"}, limit=9)
    assert (error["data"], error["problem"][:13]) == ({"name": "first"}, "RuntimeError:")


def test_simulated_time_runs_stands_and_jumps() -> None:
    real = [1000.0]
    clock = Clock(10, real=lambda: real[0])
    real[0] += 5
    assert clock.now() == 1050
    assert clock.real_seconds_until(1100) == 5
    clock.run_at(0)
    real[0] += 100
    assert clock.now() == 1050
    assert clock.real_seconds_until(1100) is None
    clock.jump(2000)
    clock.run_at(1)
    real[0] += 1
    assert clock.now() == 2001
    with pytest.raises(ValueError, match="between 0"):
        clock.run_at(-1)


def test_a_clock_that_was_set_goes_on_after_a_restart(tmp_path: Path) -> None:
    core = core_in(tmp_path)
    core.clock.jump(5000)
    core.keep_clock()
    assert core_in(tmp_path).clock.now() == 5000


def test_chance_depends_on_the_seed_and_the_parts_only(tmp_path: Path) -> None:
    first, second = core_in(tmp_path / "a"), core_in(tmp_path / "b")
    other = Core(tmp_path / "c", seed=8, speed=0, haste=1)
    numbers = [core.chance("delay", "ada@people.example", 1).random() for core in (first, second, other)]
    assert numbers[0] == numbers[1] != numbers[2]


@pytest.mark.parametrize(
    ("values", "struck"),
    [
        ({}, [True, False, False, False]),
        ({"times": 2}, [True, True, False, False]),
        ({"times": None}, [True, True, True, True]),
        ({"skip": 2}, [False, False, True, False]),
        ({"every": 2, "times": None}, [True, False, True, False]),
        ({"account": "somebody@else.example"}, [False, False, False, False]),
    ],
)
def test_how_often_a_fault_strikes(values: dict[str, Any], struck: list[bool]) -> None:
    faults = Faults()
    faults.add({"kind": "drop", "stage": "final", **values})
    found = [faults.strike("smtp", "FINAL", account="maya@kestrel.example") is not None for _ in range(4)]
    assert found == struck


@pytest.mark.parametrize(
    "values", [{"kind": "nonsense"}, {"kind": "drop", "nonsense": 1}, {"kind": "drop", "every": 0}]
)
def test_a_fault_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"nonsense|at least"):
        Faults().add(values)


def test_ports_stay_the_same_in_one_home(tmp_path: Path) -> None:
    core = core_in(tmp_path)
    with core.ports.bind("smtp"):
        first = core.ports.numbers["smtp"]
        core.ports.keep()
        with core_in(tmp_path).ports.bind("smtp") as taken:
            assert taken.getsockname()[1] != first
    with core_in(tmp_path).ports.bind("smtp") as again:
        assert again.getsockname() == ("127.0.0.1", first)


REQUESTS = [
    ("GET", "/nonsense", None, 404),
    ("DELETE", "/log", None, 405),
    ("POST", "/clock", b"nonsense", 400),
    ("POST", "/clock", b'{"speed": -1}', 400),
    ("POST", "/clock", b'{"haste": 0}', 400),
    ("POST", "/mailboxes", b"[]", 400),
    ("POST", "/mailboxes", b"{}", 400),
    ("POST", "/people", b'{"address": "a@b.example", "behaviour": "nonsense"}', 400),
    ("POST", "/web", b'{"hosts": {"a.example": "192.0.2.1:80"}}', 400),
    ("DELETE", "/faults/7", None, 404),
    ("GET", "/messages/7", None, 404),
    ("GET", "/mailboxes/nobody@b.example/INBOX", None, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS)
def test_the_control_port_says_what_is_wrong(
    sandbox: Sandbox, method: str, path: str, body: bytes | None, status: int
) -> None:
    response = sandbox.client.request(method, path, content=body)
    assert response.status_code == status
    assert response.json()["error"]


def test_pages_of_other_sites_may_not_give_orders(sandbox: Sandbox) -> None:
    foreign = sandbox.client.post("/reset", headers={"Origin": "https://elsewhere.example"})
    own = sandbox.client.post("/reset", headers={"Origin": "http://127.0.0.1:8000"})
    assert (foreign.status_code, own.status_code) == (403, 200)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's table of sockets")
def test_it_listens_on_this_computer_only(sandbox: Sandbox) -> None:
    listening = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        host, port = address.split(":")
        if state == "0A" and int(port, 16) in sandbox.ports.values():
            listening.add(host)
    assert listening == {"0100007F"}
    assert (sandbox.home / "log.jsonl").stat().st_mode & 0o077 == 0
    assert sandbox.home.stat().st_mode & 0o077 == 0
