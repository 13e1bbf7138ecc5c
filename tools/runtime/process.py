"""Child processes that never outlive their parent and always leave a log."""

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
    """A started process, the signal that asks it to stop, and where it writes."""

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
        """Stop the whole process group; False if it had to be killed."""
        self.ask_to_stop()
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill what is left of the process group, the leader's children included."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self in _living:
            _living.remove(self)

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of what this run wrote to its log."""
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
    """Start a process in its own session, so that Ctrl-C reaches only whoever stops it in order.

    On Linux the kernel also sends ``stop_signal`` if the parent dies without saying goodbye; it counts the
    thread that called as the parent, so call from one that lives as long as the child should.
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
            preexec_fn=_die_with_parent(stop_signal),  # noqa: PLW1509 - one system call, nothing that locks
        )
    child = Child(name, process, log, stop_signal, kill_signal, start)
    _living.append(child)
    return child


def kill_at_once() -> None:
    """Kill every child; safe in a signal handler, for it waits for nothing."""
    for child in tuple(_living):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, child.kill_signal)


def stop_leftover(pid: int, *, marker: str, stop_signal: signal.Signals, seconds: float = 30) -> bool:
    """Stop a server an earlier run lost, if ``pid`` is alive and its command line names ``marker``."""
    if marker not in _command_line(pid):
        return False
    os.kill(pid, stop_signal)
    if not wait_until(lambda: marker not in _command_line(pid), seconds=seconds):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: marker not in _command_line(pid), seconds=5)
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    libc = _libc
    if libc is None:
        return None
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))


def _command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return found.stdout
