"""Measure what a posting costs: python benchmarks/ledger.py

    python benchmarks/ledger.py [--rows 1000000 10000000] [--rounds 7] [--seconds 1.5] [--group-commit-seconds 4]
                                [--directory DIR] [--without-hordak]

Starts an embedded PostgreSQL, durable as in production, and fills the ledger. Then, in rounds of random order
on the same server, posts debits one by one through LAD's service, through psycopg with the same SQL, through a
textbook ORM service and through django-hordak (installed into its own virtual environment), then with 16
callers at once, where LAD's may also use group commit; then debits
arriving at the group commit at growing rates; then the audit. Says nothing of a size unless the audit finds every row
of it right. Takes some 20 minutes with both sizes.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import ledger_report as report  # noqa: E402  (importable only after sys.path is set)
from benchmarks.ledger_fill import Growth, grow, workloads  # noqa: E402
from benchmarks.servers import migrated_servers  # noqa: E402
from tools.runtime import postgres  # noqa: E402

HORDAK: Final = ("django-hordak==2.0.0", "django~=5.2.0", "psycopg[binary]")
SERVER: Final = {"shared_buffers": "512MB", "max_wal_size": "8GB"}
OWN: Final = ("lad", "group-commit", "raw", "textbook")
WORKLOADS: Final = ("many", "hot")
GROUP_COMMIT_RATES: Final = (1000, 2000, 4000, 6000, 8000, 10_000, 12_000, 15_000, 20_000)
# Group commit holds a rate when it answers nearly all of what is offered, drops nothing and is in time.
GROUP_COMMIT_KEEPS_UP: Final = 0.98
GROUP_COMMIT_P99_MILLISECONDS: Final = 50
GROUP_COMMIT_FAILS_TO_STOP: Final = 2
HORDAK_ACCOUNTS: Final = 1000


@dataclass
class Contestant:
    """A process that posts debits on request."""

    name: str
    process: "subprocess.Popen[str]"
    hello: dict[str, Any] = field(default_factory=dict)

    def ask(self, *words: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()}.")
        results: dict[str, Any] = json.loads(line)
        return results

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Server:
    """The superuser's connection and the working directory."""

    superuser: psycopg.Connection[Any]
    directory: Path

    @property
    def plan(self) -> Path:
        return self.directory / "wallets.json"

    def one(self, query: str) -> Any:
        row = self.superuser.execute(query).fetchone()
        return row[0] if row else None

    def write_plan(self) -> None:
        listed = {name: [(str(t), str(w)) for t, w in rows] for name, rows in workloads(self.superuser).items()}
        self.plan.write_text(json.dumps(listed))

    def server_cpu(self) -> float:
        """Return the CPU seconds of all server processes."""
        pids = [pid for (pid,) in self.superuser.execute("SELECT pid FROM pg_stat_activity")]
        return sum(map(_cpu_seconds, pids))

    @contextmanager
    def costs(self) -> Iterator[dict[str, float]]:
        """Yield a dict that gets the WAL bytes and CPU seconds the server used inside the block."""
        found: dict[str, float] = {}
        wal, cpu = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')", self.server_cpu()
        before = self.one(wal)
        yield found
        found["wal"] = float(self.one(wal) - before)
        found["server"] = self.server_cpu() - cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each contestant in each round")
    parser.add_argument("--group-commit-seconds", type=float, default=4, help="for each rate")
    parser.add_argument("--without-hordak", action="store_true")
    parser.add_argument("--directory", type=Path, help="kept afterwards (default: a temporary directory)")
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="lad-ledger-"))
    with ExitStack() as stack:
        if options.directory is None:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        server = stack.enter_context(_server(directory))
        print(report.machine(server.superuser, directory), flush=True)
        hordak = None if options.without_hordak else _hordak(server)
        if hordak:
            stack.callback(hordak.stop)
        written = 0
        for rows in sorted(options.rows):
            if not _measure_size(server, rows, rows - written, hordak, options):
                return 1
            written = rows
    return 0


