"""Stresses the ledger while its workers and the database server are killed, and proves afterwards that nothing broke.

    python benchmarks/ledger_stress.py --operations 1000000 --kills 40

Starts its own servers. Many processes ask for movements of a few wallets through LAD's own services, 30 % of
them under keys that were used before and 5 % for something else under such a key. Every answer a worker got
is held against the ledger; then no money may be left reserved and ``ledger_audit`` must find nothing. Exits 1
unless all of it holds.
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

from tools.runtime import provision  # noqa: E402  (run as a script, it finds lad beside itself)
from tools.runtime.postgres import Postgres  # noqa: E402
from tools.runtime.process import Child, spawn  # noqa: E402
from tools.runtime.servers import prepare_directory  # noqa: E402
from tools.runtime.valkey import Valkey  # noqa: E402

TENANTS = 3
WALLETS = 2
LOOK_SECONDS = 0.1
STUCK_SECONDS = 180
SERVER_KILLS = 0.5


@dataclass
class Servers:
    """A database that is killed and started again, and a broker that is left alone."""

    postgres: Postgres
    valkey: Valkey
    kills: int = 0

    def kill(self) -> None:
        """End the database server without a word to anybody, or by an immediate stop; then start it again."""
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
    """The processes that ask, started again when they are killed, and how many answers they noted."""

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
        """How many answers there are by now."""
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
class Account:
    """What the answers say, held against the ledger."""

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
def stage(directory: Path) -> Iterator[Servers]:
    """Servers with a migrated database, and Django set up as the restricted login."""
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
    """A few tenants with a few wallets each, as ``tenant:wallet``."""
    from billing.ledger.models import Wallet
    from lad.tenancy.context import platform_context
    from tenants.accounts.models import User
    from tenants.teams.models import Membership, Role, Tenant

    pairs = []
    for number in range(TENANTS):
        with platform_context():
            tenant = Tenant.objects.create(name=f"Stress {number}", slug=f"stress-{number}")
        with platform_context(tenant_id=tenant.pk):
            for place in range(WALLETS):
                person = None
                if place:
                    person = User.objects.create(email=f"user-{number}-{place}@stress.test", primary_tenant=tenant)
                    Membership.objects.create(user=person, role=Role.MEMBER)
                pairs.append(f"{tenant.pk}:{Wallet.objects.create(user=person).pk}")
    return pairs


def commands(wallets: list[str], directory: Path, *, workers: int, operations: int, batched: float) -> list[list[str]]:
    """The command line of each worker."""
    share, began = -(-operations // workers), datetime.now(UTC).isoformat()
    worker = [sys.executable, "-m", "benchmarks.stress_worker", "--workers", str(workers), "--share", str(share)]
    worker += ["--batched", str(batched)]
    logs = [f"--log={directory / f'answers-{number}'}" for number in range(workers)]
    return [[*worker, "--number", str(number), "--began", began, logs[number], *wallets] for number in range(workers)]


def run(servers: Servers, workers: Workers, *, operations: int, kills: int) -> None:
    """Let the workers work off their shares while something is killed at even distances, give or take some."""
    moments = sorted(int(operations * (number + random.random()) / (kills + 1)) for number in range(1, kills + 1))
    answers, since = 0, time.monotonic()
    while not workers.all_finished:
        workers.keep_alive()
        time.sleep(LOOK_SECONDS)
        if workers.count() > answers:
            answers, since = workers.answers, time.monotonic()
        if time.monotonic() - since > STUCK_SECONDS:
            raise TimeoutError(f"No answer for {STUCK_SECONDS} s; see {workers.directory / 'workers.log'}")
        while moments and answers >= moments[0]:
            moments.pop(0)
            print(f"{answers:,} answers, {len(moments)} kills to go", file=sys.stderr, flush=True)
            if random.random() < SERVER_KILLS or not servers.kills:
                servers.kill()
            else:
                workers.kill_one()


def sweep() -> None:
    """Give back what holds still set aside, as the sweep does when their time is over."""
    from billing.ledger.services import maintenance as sweeps

    later = datetime.now(UTC) + timedelta(days=1)
    while sweeps.expire_holds(now=later):
        pass
    sweeps.expire_lots(now=later)


def settle_accounts(logs: list[Path], database: psycopg.Connection[Any]) -> Account:
    """Hold every answer against the ledger's row under its key."""
    from benchmarks.stress_worker import answers

    account = Account()
    effects: dict[str, tuple[int, str]] = {}
    refused: list[tuple[str, int]] = []
    for log in logs:
        for key, variant, outcome, said in answers(log):
            account.outcomes[outcome] += 1
            if said != "-":
                first = effects.setdefault(key, (variant, said))
                account.different += first[1] != said
                account.two_effects += first[0] != variant
            elif outcome.endswith("conflict"):
                refused.append((key, variant))
    account.acknowledged = len(effects)
    account.conflicts_with_effect = sum(key in effects and effects[key][0] == variant for key, variant in refused)
    _compare(account, effects, database)
    row = database.execute("SELECT count(*) FROM billing_wallets WHERE reserved_balance <> 0").fetchone()
    account.still_reserved = row[0] if row else 0
    return account


