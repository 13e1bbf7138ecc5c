"""Measure the outbox: how fast it drains, how soon an effect follows its commit, and whether tenants are equal.

    python benchmarks/outbox.py [--events 8000] [--rounds 3] [--probes 100] [--backlog 100000]

Starts servers and workers of its own and takes a few minutes. Two processes drain changes of leads into the
activity feed; in the same rounds two processes run raw SQL that handles as many events exactly once, and two run
no-op tasks of Celery. The latency is measured from the commit of a transaction like a request's, in this process,
to the moment another connection sees the feed's entry.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import outbox_worker  # noqa: E402  (importable only after sys.path is set)
from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.servers import migrated_servers  # noqa: E402
from tools.runtime.process import Child, spawn  # noqa: E402

PROCESSES: Final = 2
TENANTS: Final = 10
LEADS_PER_TENANT: Final = 200
NO_OPS: Final = 1_000
AIM_DRAIN: Final = 0.3
AIM_IDLE_MS: Final = 25.0
AIM_QUIET_MS: Final = 1_000.0
AIM_NOTIFICATION: Final = 0.02
CHANGES: Final = 200
NOTIFICATIONS: Final = 2_000
PROBE_TIMEOUT: Final = 30.0
POLL_SECONDS: Final = 0.001

SEEN: Final = "SELECT 1 FROM activity_entries WHERE tenant_id = %s AND event_id = %s"
LATEST: Final = "SELECT id FROM domain_events WHERE tenant_id = %s AND aggregate_id = %s ORDER BY id DESC LIMIT 1"

FILL_RAW: Final = """
TRUNCATE raw_events, raw_inbox, raw_effects;
INSERT INTO raw_events (id, tenant_id, event_type, aggregate_id, payload, metadata)
SELECT gen_random_uuid(), gen_random_uuid(), 'leads.lead.updated', gen_random_uuid(),
       '{"changed": ["stage"]}', '{"version": 1, "actor_id": null, "request_id": null}'
FROM generate_series(1, {count});
ANALYZE raw_events;
"""


class Pair:
    """Two processes that work at the same time when they are told."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.outbox_worker", kind]
        self._processes = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        for process in self._processes:
            self._out(process).readline()

    def rate(self, expected: int) -> float:
        """Return the events per second. Raises SystemExit unless they have handled the expected number."""
        started = time.monotonic()
        for process in self._processes:
            stdin: IO[str] = process.stdin  # type: ignore[assignment]  # piped above
            stdin.write("\n")
            stdin.flush()
        handled = sum(int(self._out(process).readline()) for process in self._processes)
        elapsed = time.monotonic() - started
        if handled != expected:
            raise SystemExit(f"{handled} events were handled, {expected} were expected.")
        return handled / elapsed

    def stop(self) -> None:
        for process in self._processes:
            process.communicate(timeout=60)

    @staticmethod
    def _out(process: "subprocess.Popen[str]") -> IO[str]:
        out: IO[str] = process.stdout  # type: ignore[assignment]  # piped above
        return out