def _measure_size(server: Server, rows: int, more: int, hordak: Contestant | None, options: Any) -> bool:
    """Fill the ledger up to ``rows``, measure, audit and report. Return False if the audit finds violations."""
    from benchmarks.ledger_textbook import CREATE

    first = rows == more
    members, tenants = (200, 1000) if first else (1800, 3000)
    grow(server.superuser.info.dsn, Growth(more, max(tenants * more // 1_000_000, 20) if first else tenants, members))
    server.superuser.execute(CREATE)
    # Otherwise autovacuum would process ten million rows during the measurement.
    server.superuser.execute("VACUUM (ANALYZE) textbook_wallets, textbook_transactions")
    server.write_plan()
    bytes_per_row = {
        "lad": server.one("SELECT pg_total_relation_size('billing_ledger_transactions')") / rows,
        "textbook": server.one(
            "SELECT pg_total_relation_size('textbook_transactions') / count(*) FROM textbook_transactions"
        ),
    }
    rounds = _rounds(server, hordak, options)
    group_commit = _group_commit(server, options.group_commit_seconds)
    server.superuser.execute("VACUUM (ANALYZE) billing_ledger_transactions")
    audits = _audits()
    if any(audit.results.violations for audit in audits.values()):
        for audit in audits.values():
            print(*audit.results.findings[:10], sep="\n", file=sys.stderr)
        print("The audit found violations, so the results are not reported.", file=sys.stderr)
        return False
    report.print_size(rows, rounds, bytes_per_row, group_commit, audits)
    return True


def _rounds(server: Server, hordak: Contestant | None, options: Any) -> report.Rounds:
    """Measure every contestant in every round, in random order."""
    with ExitStack() as stack:
        contestants = [_contestant(name, "ledger_contestants.py", name, server.plan) for name in OWN]
        for each in contestants:
            stack.callback(each.stop)
        contestants += [hordak] if hordak else []
        found = report.Rounds({each.name: each.hello["statements"] for each in contestants})
        turns = [
            (each, workload, callers)
            for each in contestants
            for workload in WORKLOADS
            for callers in report.CALLERS
            if each.name != report.GROUP_COMMIT or callers > 1
        ]
        for each, *turn in turns:
            each.ask(*turn, 0.3)
        for _ in range(options.rounds):
            server.superuser.execute("CHECKPOINT")
            random.shuffle(turns)
            measurements = {}
            for each, workload, callers in turns:
                with server.costs() as costs:
                    done = each.ask(workload, callers, options.seconds)
                measurements[each.name, workload, callers] = report.Measurement(
                    done["posts"] / done["seconds"],
                    done["cpu"] / done["posts"],
                    costs["server"] / done["posts"],
                    costs["wal"] / done["posts"],
                )
            found.measurements.append(measurements)
        return found


def _group_commit(server: Server, seconds: float) -> list[report.GroupCommitRun]:
    """Increase the rate on one wallet and on many until the group commit no longer keeps up."""
    runs = []
    for workload in ("hot", "members", "many"):
        group_commit = _contestant("group-commit", "ledger_group_commit.py", server.plan)
        failed = 0
        for rate in GROUP_COMMIT_RATES:
            server.superuser.execute("CHECKPOINT")
            with server.costs() as costs:
                results = group_commit.ask(workload, rate, seconds)
            run = report.GroupCommitRun(workload, rate, results, costs["server"])
            run.keeps_up = (
                run.answered >= GROUP_COMMIT_KEEPS_UP * rate and run.p99 <= GROUP_COMMIT_P99_MILLISECONDS and run.exact
            )
            runs.append(run)
            failed += not run.keeps_up
            if failed == GROUP_COMMIT_FAILS_TO_STOP:
                break
        group_commit.stop()
    return runs


def _audits() -> dict[str, Any]:
    from billing.audit.services import audit_ledger

    return {"without hashes": audit_ledger(with_hashes=False), "with hashes": audit_ledger()}


def _contestant(name: str, script: str, *arguments: object, python: str = sys.executable) -> Contestant:
    command = [python, "-W", "ignore", str(ROOT / "benchmarks" / script), *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    contestant = Contestant(name, process)
    contestant.hello = contestant.read()
    return contestant


def _hordak(server: Server) -> Contestant:
    """Start django-hordak in its own virtual environment and database."""
    environment = server.directory / "hordak"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip: list[str | Path] = [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *HORDAK]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    server.superuser.execute("CREATE DATABASE hordak")
    at = server.superuser.info
    python = str(environment / "bin" / "python")
    return _contestant("hordak", "ledger_hordak.py", "hordak", at.host, at.user, HORDAK_ACCOUNTS, python=python)


@contextmanager
def _server(directory: Path) -> Iterator[Server]:
    """Start servers with a migrated database and set Django up with the restricted login."""
    postgres.SETTINGS.update(SERVER)
    with migrated_servers(directory, DB_POOL="false") as superuser:
        import django

        django.setup()
        yield Server(superuser, directory)


def _cpu_seconds(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
