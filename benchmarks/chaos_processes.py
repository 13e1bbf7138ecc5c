"""The processes of the chaos benchmarks: workers that are killed, servers that are restarted, and the sandbox."""

import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.ledger_stress import Servers
from benchmarks.outbox_kill import _children as children_of
from tools.runtime.process import Child, spawn

ROOT: Final = Path(__file__).resolve().parents[1]
WORKERS, CHILDREN = 2, 2
WHOLE_WORKER_EVERY: Final = 8
START_SECONDS: Final = 120.0
QUARTERS: Final = 4


@dataclass
class Chaos:
    """The processes that are killed, and how often that was done."""

    servers: Servers
    directory: Path
    environment: dict[str, str]
    workers: list[Child] = field(default_factory=list)
    restarts: int = 0
    restart_seconds: float = 0.0
    # The share of the work that was done at each kill of a process, and at each of a whole worker.
    process_kills: list[float] = field(default_factory=list)
    worker_kills: list[float] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return len(self.process_kills) + len(self.worker_kills)

    @property
    def interrupted(self) -> int:
        """Return how many calls the kills and restarts interrupted at most: one in each process that was hit."""
        return len(self.process_kills) + (len(self.worker_kills) + self.restarts * WORKERS) * CHILDREN

    def kills_by_quarter(self) -> list[int]:
        """Return the number of kills in each quarter of the work."""
        quarters = [0] * QUARTERS
        for share in (*self.process_kills, *self.worker_kills):
            quarters[min(int(share * QUARTERS), QUARTERS - 1)] += 1
        return quarters

    def keep_alive(self) -> None:
        self.workers = [worker for worker in self.workers if worker.running]
        while len(self.workers) < WORKERS:
            options = ["--concurrency", str(CHILDREN), "--without-gossip", "--without-mingle", "-l", "WARNING"]
            name = f"chaos-{secrets.token_hex(4)}@%h"
            command = [sys.executable, "-m", "lad.worker", "-n", name, *options]
            log = self.directory / "workers.log"
            self.workers.append(spawn("worker", command, log=log, directory=ROOT, environment=self.environment))

    def kill(self, share: float) -> None:
        """Kill a process of a pool, or now and then a whole worker, when that share of the work is done."""
        if self.kills % WHOLE_WORKER_EVERY == WHOLE_WORKER_EVERY - 1:
            random.choice(self.workers).kill()
            self.worker_kills.append(share)
            return
        pids = [pid for worker in self.workers if worker.running for pid in children_of(worker.process.pid)]
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)
            self.process_kills.append(share)

    def restart(self) -> None:
        """Kill the database or the broker and start it again."""
        began = time.monotonic()
        if self.restarts % 2:
            valkey = self.servers.valkey
            if valkey.child is not None:
                valkey.child.kill()
            valkey.start()
        else:
            self.servers.kill()
        self.restarts += 1
        self.restart_seconds += time.monotonic() - began

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()


@contextmanager
def sandbox(directory: Path, *options: str) -> Iterator[dict[str, int]]:
    """Run the sandbox with these options and yield its ports. Its people answer nothing."""
    home, ports = directory / "sandbox", directory / "sandbox.json"
    home.mkdir()
    command = [sys.executable, "-m", "sandbox", "--home", str(home), "--people", "silent", "--port-file", str(ports)]
    command += options
    child = spawn("sandbox", command, log=directory / "sandbox.log", directory=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ports.exists():
            if time.monotonic() > deadline or not child.running:
                raise SystemExit("The sandbox did not start:\n" + "\n".join(child.last_lines()))
            time.sleep(0.05)
        yield json.loads(ports.read_text())
    finally:
        child.stop(seconds=10)
