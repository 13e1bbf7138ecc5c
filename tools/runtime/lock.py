"""Lock a state directory for one process. The operating system releases the lock when the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import AlreadyRunning


class Lock:
    """A locked file that names its holder: the process id, then any lines that the holder adds."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def describe(self, *lines: str) -> None:
        content = "\n".join([str(os.getpid()), *lines]) + "\n"
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content.encode(), 0)


def is_held(path: Path) -> bool:
    """Return whether a running process holds the lock."""
    try:
        with exclusive(path, what=""):
            return False
    except AlreadyRunning:
        return True


@contextmanager
def exclusive(path: Path, *, what: str) -> Iterator[Lock]:
    """Hold the lock for the block. Raise AlreadyRunning, naming the holder, if another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, *details = path.read_text().splitlines() or ["unknown"]
            where = f" at {details[0]}" if details else ""
            raise AlreadyRunning(
                f"{what} is already running here{where} (process {pid}, state in {path.parent}). "
                f"Use that one, or stop it first with: kill {pid}"
            ) from None
        lock = Lock(path, descriptor)
        lock.describe()
        yield lock
    finally:
        os.close(descriptor)