@dataclass(slots=True)
class Leads:
    """Tenants with an owner and leads, and the changes made to them."""

    tenants: list[tuple[UUID, UUID, list[UUID]]]

    @classmethod
    def create(cls) -> "Leads":
        from lad.db.identifiers import uuid7
        from lad.outbox.emission import quiet
        from lad.tenancy.context import platform_context, tenant_context
        from leads.contacts.models import Lead
        from tenants.accounts.models import User
        from tenants.teams.models import Membership, Tenant

        rows = []
        for number in range(TENANTS):
            with platform_context(), quiet():
                tenant = Tenant.objects.create(name=f"Bench {number}", slug=f"bench-{uuid7().hex}")
                user = User.objects.create(email=f"bench-{uuid7().hex}@example.com", first_name=f"Owner {number}")
            with tenant_context(tenant.pk), quiet():
                Membership.objects.create(user=user, role="owner")
                leads = Lead.objects.bulk_create(
                    Lead(
                        tenant_id=tenant.pk,
                        first_name="Ada",
                        last_name=f"Number {index}",
                        company_name="Analytical Engines",
                        created_by_user=user,
                    )
                    for index in range(LEADS_PER_TENANT)
                )
            rows.append((tenant.pk, user.pk, [lead.pk for lead in leads]))
        return cls(rows)

    def announce(self, count: int, *, tenant: int | None = None) -> None:
        """Commit that many events about the leads, of all tenants in turn or of one."""
        from lad.outbox.emission import NewEvent, emit_many
        from lad.tenancy.context import platform_context

        def event(index: int) -> NewEvent:
            tenant_id, user, leads = self.tenants[index % TENANTS if tenant is None else tenant]
            return NewEvent(
                "leads.lead.updated",
                payload={"changed": ["stage"]},
                actor=user,
                tenant_id=tenant_id,
                aggregate_type="lead",
                aggregate_id=leads[index // TENANTS % LEADS_PER_TENANT],
            )

        for start in range(0, count, 1_000):
            with platform_context():
                emit_many(event(index) for index in range(start, min(start + 1_000, count)))

    def change(self, *, tenant: int, index: int) -> tuple[UUID, UUID]:
        """Change a lead as a request does, in one transaction, and return the tenant and the lead."""
        from lad import writes
        from lad.tenancy.context import tenant_context
        from leads.contacts.models import Lead

        tenant_id, user, leads = self.tenants[tenant]
        lead_id = leads[index % LEADS_PER_TENANT]
        with tenant_context(tenant_id, user_id=user):
            writes.update(Lead.objects.get(pk=lead_id), {"title": f"Engineer {index} {time.monotonic_ns()}"})
        return tenant_id, lead_id


class Observer:
    """A connection that waits until the entry of a change can be seen."""

    def __init__(self, database: psycopg.Connection[Any], leads: Leads) -> None:
        self._database = database
        self._leads = leads

    def delay(self, *, tenant: int, index: int) -> float:
        """Make a change and return the milliseconds from its commit to its effect."""
        tenant_id, lead_id = self._leads.change(tenant=tenant, index=index)
        committed = time.monotonic()
        row = self._database.execute(LATEST, [tenant_id, lead_id]).fetchone()
        assert row is not None
        while self._database.execute(SEEN, [tenant_id, row[0]]).fetchone() is None:
            if time.monotonic() - committed > PROBE_TIMEOUT:
                raise SystemExit("An effect did not appear within 30 seconds.")
            time.sleep(POLL_SECONDS)
        return (time.monotonic() - committed) * 1000

    def delays(self, count: int, *, tenant: int, pause: float) -> list[float]:
        found = []
        for index in range(count):
            found.append(self.delay(tenant=tenant, index=index))
            time.sleep(pause)
        return found


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@contextmanager
def worker(directory: Path) -> Iterator[Child]:
    """Run a Celery worker with at most two processes, as ``make up`` does."""
    options = ["worker", "--autoscale", f"{PROCESSES},1", "--loglevel", "WARNING"]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    child = spawn(
        "worker",
        [sys.executable, "-m", "celery", "-A", "benchmarks.outbox_worker", *options],
        log=directory / "worker.log",
        directory=ROOT,
        environment=dict(os.environ),
    )
    try:
        yield child
    finally:
        child.stop(seconds=30)


@contextmanager
def steady_load(leads: Leads, rate: float) -> Iterator[None]:
    """Commit events of all tenants at a rate, 20 in a transaction."""
    stop = threading.Event()

    def run() -> None:
        due = time.monotonic()
        while not stop.is_set():
            leads.announce(20)
            due += 20 / rate
            stop.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def waiting(database: psycopg.Connection[Any]) -> int:
    row = database.execute("SELECT count(*) FROM event_deliveries").fetchone()
    return int(row[0]) if row else 0


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("The workers did not finish in time.")
        time.sleep(0.05)


def clear(database: psycopg.Connection[Any]) -> None:
    """Remove the events and their effects, so that every round starts alike."""
    # The feed is append-only: as a replica the superuser runs no triggers.
    database.execute("SET session_replication_role = replica")
    database.execute("TRUNCATE activity_entries, event_deliveries, event_batches, domain_events CASCADE")
    database.execute("SET session_replication_role = origin")
    for table in ("activity_entries", "event_deliveries", "domain_events"):
        database.execute(f"VACUUM (ANALYZE) {table}")


def measure_drain(database: psycopg.Connection[Any], leads: Leads, events: int, rounds: int) -> tuple[float, float]:
    """Return the events per second of the drain and its share of raw SQL: medians over the rounds."""
    database.execute(outbox_worker.RAW_TABLES)
    drains, raws = Pair("drain"), Pair("raw")
    rates, ratios = [], []
    for number in range(rounds + 1):
        clear(database)
        leads.announce(events)
        database.execute("ANALYZE domain_events, event_deliveries")
        drained = drains.rate(events)
        database.execute(FILL_RAW.replace("{count}", str(events * 4)))
        raw = raws.rate(events * 4)
        if number:
            # The first round warms both up.
            print(f"  drain {drained:7,.0f}/s   raw {raw:7,.0f}/s   ratio {drained / raw:.2f}", flush=True)
            rates.append(drained)
            ratios.append(drained / raw)
    entries = database.execute("SELECT count(*), count(DISTINCT event_id) FROM activity_entries").fetchone()
    if entries != (events, events):
        raise SystemExit(f"{entries} entries and different events in the feed, {events} were expected.")
    drains.stop()
    raws.stop()
    return statistics.median(rates), statistics.median(ratios)


def measure_no_ops() -> float:
    """Return how many no-op tasks a second the worker runs."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        for _ in range(NO_OPS):
            outbox_worker.nothing.delay()
        before = broker.llen("lad")
        started = time.monotonic()
        wait_until(lambda: broker.llen("lad") == 0, seconds=120)
        return float(before) / (time.monotonic() - started)


def measure_notification(leads: Leads) -> tuple[float, float]:
    """Return the microseconds of this process that a notification takes, and its share of changing a lead."""
    from lad.outbox.notifier import drain_notifier

    started = time.process_time()
    for index in range(CHANGES):
        leads.change(tenant=3, index=index)
    changed = (time.process_time() - started) / CHANGES
    started = time.process_time()
    for _ in range(NOTIFICATIONS):
        drain_notifier.notify()
    notified = (time.process_time() - started) / NOTIFICATIONS
    return notified * 1e6, notified / changed


def report(name: str, delays: list[float]) -> float:
    middle = statistics.median(delays)
    print(f"  {name:34} p50 {middle:7.1f} ms   p99 {percentile(delays, 0.99):7.1f} ms", flush=True)
    return middle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--probes", type=int, default=100)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-outbox-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database = stack.enter_context(migrated_servers(directory))
        os.environ["LAD_BENCH_SUPERUSER"] = database.info.dsn
        import django

        django.setup()
        leads = Leads.create()
        observer = Observer(database, leads)

        print(f"Drain of {options.events:,} events by {PROCESSES} processes", flush=True)
        rate, ratio = measure_drain(database, leads, options.events, options.rounds)
        clear(database)
        stack.enter_context(worker(directory))
        observer.delays(5, tenant=0, pause=0.2)
        no_ops = measure_no_ops()
        print(f"  Celery no-ops {no_ops:,.0f}/s: the drain is {rate / no_ops:.0f} times as fast", flush=True)

        microseconds, share = measure_notification(leads)
        print(f"A notification takes {microseconds:.0f} µs, {share:.1%} of a change without HTTP", flush=True)

        wait_until(lambda: waiting(database) == 0, seconds=60)
        print("From commit to effect", flush=True)
        idle = report("idle", observer.delays(options.probes, tenant=0, pause=0.1))
        with steady_load(leads, rate / 2):
            time.sleep(2)
            report(f"at half load ({rate / 2:,.0f} events/s)", observer.delays(options.probes, tenant=0, pause=0.05))
        wait_until(lambda: waiting(database) == 0, seconds=120)

        leads.announce(options.backlog, tenant=1)
        left = waiting(database)
        quiet = observer.delays(min(options.probes, 50), tenant=2, pause=0.05)
        report(f"quiet tenant beside {left:,} waiting", quiet)
        print(f"  of the backlog {waiting(database):,} are still waiting", flush=True)
    quiet_p99 = percentile(quiet, 0.99)
    aims = [
        (f"drain at {ratio:.2f} of raw SQL, aim {AIM_DRAIN}", ratio >= AIM_DRAIN),
        (f"notification {share:.1%} of a change, aim {AIM_NOTIFICATION:.0%}", share <= AIM_NOTIFICATION),
        (f"idle p50 {idle:.1f} ms, aim {AIM_IDLE_MS:.0f}", idle <= AIM_IDLE_MS),
        (f"quiet tenant p99 {quiet_p99:.0f} ms, aim {AIM_QUIET_MS:.0f}", quiet_p99 <= AIM_QUIET_MS),
    ]
    tell(aims)
    return 0


if __name__ == "__main__":
    sys.exit(main())
