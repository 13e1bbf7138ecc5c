"""What a posting costs: python benchmarks/ledger.py

    python benchmarks/ledger.py [--rows 1000000 10000000] [--rounds 7] [--seconds 1.5] [--lane-seconds 4]
                                [--directory DIR] [--without-hordak]

Starts an embedded PostgreSQL of its own, durable as in production, and fills the ledger. Then, in rounds of
random order on the same server, one debit after the other through LAD's service, through plain psycopg with
the same SQL, through a textbook ORM service and through django-hordak (installed into an environment of its
own), and the same with 16 callers at once, where LAD's may also share commits in the batch lane; then debits
arriving at the lane at growing rates; then the audit. Says nothing of a size unless the audit finds every row
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

from benchmarks import ledger_report as report  # noqa: E402  (run as a script, it finds LAD beside itself)
from benchmarks.ledger_fill import Growth, grow, workloads  # noqa: E402
from benchmarks.stage import stage as own_servers  # noqa: E402
from tools.runtime import postgres  # noqa: E402

HORDAK: Final = ("django-hordak==2.0.0", "django~=5.2.0", "psycopg[binary]")
SERVER: Final = {"shared_buffers": "512MB", "max_wal_size": "8GB"}
OWN: Final = ("lad", "lane", "raw", "textbook")
WORKLOADS: Final = ("many", "hot")
LANE_RATES: Final = (1000, 2000, 4000, 6000, 8000, 10_000, 12_000, 15_000, 20_000)
# A lane holds a rate when it answers nearly all of what is offered, drops nothing and is in time.
LANE_KEEPS_UP: Final = 0.98
LANE_P99_MILLISECONDS: Final = 50
LANE_FAILS_TO_STOP: Final = 2
HORDAK_ACCOUNTS: Final = 1000


@dataclass
class Contestant:
    """A process that posts when it is told to."""

    name: str
    process: "subprocess.Popen[str]"
    hello: dict[str, Any] = field(default_factory=dict)

    def ask(self, *words: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Stage:
    """The superuser's connection to the server, and where things lie."""

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
        """Seconds that all of the server's processes have worked."""
        pids = [pid for (pid,) in self.superuser.execute("SELECT pid FROM pg_stat_activity")]
        return sum(map(_cpu_seconds, pids))

    @contextmanager
    def costs(self) -> Iterator[dict[str, float]]:
        """What happens inside costs the server so much."""
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
    parser.add_argument("--seconds", type=float, default=1.5, help="of each contestant in each round")
    parser.add_argument("--lane-seconds", type=float, default=4, help="of each rate")
    parser.add_argument("--without-hordak", action="store_true")
    parser.add_argument("--directory", type=Path, help="kept afterwards; else a temporary one")
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="lad-ledger-"))
    with ExitStack() as stack:
        if options.directory is None:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stage = stack.enter_context(_stage(directory))
        print(report.machine(stage.superuser, directory), flush=True)
        hordak = None if options.without_hordak else _hordak(stage)
        if hordak:
            stack.callback(hordak.stop)
        written = 0
        for rows in sorted(options.rows):
            if not _size(stage, rows, rows - written, hordak, options):
                return 1
            written = rows
    return 0


