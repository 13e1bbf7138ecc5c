"""Run transactions in threads: at the same moment, or one that waits for a lock of the test's own."""

import time
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from tests.support.database import superuser_connection

BLOCKED_SESSIONS = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""
ATTEMPTS = 2_000
JOIN_TIMEOUT = 20


class ConcurrentWork:
    """Work that runs in a thread on its own database connection. ``error`` is the exception that ended it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.error: Exception | None = None
        self.thread = Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            self.error = error
        finally:
            connection.close()

    def succeeded(self) -> bool:
        """Wait for the end of the work and return whether it raised nothing."""
        self.thread.join(JOIN_TIMEOUT)
        assert not self.thread.is_alive()
        return self.error is None


def wait_until_blocked() -> None:
    """Return as soon as a session of the test database waits for a lock. Raise AssertionError after ten seconds."""
    with superuser_connection() as superuser:
        for _ in range(ATTEMPTS):
            if superuser.execute(BLOCKED_SESSIONS).fetchone() != (0,):
                return
            time.sleep(0.005)
    raise AssertionError("no session waits for a lock")


def run_together(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment on their own connections. Return their results or exceptions, in order."""
    barrier = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
