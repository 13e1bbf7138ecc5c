"""A worker with ``--autoscale`` starts a process for a task that waits, and ends it when none has waited for long."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
# A worker of its own: its queue holds only this test's tasks, which sleep for a given time.
WORKER = """
import sys, time
from lad import worker

@worker.app.task(name="trial.sleep")
def sleep(seconds):
    time.sleep(seconds)

sys.argv[1:] = ["--autoscale", "2,1", "--queues", "{queue}", "--loglevel", "INFO", "--without-gossip"]
worker.main()
"""


class Worker:
    """A running worker and its own queue."""

    def __init__(self, queue: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.queue = queue
        self.process = process
        self.log = log

    def send(self, seconds: float) -> None:
        """Send a task that takes some seconds."""
        from lad.celery import app

        app.send_task("trial.sleep", args=[seconds], queue=self.queue)

    @property
    def processes(self) -> int:
        """Return how many processes run tasks, or wait for some."""
        return len(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())

    def reaches(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    queue, log = f"trial-{uuid4().hex[:8]}", tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WORKER.format(queue=queue)],
            cwd=ROOT,
            env=os.environ | {"AUTOSCALE_KEEPALIVE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Worker(queue, process, log)
    try:
        assert running.reaches(lambda: "ready." in log.read_text(), seconds=60), log.read_text()[-2000:]
        yield running
    finally:
        # At once: a warm shutdown would wait for the tasks that are still asleep.
        process.send_signal(signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(queue)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_second_process_runs_while_a_task_waits_and_ends_afterwards(worker: Worker) -> None:
    assert worker.processes == 1
    worker.send(0)
    time.sleep(1)
    for _ in range(2):
        worker.send(0)
    time.sleep(1)
    assert "Scaling up" not in worker.log.read_text(), "short tasks need no second process"

    worker.send(3)
    worker.send(0.5)
    assert worker.reaches(lambda: worker.processes == 2, seconds=10)

    # Tasks that come one at a time do not keep it.
    deadline = time.monotonic() + 40
    while worker.processes > 1:
        assert time.monotonic() < deadline
        worker.send(0)
        time.sleep(0.3)
    worker.send(3)
    worker.send(0.5)
    assert worker.reaches(lambda: worker.processes == 2, seconds=10), "it grows again"
    assert "WorkerLost" not in worker.log.read_text()