def _size(stage: Stage, rows: int, more: int, hordak: Contestant | None, options: Any) -> bool:
    """Fill up to so many rows, measure, audit, and only then report; False when the audit finds anything."""
    from benchmarks.ledger_textbook import CREATE

    first = rows == more
    members, tenants = (200, 1000) if first else (1800, 3000)
    grow(stage.superuser.info.dsn, Growth(more, max(tenants * more // 1_000_000, 20) if first else tenants, members))
    stage.superuser.execute(CREATE)
    # Else the server would tidy up ten million rows while others are measured.
    stage.superuser.execute("VACUUM (ANALYZE) textbook_wallets, textbook_transactions")
    stage.write_plan()
    bytes_a_row = {
        "lad": stage.one("SELECT pg_total_relation_size('billing_ledger_transactions')") / rows,
        "textbook": stage.one(
            "SELECT pg_total_relation_size('textbook_transactions') / count(*) FROM textbook_transactions"
        ),
    }
    rounds = _rounds(stage, hordak, options)
    lane = _lane(stage, options.lane_seconds)
    stage.superuser.execute("VACUUM (ANALYZE) billing_ledger_transactions")
    audits = _audits()
    if any(audit.search.violations for audit in audits.values()):
        for audit in audits.values():
            print(*audit.search.findings[:10], sep="\n", file=sys.stderr)
        print("The audit found violations: there is nothing to report.", file=sys.stderr)
        return False
    report.size(rows, rounds, bytes_a_row, lane, audits)
    return True


def _rounds(stage: Stage, hordak: Contestant | None, options: Any) -> report.Rounds:
    """Everybody posts for a while in every round, in random order."""
    with ExitStack() as stack:
        contestants = [_contestant(name, "ledger_contestants.py", name, stage.plan) for name in OWN]
        for each in contestants:
            stack.callback(each.stop)
        contestants += [hordak] if hordak else []
        found = report.Rounds({each.name: each.hello["statements"] for each in contestants})
        turns = [
            (each, workload, callers)
            for each in contestants
            for workload in WORKLOADS
            for callers in report.CALLERS
            if each.name != report.LANE or callers > 1
        ]
        for each, *turn in turns:
            each.ask(*turn, 0.3)
        for _ in range(options.rounds):
            stage.superuser.execute("CHECKPOINT")
            random.shuffle(turns)
            slices = {}
            for each, workload, callers in turns:
                with stage.costs() as costs:
                    done = each.ask(workload, callers, options.seconds)
                slices[each.name, workload, callers] = report.Slice(
                    done["posts"] / done["seconds"],
                    done["cpu"] / done["posts"],
                    costs["server"] / done["posts"],
                    costs["wal"] / done["posts"],
                )
            found.slices.append(slices)
        return found


def _lane(stage: Stage, seconds: float) -> list[report.LaneRun]:
    """Growing rates on one wallet and on many, until they are too much for the lane."""
    runs = []
    for workload in ("hot", "members", "many"):
        lane = _contestant("lane", "ledger_lane.py", stage.plan)
        failed = 0
        for rate in LANE_RATES:
            stage.superuser.execute("CHECKPOINT")
            with stage.costs() as costs:
                answer = lane.ask(workload, rate, seconds)
            run = report.LaneRun(workload, rate, answer, costs["server"])
            run.holds = run.answered >= LANE_KEEPS_UP * rate and run.p99 <= LANE_P99_MILLISECONDS and run.exact
            runs.append(run)
            failed += not run.holds
            if failed == LANE_FAILS_TO_STOP:
                break
        lane.stop()
    return runs


def _audits() -> dict[str, Any]:
    from billing.audit.services import prove

    return {"without hashes": prove(with_hashes=False), "with hashes": prove()}


def _contestant(name: str, script: str, *arguments: object, python: str = sys.executable) -> Contestant:
    command = [python, "-W", "ignore", str(ROOT / "benchmarks" / script), *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    contestant = Contestant(name, process)
    contestant.hello = contestant.answer()
    return contestant


def _hordak(stage: Stage) -> Contestant:
    """django-hordak in an environment and a database of its own."""
    environment = stage.directory / "hordak"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip: list[str | Path] = [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *HORDAK]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    stage.superuser.execute("CREATE DATABASE hordak")
    at = stage.superuser.info
    python = str(environment / "bin" / "python")
    return _contestant("hordak", "ledger_hordak.py", "hordak", at.host, at.user, HORDAK_ACCOUNTS, python=python)


@contextmanager
def _stage(directory: Path) -> Iterator[Stage]:
    """The servers with a migrated database, and Django set up as the restricted login."""
    postgres.SETTINGS.update(SERVER)
    with own_servers(directory, DB_POOL="false") as superuser:
        import django

        django.setup()
        yield Stage(superuser, directory)


def _cpu_seconds(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
