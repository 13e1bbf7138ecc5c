"""Finalises invoices from many connections at once and proves that no number is missing or doubled.

    python benchmarks/finalise.py --count 10000 --processes 4 --threads 4 --kills 20

Starts a database of its own. First over many tenants, then in one tenant, where every number waits
for the one before it, then both together while workers are killed at random. Exits 1 unless each
series counts 1, 2, 3 to its last number, every draft was finalised once, and every number that a
worker was given is on the invoice it was given for.
"""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.stage import stage  # noqa: E402  (run as a script, it finds the others beside itself)
from tools.runtime.process import Child, spawn  # noqa: E402

TENANTS: Final = 50
DRAFTS_PER_STATEMENT: Final = 1_000
PATIENCE_SECONDS: Final = 900
LONGEST_PEACE_SECONDS: Final = 1.5
# Shares of the count: many tenants, one tenant, both with kills.
MANY, HOT, KILLED = 0.4, 0.2, 0.4
WORKER: Final = "--worker"
MONTH: Final = timedelta(days=30)

Job = tuple[UUID, UUID]

BROKEN: Final = """
SELECT s.tenant_id, s.series, s.last_number, count(i.id), count(DISTINCT i.sequence_number), max(i.sequence_number)
FROM billing_invoice_series s
LEFT JOIN billing_invoices i ON i.tenant_id = s.tenant_id AND i.series = s.series AND i.sequence_number IS NOT NULL
GROUP BY s.id
HAVING count(i.id) <> s.last_number OR count(DISTINCT i.sequence_number) <> s.last_number
    OR COALESCE(max(i.sequence_number), 0) <> s.last_number OR COALESCE(min(i.sequence_number), 1) <> 1
"""


