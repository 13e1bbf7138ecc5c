"""State directories with short names, and `up` as a real process."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tools.runtime.ports import free_port
from tools.runtime.process import command_line

# What the test session's own servers put into the environment must not reach a run that starts its own.
OWN_SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "LAD_EMBEDDED_SUPERUSER_URL", "DB_POOL")


def clean_environment(**extra: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OWN_SERVERS} | extra


def make_home() -> Path:
    return Path(tempfile.mkdtemp(prefix="lad-"))


@pytest.fixture
def home() -> Iterator[Path]:
    directory = make_home()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


READY = "Ctrl-C stops it."


class Run:
    """One `python -m tools.runtime.<module>`, its output and every process it started."""

    def __init__(self, home: Path, module: str = "up", **environment: str) -> None:
        self.home = home
        self.output_file = Path(tempfile.mkstemp(prefix="lad-", suffix=".out")[1])
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"tools.runtime.{module}"],
                env=clean_environment(LAD_HOME=str(home), **environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def wait_for(self, text: str, *, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, part_of_command: str) -> psutil.Process:
        for process in psutil.Process(self.process.pid).children():
            if part_of_command in command_line(process.pid):
                return process
        raise AssertionError(f"no {part_of_command} among the children")

    def stop(self, number: signal.Signals = signal.SIGINT, *, seconds: float = 90) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def remove(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output_file.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def running() -> Iterator[Run]:
    """A LAD that really runs, without demo data; started once for all tests here, the last of `up` stops it."""
    home = make_home()
    run = Run(home, LAD_PORT=str(free_port()), LAD_DEMO="0")
    try:
        run.wait_for(READY)
        yield run
    finally:
        run.stop()
        run.remove()
        shutil.rmtree(home, ignore_errors=True)


def address(run: Run) -> str:
    return (run.home / "lad.lock").read_text().splitlines()[1]


def port_of(run: Run) -> int:
    return int(address(run).rpartition(":")[2])


UNFINISHED_BODY = (
    b"POST /api/v1/auth/sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)
UNFINISHED_HEADER = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


class Unfinished(Thread):
    """A request that its client never finishes, read in a thread until the server answers or closes."""

    def __init__(self, part: bytes, port: int, *, is_answered: bool) -> None:
        super().__init__(daemon=True)
        self.part, self.is_answered = part, is_answered
        self.answer = b""
        self.seconds = 0.0
        self._client = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._client.sendall(part)
        self._began = time.monotonic()

    def run(self) -> None:
        with self._client:
            while received := self._client.recv(4096):
                self.answer += received
                if self.is_answered:
                    break
            self.seconds = time.monotonic() - self._began


@pytest.fixture(scope="session")
def unfinished(running: Run) -> list[Unfinished]:
    """Requests that are begun by the first test that asks, so that others run while the server waits for their rest."""
    answered = {UNFINISHED_BODY: True, UNFINISHED_HEADER: False, b"": False}
    requests = [Unfinished(part, port_of(running), is_answered=each) for part, each in answered.items()]
    for each in requests:
        each.start()
    return requests


def run_to_the_end(home: Path, **environment: str) -> tuple[int, str]:
    run = Run(home, **environment)
    try:
        return run.process.wait(120), run.output
    finally:
        run.remove()


def gone(processes: list[psutil.Process], *, seconds: float = 60) -> bool:
    """True once none of the processes is alive any more."""
    return not psutil.wait_procs(processes, timeout=seconds)[1]
