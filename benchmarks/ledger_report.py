"""Print the results of benchmarks/ledger.py."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

GROUP_COMMIT: Final = "group-commit"
CALLERS: Final = (1, 16)
# The baseline of the ratios. A single caller has nobody to share a commit with.
BASELINE: Final = {1: "lad", 16: GROUP_COMMIT}
NAMES: Final = {
    "lad": "LAD's service",
    GROUP_COMMIT: "LAD's group commit",
    "raw": "psycopg, same SQL",
    "textbook": "textbook ORM",
    "hordak": "django-hordak",
}
BOUNDARIES: Final = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
FLUSH_COUNT: Final = 200


@dataclass(frozen=True)
class Measurement:
    """One contestant's results in one round. Costs are per posting, in seconds and bytes."""

    rate: float
    client: float
    server: float
    wal: float


@dataclass
class Rounds:
    """The measurements of every round by contestant, workload and callers, and each contestant's SQL statements."""

    statements: Mapping[str, Sequence[str]]
    measurements: list[dict[tuple[str, str, int], Measurement]] = field(default_factory=list)

    def median(self, name: str, workload: str, callers: int, of: Callable[[Measurement], float]) -> float:
        return statistics.median(of(each[name, workload, callers]) for each in self.measurements)

    def ratios(self, other: str, workload: str, callers: int) -> list[float]:
        first = BASELINE[callers]
        return sorted(
            each[first, workload, callers].rate / each[other, workload, callers].rate for each in self.measurements
        )


@dataclass
class GroupCommitRun:
    """The results of one arrival rate at the group commit."""

    workload: str
    rate: int
    results: dict[str, Any]
    server: float
    keeps_up: bool = False

    @property
    def answered(self) -> float:
        """Return the debits decided per second, until the last one."""
        return float(self.count("posted") + self.count("insufficient")) / self.results["seconds"]

    @property
    def p99(self) -> float:
        return float(self.results["milliseconds"]["p99"])

    @property
    def exact(self) -> bool:
        """Return whether exactly the debits above the balance were refused."""
        refused = self.results["above_balance"]
        return self.count("insufficient") == refused and self.count("posted") == self.results["offered"] - refused

    def count(self, outcome: str) -> int:
        return int(self.results["outcomes"].get(outcome, 0))


def machine(superuser: psycopg.Connection[Any], directory: Path) -> str:
    """Describe the machine and the server's settings."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown processor",
    )
    names = ("server_version", "synchronous_commit", "fsync", "wal_sync_method", "shared_buffers", "max_wal_size")
    values = []
    for name in names:
        row = superuser.execute(f"SHOW {name}").fetchone()
        values.append(f"{name} {row[0] if row else '?'}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return "\n".join(
        [
            f"{os.cpu_count()} × {model}; load average before the run {load}",
            f"PostgreSQL: {', '.join(values)}",
            f"One flush of 8 kB to its disk takes {_flush_microseconds(directory):.0f} µs.",
        ]
    )


def print_size(
    rows: int,
    rounds: Rounds,
    bytes_per_row: Mapping[str, float],
    group_commit: Sequence[GroupCommitRun],
    audits: Mapping[str, Any],
) -> None:
    """Print the results for one size of the ledger."""
    print(f"\n== {rows:,} rows; the audit found no violations ==")
    for callers in CALLERS:
        for workload, description in (("many", "wallets of all tenants in turn"), ("hot", "one wallet")):
            who = f"{callers} callers at once" if callers > 1 else "One debit after the other"
            print(f"\n{who}, {description}; medians of {len(rounds.measurements)} rounds")
            _table(
                [
                    "",
                    "posts/s",
                    "client µs",
                    "server µs",
                    "WAL bytes",
                    f"{NAMES[BASELINE[callers]]} is × as fast (range)",
                ],
                (
                    _result_row(rounds, name, workload, callers)
                    for name in rounds.statements
                    if (name, workload, callers) in rounds.measurements[0]
                ),
            )
    print()
    for name, sent in rounds.statements.items():
        if not sent:
            continue
        within = [sql for sql in sent if not sql.startswith(BOUNDARIES)]
        print(f"{NAMES[name]}: {len(within)} statements per posting, {len(sent)} including the transaction")
    for name, taken in bytes_per_row.items():
        print(f"{NAMES[name]}: {taken:.0f} bytes per row including indexes")
    print("\nGroup commit with random arrivals; one debit in fifty exceeds the balance and is refused")
    _table(
        ["", "offered/s", "answered/s", "dropped", "p50 ms", "p99", "p99.9", "client µs", "server µs", ""],
        (_group_commit_row(run) for run in group_commit),
    )
    for workload in dict.fromkeys(run.workload for run in group_commit):
        held = [run.answered for run in group_commit if run.workload == workload and run.keeps_up]
        print(f"{GROUP_COMMIT_NAMES[workload]}: sustains {max(held, default=0):,.0f} debits/s")
    print()
    for name, audit in audits.items():
        print(f"Audit {name}: {audit.rows_per_second:,} rows/s ({audit.seconds:.1f} s)")


GROUP_COMMIT_NAMES: Final = {"hot": "one wallet", "members": "wallets of one tenant", "many": "wallets of all tenants"}


def _result_row(rounds: Rounds, name: str, workload: str, callers: int) -> list[str]:
    figures = [
        f"{rounds.median(name, workload, callers, lambda one: one.rate):,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.client) * 1e6:,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.server) * 1e6:,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.wal):,.0f}",
    ]
    if name == BASELINE[callers]:
        return [NAMES[name], *figures, ""]
    ratios = rounds.ratios(name, workload, callers)
    return [NAMES[name], *figures, f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"]


def _group_commit_row(run: GroupCommitRun) -> list[str]:
    milliseconds = run.results["milliseconds"]
    return [
        GROUP_COMMIT_NAMES[run.workload],
        f"{run.rate:,}",
        f"{run.answered:,.0f}",
        f"{run.count('dropped'):,}",
        *(f"{milliseconds[name]:.1f}" for name in ("p50", "p99", "p999")),
        f"{run.results['cpu'] / run.results['offered'] * 1e6:.0f}",
        f"{run.server / run.results['offered'] * 1e6:.0f}",
        "keeps up" if run.keeps_up else "too much" if run.exact or run.count("dropped") else "WRONG",
    ]


def _table(head: list[str], lines: Iterable[list[str]]) -> None:
    table = [head, *lines]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        first, *others = zip(line, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip())


def _flush_microseconds(directory: Path) -> float:
    """Return the median time to write and sync one page, as pg_test_fsync measures it."""
    page, took = b"x" * 8192, []
    path = directory / "flush"
    with path.open("wb", buffering=0) as file:
        file.write(page)
        for _ in range(FLUSH_COUNT):
            began = time.perf_counter()
            os.pwrite(file.fileno(), page, 0)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(took) * 1e6
