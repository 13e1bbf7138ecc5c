"""Two transactions at once in tests: a second one in a thread, and the moment at which it has to wait."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

from django.db import connection

from tests.conftest import superuser_connection

WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""


class Other:
    """Somebody else, at work in a thread and on a connection of their own; ``failed`` is what stopped them."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.failed: Exception | None = None
        self.thread = Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:
            self.failed = error
        finally:
            connection.close()

    def ended(self) -> bool:
        """Wait until they are through; whether nothing stopped them."""
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.failed is None


def until_somebody_waits() -> None:
    """Return when somebody waits for a lock in this test's database."""
    with superuser_connection() as superuser:
        for _ in range(2_000):
            if superuser.execute(WAITING).fetchone() != (0,):
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")
