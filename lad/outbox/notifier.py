"""Wake the workers when there is work. A lost message delays work by seconds and loses none: beat polls as well."""

import os
import threading
import time
from typing import Final

import structlog
from django.db import transaction

from lad.celery import app

# One message per process and interval is enough: a run of the task takes all the work there is.
INTERVAL_SECONDS: Final = 0.05
EXPIRES_SECONDS: Final = 5

log = structlog.get_logger("lad.outbox")


class WorkerNotifier:
    """Asks the workers to run one task soon.

    A thread of its own sends the messages, so that a commit never waits for the broker or fails with it.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._process = 0

    def notify(self) -> None:
        """Ask for the task to run soon. Returns at once."""
        with self._lock:
            if self._process != os.getpid():
                # A fork inherits the lock and the flag, but not the thread.
                self._process = os.getpid()
                self._wanted = threading.Event()
                threading.Thread(target=self._run, args=(self._wanted,), name="worker-notifier", daemon=True).start()
        self._wanted.set()

    def notify_on_commit(self) -> None:
        """Ask for the task to run soon after the current transaction commits, if it commits."""
        transaction.on_commit(self.notify, robust=True)

    def _run(self, wanted: threading.Event) -> None:
        while True:
            wanted.wait()
            wanted.clear()
            self._send()
            time.sleep(INTERVAL_SECONDS)

    def _send(self) -> None:
        """Send one message. A broker that does not answer is logged, not raised."""
        try:
            app.send_task(self._task, expires=EXPIRES_SECONDS, retry=False, ignore_result=True)
        except Exception as error:
            log.warning("worker not notified", task_name=self._task, reason=f"{type(error).__name__}: {error}")


drain_notifier: Final = WorkerNotifier("tenants.drain_events")
