"""Tells the workers that there is work. A lost hint costs a second, never an event: beat polls as well."""

import os
import threading
import time

import structlog

from lad.celery import app

# One hint per process and interval is enough: a drain takes whatever is there.
INTERVAL_SECONDS = 0.05
HINT_LIVES_SECONDS = 5

log = structlog.get_logger("lad.outbox")


class Doorbell:
    """Rings in a thread of its own, so that nobody who commits waits for the broker or fails with it."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._process = 0

    def ring(self) -> None:
        """Ask for the task to run soon; returns at once."""
        with self._lock:
            if self._process != os.getpid():
                # A fork takes the lock and the flag along, but not the thread.
                self._process = os.getpid()
                self._wanted = threading.Event()
                threading.Thread(target=self._run, args=(self._wanted,), name="outbox-hints", daemon=True).start()
        self._wanted.set()

    def _run(self, wanted: threading.Event) -> None:
        while True:
            wanted.wait()
            wanted.clear()
            send_hint(self._task)
            time.sleep(INTERVAL_SECONDS)


def send_hint(task: str) -> None:
    """Put one hint into the broker. A broker that is away is logged, not raised."""
    try:
        app.send_task(task, expires=HINT_LIVES_SECONDS, retry=False, ignore_result=True)
    except Exception as error:
        log.warning("hint not sent", task_name=task, reason=f"{type(error).__name__}: {error}")


_doorbell = Doorbell("tenants.drain_events")


def ring() -> None:
    """Ask the workers to drain soon."""
    _doorbell.ring()
