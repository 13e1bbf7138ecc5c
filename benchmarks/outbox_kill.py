"""Kill workers while they drain the outbox and count events that were lost, applied twice or out of order.

    python benchmarks/outbox_kill.py --events 20000 --kills 200

Starts its own database, broker and workers. Exits 1 unless every count is zero.
"""

import argparse
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.servers import migrated_servers  # noqa: E402  (importable only after sys.path is set)
from tools.runtime.process import Child, spawn  # noqa: E402

WORKER_APP = "benchmarks.kill_worker"
# While a file of this name exists, batches pause in the middle, so that kills hit one even on a fast machine.
KILLER_WAITS = "killer-waits"
TIMEOUT_SECONDS = 120
MAX_SECONDS_BETWEEN_KILLS = 0.6
WHOLE_WORKER_EVERY = 6
MAX_KILL_SECONDS = 5


@dataclass(slots=True)
class Workers:
    """Celery workers, restarted after they were killed."""

    environment: Mapping[str, str]
    directory: Path
    count: int = 2
    children: int = 2
    processes: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.busy.mkdir()

    @property
    def log(self) -> Path:
        return self.directory / "workers.log"

    @property
    def busy(self) -> Path:
        """Return the directory where a process in the middle of a batch leaves a file named after its id."""
        return self.directory / "busy"

    def lost_batches(self) -> int:
        """Return how many batches had lost their worker."""
        return self.log.read_text(errors="replace").count("batch lost its worker")

    def keep_alive(self) -> None:
        self.processes = [process for process in self.processes if process.running]
        while len(self.processes) < self.count:
            options = ["--concurrency", str(self.children), "--without-gossip", "--without-mingle", "-l", "WARNING"]
            name = f"kill-{secrets.token_hex(4)}@%h"
            self.processes.append(self._start("worker", "-n", name, *options))

    def kill_child(self, *, in_batch: bool) -> bool:
        """SIGKILL one process of a pool, optionally one in the middle of a batch. Return False if there is none."""
        pids = [pid for process in self.processes if process.running for pid in _children(process.process.pid)]
        if in_batch:
            pids = [pid for pid in pids if (self.busy / str(pid)).exists()]
        return bool(pids) and _kill(random.choice(pids))

    @contextmanager
    def held_in_batch(self) -> Iterator[None]:
        """Make processes pause in the middle of a batch."""
        flag = self.busy / KILLER_WAITS
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def kill_whole(self) -> bool:
        """SIGKILL a worker and its whole pool."""
        alive = [process for process in self.processes if process.running]
        if alive:
            random.choice(alive).kill()
        return bool(alive)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()

    def _start(self, *arguments: str) -> Child:
        return spawn(
            arguments[0],
            [sys.executable, "-m", "celery", "-A", WORKER_APP, *arguments],
            log=self.log,
            directory=ROOT,
            environment={**os.environ, **self.environment, "LAD_KILL_RUN": "1", "LAD_KILL_BUSY": str(self.busy)},
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """How the recorded effects differ from the committed events."""

    events: int
    lost: int
    doubled: int
    order_breaks: int
    dead: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.order_breaks or self.dead)


def tally(database: psycopg.Connection[Any]) -> Tally:
    """Compare the effects of both consumers with the events."""

    def count(query: str) -> int:
        row = database.execute(query).fetchone()
        return int(row[0]) if row else 0

    return Tally(
        events=count("SELECT count(*) FROM domain_events WHERE event_type = 'bench.counter.moved'"),
        lost=count(
            "SELECT count(*) FROM domain_events e CROSS JOIN (VALUES ('bench-plain'), ('bench-ordered')) c(name)"
            " WHERE e.event_type = 'bench.counter.moved' AND NOT EXISTS"
            " (SELECT 1 FROM outbox_kill_effects f WHERE f.event_id = e.id AND f.consumer = c.name)"
        ),
        doubled=count("SELECT count(*) - count(DISTINCT (consumer, event_id)) FROM outbox_kill_effects"),
        order_breaks=count(
            "SELECT count(*) FROM (SELECT number, lag(number) OVER (PARTITION BY aggregate_id ORDER BY id) AS previous"
            " FROM outbox_kill_effects WHERE consumer = 'bench-ordered') AS run WHERE number <= previous"
        ),
        dead=count("SELECT count(*) FROM event_deliveries WHERE state = 'dead'"),
    )


def unfinished(database: psycopg.Connection[Any]) -> int:
    """Return the number of deliveries that are neither done nor dead."""
    row = database.execute("SELECT count(*) FROM event_deliveries WHERE state <> 'dead'").fetchone()
    return int(row[0]) if row else 0