@dataclass(slots=True)
class Run:
    """One way of finalising, and what came of it: the number each invoice was said to have."""

    name: str
    jobs: list[Job]
    kills: int = 0
    killed: int = 0
    seconds: float = 0.0
    told: dict[UUID, set[str]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        spread = statistics.quantiles(self.milliseconds, n=100)
        rate = len(self.jobs) / self.seconds
        return (
            f"{self.name:<22} {len(self.jobs):>7,} invoices {rate:>7.0f}/s"
            f"   median {statistics.median(self.milliseconds):>6.1f} ms   p99 {spread[98]:>7.1f} ms"
            f"   workers killed {self.killed}"
        )


@dataclass(slots=True)
class Worker:
    """A process that finalises its share, started again with the rest of it when it was killed."""

    place: Path
    jobs: list[Job]
    threads: int
    child: Child | None = None

    def start(self) -> None:
        """Begin, or go on where the process before it was killed."""
        done = {UUID(line[0]) for line in self.acknowledged()}
        rest = [job for job in self.jobs if job[1] not in done]
        self.place.with_suffix(".jobs").write_text("".join(f"{tenant} {invoice}\n" for tenant, invoice in rest))
        command = [sys.executable, __file__, WORKER, self.place, "--threads", str(self.threads)]
        self.child = spawn(self.place.name, [str(part) for part in command], log=self.place.with_suffix(".log"))

    def acknowledged(self) -> Iterator[list[str]]:
        """What it wrote down after each commit; a kill may cut the last line short."""
        for path in self.place.parent.glob(f"{self.place.name}.*.done"):
            yield from (line.split() for line in path.read_text().splitlines(keepends=True) if line.endswith("\n"))

    @property
    def finished(self) -> bool:
        """Whether it is through. Raises RuntimeError when it ended by itself before."""
        if self.child is None or self.child.running:
            return False
        if self.child.process.returncode > 0:
            raise RuntimeError("\n".join(self.child.last_lines()))
        return self.child.process.returncode == 0


def work(place: Path, threads: int) -> None:
    """The body of a worker: wait for the start, finalise, and write down each number after its commit."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")
    django.setup()
    from billing.invoicing import services as invoices
    from billing.invoicing.models import Invoice
    from lad.tenancy.context import tenant_context

    lines = place.with_suffix(".jobs").read_text().splitlines()
    jobs = [(UUID(tenant), UUID(invoice)) for tenant, invoice in (line.split() for line in lines)]
    place.with_suffix(".ready").touch()
    while not (place.parent / "go").exists():
        time.sleep(0.005)

    def some(number: int) -> None:
        written = place.parent / f"{place.name}.{os.getpid()}-{number}.done"
        with written.open("w", buffering=1) as done:
            for tenant, invoice in jobs[number::threads]:
                began = time.perf_counter()
                with tenant_context(tenant):
                    made = invoices.finalise(invoice=Invoice(pk=invoice))
                took = (time.perf_counter() - began) * 1000
                done.write(f"{invoice} {made.invoice_number} {took:.3f}\n")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(threads)))


def carry_out(run: Run, directory: Path, *, processes: int, threads: int) -> None:
    """Finalise the run's invoices by workers that begin together; kill some of them while they work."""
    place = directory / run.name.replace(" ", "-")
    place.mkdir()
    workers = [Worker(place / f"worker-{n}", run.jobs[n::processes], threads) for n in range(processes)]
    for worker in workers:
        worker.start()
    _wait(lambda: all(worker.place.with_suffix(".ready").exists() for worker in workers), workers)
    (place / "go").touch()
    began = time.monotonic()
    while not all(worker.finished for worker in workers):
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise TimeoutError(f"{run.name} is not through after {PATIENCE_SECONDS} s")
        if run.killed < run.kills:
            time.sleep(random.uniform(0.1, LONGEST_PEACE_SECONDS))
            run.killed += _kill_one(workers)
        else:
            time.sleep(0.02)
    run.seconds = time.monotonic() - began
    for worker in workers:
        for invoice, number, took in worker.acknowledged():
            run.told.setdefault(UUID(invoice), set()).add(number)
            run.milliseconds.append(float(took))


def _kill_one(workers: Sequence[Worker]) -> int:
    alive = [worker for worker in workers if worker.child and worker.child.running]
    if not alive:
        return 0
    victim = random.choice(alive)
    if victim.child:
        victim.child.kill()
    victim.start()
    return 1


def _wait(until: Any, workers: Sequence[Worker]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until():
        if time.monotonic() > deadline or any(worker.finished for worker in workers):
            raise TimeoutError("The workers did not get ready.")
        time.sleep(0.02)


def drafts(tenants: Sequence[UUID], count: int) -> list[Job]:
    """So many drafts, written by hand, over the tenants in turn."""
    from django.utils import timezone

    from billing.invoicing import services as invoices
    from billing.invoicing.models import Invoice
    from lad.tenancy.context import platform_context

    now = timezone.now()
    jobs: list[Job] = []
    lines = [invoices.line("Support, one month", Decimal(1), Decimal("249.00"))]
    for start in range(0, count, DRAFTS_PER_STATEMENT):
        rows = [
            Invoice(tenant_id=tenants[n % len(tenants)], line_items=lines, period_start=now, period_end=now + MONTH)
            for n in range(start, min(start + DRAFTS_PER_STATEMENT, count))
        ]
        for row in rows:
            row.subtotal = row.total = invoices.line_sum(lines)
        with platform_context():
            Invoice.objects.bulk_create(rows)
        jobs += [(row.tenant_id, row.pk) for row in rows]
    random.shuffle(jobs)
    return jobs


def companies(count: int) -> list[UUID]:
    """So many new tenants."""
    from lad.db.identifiers import uuid7
    from lad.tenancy.context import platform_context
    from tenants.teams.models import Tenant

    with platform_context():
        names = (uuid7().hex for _ in range(count))
        return [Tenant.objects.create(name=f"Finalise {name}", slug=f"finalise-{name}").pk for name in names]


def problems(run: Run, database: psycopg.Connection[Any]) -> list[str]:
    """What is wrong after a run; nothing when every number is where it belongs."""
    found = [f"series {row[1]} of {row[0]}: last {row[2]}, on invoices {row[3:]}" for row in database.execute(BROKEN)]
    numbers = dict(
        database.execute(
            "SELECT id, invoice_number FROM billing_invoices WHERE id = ANY(%s)", [[job[1] for job in run.jobs]]
        ).fetchall()
    )
    for _tenant, invoice in run.jobs:
        number, told = numbers.get(invoice, ""), run.told.get(invoice, set())
        if not number:
            found.append(f"{invoice} was not finalised")
        elif told != {number}:
            found.append(f"{invoice} has {number}, its workers were told {sorted(told)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(WORKER, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.threads)
        return 0
    directory = Path(tempfile.mkdtemp(prefix="lad-finalise-"))
    found: list[str] = []
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database = stack.enter_context(stage(directory))
        import django

        django.setup()
        many, hot = companies(TENANTS), companies(1)
        # Half of the last run is the one tenant's.
        mixed = many + hot * TENANTS
        plan = (
            Run(f"{TENANTS} tenants", drafts(many, int(options.count * MANY))),
            Run("one tenant", drafts(hot, int(options.count * HOT))),
            Run("both, with kills", drafts(mixed, int(options.count * KILLED)), kills=options.kills),
        )
        for run in plan:
            carry_out(run, directory, processes=options.processes, threads=options.threads)
            found += problems(run, database)
            print(run, flush=True)
    for line in found[:20]:
        print(line)
    print(f"{options.processes} processes × {options.threads} threads   {len(found)} gaps, doubles or lost numbers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
