"""Stress the ledger while workers and the database server are killed, and check that nothing was lost.

    python benchmarks/ledger_stress.py --operations 1000000 --kills 40

Starts its own servers. Several processes post to a few wallets through LAD's services. 30 % of the requests
repeat a key and 5 % change the request under a used key. Every result that a worker received is compared with
the ledger. Afterwards nothing may remain reserved and ``ledger_audit`` must find no violations. Exits 1
otherwise.
"""

import argparse
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.runtime import provision  # noqa: E402  (importable only after sys.path is set)
from tools.runtime.postgres import Postgres  # noqa: E402
from tools.runtime.process import Child, spawn  # noqa: E402
from tools.runtime.servers import prepare_directory  # noqa: E402
from tools.runtime.valkey import Valkey  # noqa: E402

TENANTS = 3
WALLETS = 2
POLL_SECONDS = 0.1
TIMEOUT_SECONDS = 180
SERVER_KILL_SHARE = 0.5


@dataclass
class Servers:
    """A database server that is killed and restarted, and a broker that is not."""

    postgres: Postgres
    valkey: Valkey
    kills: int = 0

    def kill(self) -> None:
        """Kill the database server with SIGKILL or SIGQUIT, then restart it."""
        if self.postgres.child is not None:
            os.kill(self.postgres.child.process.pid, random.choice((signal.SIGKILL, signal.SIGQUIT)))
            self.postgres.child.kill()
            self.postgres.child = None
        self.kills += 1
        self.postgres.start()

    def environment(self, directory: Path) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.web_url,
            "DATABASE_OWNER_URL": self.postgres.owner_url,
            "REDIS_URL": self.valkey.url,
            "LAD_HOME": str(directory),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOG_LEVEL": "CRITICAL",
            "DB_POOL": "false",
        }


@dataclass
class Workers:
    """The worker processes, restarted after kills, and the number of results they logged."""

    directory: Path
    commands: list[list[str]]
    children: dict[int, Child] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    answers: int = 0
    kills: int = 0

    def logs(self) -> list[Path]:
        return [self.directory / f"answers-{number}" for number in range(len(self.commands))]

    def keep_alive(self) -> None:
        for number, command in enumerate(self.commands):
            child = self.children.get(number)
            if child is not None and child.process.poll() == 0:
                self.finished.add(number)
            elif child is None or not child.running:
                self.children[number] = spawn("worker", command, log=self.directory / "workers.log", directory=ROOT)

    def kill_one(self) -> None:
        running = [child for child in self.children.values() if child.running]
        if running:
            random.choice(running).kill()
            self.kills += 1

    def count(self) -> int:
        """Return the number of results logged so far."""
        for number, log in enumerate(self.logs()):
            if log.exists():
                with log.open("rb") as lines:
                    lines.seek(self.offsets.get(number, 0))
                    new = lines.read()
                self.offsets[number] = self.offsets.get(number, 0) + len(new)
                self.answers += new.count(b"\n")
        return self.answers

    @property
    def all_finished(self) -> bool:
        return len(self.finished) == len(self.commands)

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()


@dataclass
class Comparison:
    """How the logged results differ from the ledger."""

    outcomes: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    acknowledged: int = 0
    lost: int = 0
    different: int = 0
    two_effects: int = 0
    conflicts_with_effect: int = 0
    still_reserved: int = 0

    @property
    def clean(self) -> bool:
        wrong = (self.lost, self.different, self.two_effects, self.conflicts_with_effect, self.still_reserved)
        return not any(wrong)


@contextmanager
def migrated_servers(directory: Path) -> Iterator[Servers]:
    """Start servers with a migrated database and the settings for Django in the environment."""
    prepare_directory(directory)
    log = directory / "log"
    servers = Servers(
        Postgres(directory / "postgres", log=log / "postgres.log", durable=True),
        Valkey(directory / "valkey", log=log / "valkey.log", durable=False),
    )
    with ExitStack() as stack:
        stack.callback(servers.postgres.stop)
        stack.callback(servers.valkey.stop)
        servers.valkey.start()
        servers.postgres.start()
        provision.provision_cluster(servers.postgres.superuser_url)
        os.environ.update(servers.environment(directory))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        yield servers


def open_wallets() -> list[str]:
    """Create tenants with wallets. Return them as ``tenant:wallet``."""
    from billing.ledger.models import Wallet
    from lad.tenancy.context import platform_context
    from tenants.access.roles import Role
    from tenants.accounts.models import User
    from tenants.teams.models import Membership, Tenant

    pairs = []
    for number in range(TENANTS):
        with platform_context():
            tenant = Tenant.objects.create(name=f"Stress {number}", slug=f"stress-{number}")
        with platform_context(tenant_id=tenant.pk):
            for position in range(WALLETS):
                user = None
                if position:
                    user = User.objects.create(email=f"user-{number}-{position}@stress.test", primary_tenant=tenant)
                    Membership.objects.create(user=user, role=Role.MEMBER)
                pairs.append(f"{tenant.pk}:{Wallet.objects.create(user=user).pk}")
    return pairs


