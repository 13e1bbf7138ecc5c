"""Child processes that stop with their parent and write a log."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_living: list["Child"] = []
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """The operating system user a child runs as."""

    name: str
    uid: int
    gid: int


@dataclass(eq=False)
class Child:
    """A started process, its stop signal and its log."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    log_start: int = 0

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.running:
            self.process.send_signal(self.stop_signal)

    def stop(self, *, seconds: float) -> bool:
        """Stop the whole process group. Return False if it had to be killed."""
        self.ask_to_stop()
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the rest of the process group, including the leader's children."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self in _living:
            _living.remove(self)

    def last_lines(self, count: int = 15) -> list[str]:
        """Return the last lines that this run wrote to its log."""
        with self.log.open("rb") as log:
            log.seek(max(self.log_start, self.log.stat().st_size - 20_000))
            return log.read().decode(errors="replace").splitlines()[-count:]


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    kill_signal: signal.Signals = signal.SIGKILL,
) -> Child:
    """Start a process in its own session, so that Ctrl-C reaches only the supervisor, which stops it in order.

    On Linux the kernel also sends ``stop_signal`` when the parent dies. The kernel takes the calling
    thread for the parent, so call this from a thread that lives as long as the child should.
    """
    with log.open("ab", buffering=0) as output:
        start = output.tell()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=directory,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_die_with_parent(stop_signal),  # noqa: PLW1509 - a single system call that takes no lock
        )
    child = Child(name, process, log, stop_signal, kill_signal, start)
    _living.append(child)
    return child


def kill_at_once() -> None:
    """Kill every child without waiting, which is safe in a signal handler."""
    for child in tuple(_living):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, child.kill_signal)


def stop_leftover(pid: int, *, marker: str, stop_signal: signal.Signals, seconds: float = 30) -> bool:
    """Stop a server that an earlier run left behind, if ``pid`` runs and its command line contains ``marker``."""
    if marker not in command_line(pid):
        return False
    os.kill(pid, stop_signal)
    if not wait_until(lambda: marker not in command_line(pid), seconds=seconds):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: marker not in command_line(pid), seconds=5)
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def command_line(pid: int) -> str:
    """The words that started a process, with spaces between them; nothing for one that has ended."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return found.stdout


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    libc = _libc
    if libc is None:
        return None
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