def _compare(account: Account, effects: Mapping[str, tuple[int, str]], database: psycopg.Connection[Any]) -> None:
    from benchmarks.stress_worker import digest

    found = 0
    with database.transaction(), database.cursor(name="ledger", row_factory=namedtuple_row) as rows:
        rows.itersize = 10_000
        rows.execute("SELECT * FROM billing_ledger_transactions")
        row: Any
        for row in rows:
            account.effects += 1
            if row.idempotency_key in effects:
                found += 1
                account.different += effects[row.idempotency_key][1] != digest(row)
    account.lost = len(effects) - found


def report(account: Account, servers: Servers, workers: Workers, seconds: float, proof: Any) -> str:
    total = sum(account.outcomes.values())
    lines = [("operations answered", total), *sorted(account.outcomes.items()), ("ledger rows", account.effects)]
    lines += [("server killed", servers.kills), ("workers killed", workers.kills)]
    lines += [("seconds", round(seconds)), ("operations a second", round(total / seconds))]
    lines += [("acknowledged keys", account.acknowledged), ("lost", account.lost), ("different", account.different)]
    lines += [("keys with two effects", account.two_effects), ("conflicts with effect", account.conflicts_with_effect)]
    lines += [("wallets with money still reserved", account.still_reserved)]
    lines += [("audit: rows a second", proof.rows_per_second), ("audit: violations", proof.search.violations)]
    found = [f"{finding.rule} {finding.title}: {finding.row}" for finding in proof.search.findings[:20]]
    return "\n".join([*(f"{name:<34}{value:>14,}" for name, value in lines), *found])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--batched", type=float, default=0.85, help="share of the operations that come in batches")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-stress-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        servers = stack.enter_context(stage(directory))
        from django.db import connection

        import benchmarks.stress_worker  # noqa: F401  (sets Django up)
        from billing.audit.services import prove

        shared = {name: getattr(options, name) for name in ("workers", "operations", "batched")}
        asked = commands(open_wallets(), directory, **shared)
        workers = Workers(directory, asked)
        stack.callback(workers.stop)
        started = time.monotonic()
        run(servers, workers, operations=options.operations, kills=options.kills)
        seconds = time.monotonic() - started
        connection.close()
        sweep()
        address = servers.postgres.superuser_url.replace("/postgres?", "/lad?")
        with psycopg.connect(address, options="-c search_path=lad_dev") as database:
            account = settle_accounts(workers.logs(), database)
        proof = prove(now=datetime.now(UTC) + timedelta(days=1))
    print(report(account, servers, workers, seconds, proof))
    enough = servers.kills + workers.kills >= options.kills
    return 0 if account.clean and enough and not proof.search.violations else 1


if __name__ == "__main__":
    sys.exit(main())