def commands(wallets: list[str], directory: Path, *, workers: int, operations: int, batched: float) -> list[list[str]]:
    """Return the command line of each worker."""
    share, began = -(-operations // workers), datetime.now(UTC).isoformat()
    worker = [sys.executable, "-m", "benchmarks.stress_worker", "--workers", str(workers), "--share", str(share)]
    worker += ["--batched", str(batched)]
    logs = [f"--log={directory / f'answers-{number}'}" for number in range(workers)]
    return [[*worker, "--number", str(number), "--began", began, logs[number], *wallets] for number in range(workers)]


def run(servers: Servers, workers: Workers, *, operations: int, kills: int) -> None:
    """Run the workers to the end and kill a worker or the server at roughly even intervals."""
    moments = sorted(int(operations * (number + random.random()) / (kills + 1)) for number in range(1, kills + 1))
    answers, since = 0, time.monotonic()
    while not workers.all_finished:
        workers.keep_alive()
        time.sleep(POLL_SECONDS)
        if workers.count() > answers:
            answers, since = workers.answers, time.monotonic()
        if time.monotonic() - since > TIMEOUT_SECONDS:
            raise TimeoutError(f"No result for {TIMEOUT_SECONDS} s; see {workers.directory / 'workers.log'}")
        while moments and answers >= moments[0]:
            moments.pop(0)
            print(f"{answers:,} results, {len(moments)} kills left", file=sys.stderr, flush=True)
            if random.random() < SERVER_KILL_SHARE or not servers.kills:
                servers.kill()
            else:
                workers.kill_one()


def expire_everything() -> None:
    """Expire all holds and credit, as maintenance does when their time has passed."""
    from billing.ledger.services import maintenance

    later = datetime.now(UTC) + timedelta(days=1)
    while maintenance.expire_holds(now=later):
        pass
    maintenance.expire_lots(now=later)


def compare(logs: list[Path], database: psycopg.Connection[Any]) -> Comparison:
    """Compare every logged result with the ledger's transaction of that key."""
    from benchmarks.stress_worker import answers

    comparison = Comparison()
    effects: dict[str, tuple[int, str]] = {}
    refused: list[tuple[str, int]] = []
    for log in logs:
        for key, variant, outcome, found_digest in answers(log):
            comparison.outcomes[outcome] += 1
            if found_digest != "-":
                first = effects.setdefault(key, (variant, found_digest))
                comparison.different += first[1] != found_digest
                comparison.two_effects += first[0] != variant
            elif outcome.endswith("conflict"):
                refused.append((key, variant))
    comparison.acknowledged = len(effects)
    comparison.conflicts_with_effect = sum(key in effects and effects[key][0] == variant for key, variant in refused)
    _compare_rows(comparison, effects, database)
    row = database.execute("SELECT count(*) FROM billing_wallets WHERE reserved_balance <> 0").fetchone()
    comparison.still_reserved = row[0] if row else 0
    return comparison


def _compare_rows(
    comparison: Comparison, effects: Mapping[str, tuple[int, str]], database: psycopg.Connection[Any]
) -> None:
    from benchmarks.stress_worker import digest

    found = 0
    with database.transaction(), database.cursor(name="ledger", row_factory=namedtuple_row) as rows:
        rows.itersize = 10_000
        rows.execute("SELECT * FROM billing_ledger_transactions")
        row: Any
        for row in rows:
            comparison.effects += 1
            if row.idempotency_key in effects:
                found += 1
                comparison.different += effects[row.idempotency_key][1] != digest(row)
    comparison.lost = len(effects) - found


def report(comparison: Comparison, servers: Servers, workers: Workers, seconds: float, audit: Any) -> str:
    total = sum(comparison.outcomes.values())
    lines = [("operations answered", total), *sorted(comparison.outcomes.items()), ("ledger rows", comparison.effects)]
    lines += [("server killed", servers.kills), ("workers killed", workers.kills)]
    lines += [("seconds", round(seconds)), ("operations a second", round(total / seconds))]
    lines += [
        ("acknowledged keys", comparison.acknowledged),
        ("lost", comparison.lost),
        ("different", comparison.different),
    ]
    lines += [
        ("keys with two effects", comparison.two_effects),
        ("conflicts with effect", comparison.conflicts_with_effect),
    ]
    lines += [("wallets with money still reserved", comparison.still_reserved)]
    lines += [("audit: rows a second", audit.rows_per_second), ("audit: violations", audit.results.violations)]
    found = [f"{finding.rule} {finding.title}: {finding.row}" for finding in audit.results.findings[:20]]
    return "\n".join([*(f"{name:<34}{value:>14,}" for name, value in lines), *found])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--batched", type=float, default=0.85, help="share of operations that are posted in batches")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-stress-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        servers = stack.enter_context(migrated_servers(directory))
        from django.db import connection

        import benchmarks.stress_worker  # noqa: F401  (sets Django up)
        from billing.audit.services import audit_ledger

        shared = {name: getattr(options, name) for name in ("workers", "operations", "batched")}
        worker_commands = commands(open_wallets(), directory, **shared)
        workers = Workers(directory, worker_commands)
        stack.callback(workers.stop)
        started = time.monotonic()
        run(servers, workers, operations=options.operations, kills=options.kills)
        seconds = time.monotonic() - started
        connection.close()
        expire_everything()
        address = servers.postgres.superuser_url.replace("/postgres?", "/lad?")
        with psycopg.connect(address, options="-c search_path=lad_dev") as database:
            comparison = compare(workers.logs(), database)
        audit = audit_ledger(now=datetime.now(UTC) + timedelta(days=1))
    print(report(comparison, servers, workers, seconds, audit))
    enough = servers.kills + workers.kills >= options.kills
    return 0 if comparison.clean and enough and not audit.results.violations else 1


if __name__ == "__main__":
    sys.exit(main())
