"""What benchmarks/ledger.py found, as text."""

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
# Whom the others are held against: one caller after the other has nobody to share a commit with.
FIRST: Final = {1: "lad", 16: GROUP_COMMIT}
NAMES: Final = {
    "lad": "LAD's service",
    GROUP_COMMIT: "LAD's group commit",
    "raw": "psycopg, same SQL",
    "textbook": "textbook ORM",
    "hordak": "django-hordak",
}
BOUNDARIES: Final = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
FLUSHES: Final = 200


@dataclass(frozen=True)
class Slice:
    """What one contestant did in one round; the costs are those of one posting, in seconds and bytes."""

    rate: float
    client: float
    server: float
    wal: float


@dataclass
class Rounds:
    """The slices of every round, by contestant, workload and number of callers, and what each sends for a posting."""

    statements: Mapping[str, Sequence[str]]
    slices: list[dict[tuple[str, str, int], Slice]] = field(default_factory=list)

    def median(self, name: str, workload: str, callers: int, of: Callable[[Slice], float]) -> float:
        return statistics.median(of(each[name, workload, callers]) for each in self.slices)

    def ratios(self, other: str, workload: str, callers: int) -> list[float]:
        first = FIRST[callers]
        return sorted(each[first, workload, callers].rate / each[other, workload, callers].rate for each in self.slices)


@dataclass
class GroupCommitRun:
    """One rate of arrivals at the group commit."""

    workload: str
    rate: int
    answer: dict[str, Any]
    server: float
    holds: bool = False

    @property
    def answered(self) -> float:
        """Decided debits a second, until the last answer."""
        return float(self.count("posted") + self.count("insufficient")) / self.answer["seconds"]

    @property
    def p99(self) -> float:
        return float(self.answer["milliseconds"]["p99"])

    @property
    def exact(self) -> bool:
        """Each that asked too much was refused, and nobody else."""
        refused = self.answer["asked_too_much"]
        return self.count("insufficient") == refused and self.count("posted") == self.answer["offered"] - refused

    def count(self, outcome: str) -> int:
        return int(self.answer["outcomes"].get(outcome, 0))


def machine(superuser: psycopg.Connection[Any], directory: Path) -> str:
    """What it ran on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown processor",
    )
    names = ("server_version", "synchronous_commit", "fsync", "wal_sync_method", "shared_buffers", "max_wal_size")
    said = []
    for name in names:
        row = superuser.execute(f"SHOW {name}").fetchone()
        said.append(f"{name} {row[0] if row else '?'}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return "\n".join(
        [
            f"{os.cpu_count()} × {model}; load before it began {load}",
            f"PostgreSQL: {', '.join(said)}",
            f"One flush of 8 kB to its disk takes {_flush_microseconds(directory):.0f} µs.",
        ]
    )


def size(
    rows: int,
    rounds: Rounds,
    bytes_a_row: Mapping[str, float],
    group_commit: Sequence[GroupCommitRun],
    audits: Mapping[str, Any],
) -> None:
    """Print what was found at one size."""
    print(f"\n== {rows:,} rows; the audit found every row right ==")
    for callers in CALLERS:
        for workload, says in (("many", "wallets of all tenants in turn"), ("hot", "one wallet")):
            who = f"{callers} callers at once" if callers > 1 else "One debit after the other"
            print(f"\n{who}, {says}; medians of {len(rounds.slices)} rounds")
            _table(
                ["", "posts/s", "client µs", "server µs", "WAL bytes", f"{NAMES[FIRST[callers]]} is × as fast (range)"],
                (
                    _line(rounds, name, workload, callers)
                    for name in rounds.statements
                    if (name, workload, callers) in rounds.slices[0]
                ),
            )
    print()
    for name, sent in rounds.statements.items():
        if not sent:
            continue
        within = [sql for sql in sent if not sql.startswith(BOUNDARIES)]
        print(f"{NAMES[name]}: {len(within)} statements a posting, {len(sent)} with its transaction's")
    for name, taken in bytes_a_row.items():
        print(f"{NAMES[name]}: {taken:.0f} bytes a row with its indexes")
    print("\nThe group commit, arrivals at random moments; one in fifty asks too much and is refused alone")
    _table(
        ["", "offered/s", "answered/s", "dropped", "p50 ms", "p99", "p99.9", "client µs", "server µs", ""],
        (_group_commit_line(run) for run in group_commit),
    )
    for workload in dict.fromkeys(run.workload for run in group_commit):
        held = [run.answered for run in group_commit if run.workload == workload and run.holds]
        print(f"{GROUP_COMMIT_NAMES[workload]}: holds {max(held, default=0):,.0f} debits/s")
    print()
    for name, audit in audits.items():
        print(f"Audit {name}: {audit.rows_per_second:,} rows/s ({audit.seconds:.1f} s)")


GROUP_COMMIT_NAMES: Final = {"hot": "one wallet", "members": "wallets of one tenant", "many": "wallets of all tenants"}


def _line(rounds: Rounds, name: str, workload: str, callers: int) -> list[str]:
    figures = [
        f"{rounds.median(name, workload, callers, lambda one: one.rate):,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.client) * 1e6:,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.server) * 1e6:,.0f}",
        f"{rounds.median(name, workload, callers, lambda one: one.wal):,.0f}",
    ]
    if name == FIRST[callers]:
        return [NAMES[name], *figures, ""]
    ratios = rounds.ratios(name, workload, callers)
    return [NAMES[name], *figures, f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"]


def _group_commit_line(run: GroupCommitRun) -> list[str]:
    milliseconds = run.answer["milliseconds"]
    return [
        GROUP_COMMIT_NAMES[run.workload],
        f"{run.rate:,}",
        f"{run.answered:,.0f}",
        f"{run.count('dropped'):,}",
        *(f"{milliseconds[name]:.1f}" for name in ("p50", "p99", "p999")),
        f"{run.answer['cpu'] / run.answer['offered'] * 1e6:.0f}",
        f"{run.server / run.answer['offered'] * 1e6:.0f}",
        "holds" if run.holds else "too much" if run.exact or run.count("dropped") else "WRONG",
    ]


def _table(head: list[str], lines: Iterable[list[str]]) -> None:
    table = [head, *lines]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        first, *others = zip(line, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip())


def _flush_microseconds(directory: Path) -> float:
    """As pg_test_fsync measures it: write a page, have it reach the disk, again and again."""
    page, took = b"x" * 8192, []
    path = directory / "flush"
    with path.open("wb", buffering=0) as file:
        file.write(page)
        for _ in range(FLUSHES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), page, 0)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(took) * 1e6
