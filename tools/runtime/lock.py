"""One owner at a time for a state directory; the kernel releases the lock however the owner dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .problems import AlreadyRunning


class Lock:
    """A locked file that tells others who holds it: the process id, then any lines the holder adds."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def describe(self, *lines: str) -> None:
        content = "\n".join([str(os.getpid()), *lines]) + "\n"
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content.encode(), 0)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        with exclusive(path, what=""):
            return False
    except AlreadyRunning:
        return True


@contextmanager
def exclusive(path: Path, *, what: str) -> Iterator[Lock]:
    """Hold ``path`` for the length of the block; AlreadyRunning names the holder if there is one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, *details = path.read_text().splitlines() or ["unknown"]
            where = f" at {details[0]}" if details else ""
            raise AlreadyRunning(
                f"{what} already runs here{where} (process {pid}, state in {path.parent}). "
                f"Use that one, or stop it first with: kill {pid}"
            ) from None
        lock = Lock(path, descriptor)
        lock.describe()
        yield lock
    finally:
        os.close(descriptor)