class Producer:
    """Emit events that are numbered from 1 for each aggregate, over several tenants."""

    def __init__(self, tenants: int = 10, aggregates: int = 40) -> None:
        from lad.db.identifiers import uuid7
        from lad.tenancy.context import platform_context
        from tenants.teams.models import Tenant

        with platform_context():
            rows = [
                Tenant.objects.create(name=f"Kill run {number} {uuid7()}", slug=f"kill-run-{uuid7().hex}")
                for number in range(tenants)
            ]
        self._aggregates: list[tuple[UUID, UUID]] = [
            (rows[number % tenants].pk, uuid7()) for number in range(aggregates)
        ]
        self._numbers = dict.fromkeys((key for _tenant, key in self._aggregates), 0)
        self.emitted = 0

    def emit(self, count: int) -> None:
        from lad.outbox.emission import NewEvent, emit_many
        from lad.tenancy.context import platform_context

        events = []
        for _ in range(count):
            tenant, key = random.choice(self._aggregates)
            self._numbers[key] += 1
            events.append(
                NewEvent(
                    "bench.counter.moved",
                    payload={"number": self._numbers[key]},
                    tenant_id=tenant,
                    aggregate_type="counter",
                    aggregate_id=key,
                )
            )
        with platform_context():
            emit_many(events)
        self.emitted += count


def kill_run(
    workers: Workers,
    producer: Producer,
    database: psycopg.Connection[Any],
    *,
    events: int,
    kills: int,
    poke: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda line: None,
) -> int:
    """Emit the events while killing workers, then let them finish. Return the number of kills."""
    done = 0
    deadline = time.monotonic() + TIMEOUT_SECONDS + kills * MAX_KILL_SECONDS
    while done < kills:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Only {done} kills so far: {workers.log} ends with {workers.log.read_text()[-2000:]}")
        workers.keep_alive()
        # Emit in proportion to the kills, and always some, so that each kill can hit a busy worker.
        wanted = events * (done + 1) // kills - producer.emitted
        if wanted <= 0 and not unfinished(database):
            wanted = events // kills // 4 + 1
        with workers.held_in_batch() if _in_batch(done) else nullcontext():
            producer.emit(min(max(wanted, 0), events - producer.emitted))
            poke()
            time.sleep(random.uniform(0, MAX_SECONDS_BETWEEN_KILLS))
            killed = _kill_one(workers, done, idle=producer.emitted == events and not unfinished(database))
        if killed:
            done += 1
            if done % 20 == 0:
                say(f"{done} kills, {producer.emitted} events emitted, {unfinished(database)} deliveries to do")
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while unfinished(database) and time.monotonic() < deadline:
        workers.keep_alive()
        poke()
        time.sleep(0.1)
    return done


def _in_batch(number: int) -> bool:
    """Return whether this kill should hit the middle of a batch."""
    return number % 4 != 0


def _kill_one(workers: Workers, number: int, *, idle: bool) -> bool:
    """Kill a whole worker now and then, otherwise one process, usually in the middle of a batch."""
    if number % WHOLE_WORKER_EVERY == WHOLE_WORKER_EVERY - 1:
        return workers.kill_whole()
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        time.sleep(random.uniform(0.001, 0.02))
        if workers.kill_child(in_batch=_in_batch(number) and not idle):
            return True
    return False


def _children(pid: int) -> list[int]:
    """Return the ids of the living child processes."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [child for child in children if _is_alive(child)]


def _is_alive(pid: int) -> bool:
    try:
        # The process name may contain anything, but ends with the last parenthesis.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + 1
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.001)
    return True


@contextmanager
def _servers(directory: Path) -> Iterator[psycopg.Connection[Any]]:
    """Start servers and create the table that records each effect."""
    with migrated_servers(directory, LAD_KILL_RUN="1") as database:
        from benchmarks import kill_worker

        database.execute(kill_worker.EFFECTS)
        yield database


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-kill-"))
    started = time.monotonic()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database = stack.enter_context(_servers(directory))
        workers = Workers({}, directory)
        stack.callback(workers.stop)
        kills = kill_run(
            workers,
            Producer(),
            database,
            events=options.events,
            kills=options.kills,
            say=lambda line: print(line, flush=True),
        )
        result = tally(database)
        crashed = workers.lost_batches()
    print(
        f"events {result.events}  kills {kills}  batches that lost their worker {crashed}\n"
        f"lost {result.lost}  doubled {result.doubled}  order breaks {result.order_breaks}  dead {result.dead}\n"
        f"{time.monotonic() - started:.0f} s"
    )
    return 0 if result.clean and result.events == options.events else 1


if __name__ == "__main__":
    sys.exit(main())
