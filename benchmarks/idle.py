"""Measure what LAD costs while nobody uses it: processes, memory and processor share of ``make up``.

    python benchmarks/idle.py [--before DIR] [--seconds 120]

Starts the parts of ``make up`` of this checkout, with demo data and one web worker, in a directory of its own,
opens a page, waits until the work of the start is done, and watches. With ``--before`` it first does the same
for another checkout. Memory is the proportional set size, which counts a page that several processes share
once.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from tools.runtime.ports import free_port  # noqa: E402
from tools.runtime.process import command_line  # noqa: E402

AIM_MEGABYTES: Final = 350
AIM_SHARE: Final = 0.01
START_SECONDS: Final = 300
SETTLE_SECONDS: Final = 45
PAGES_OPENED: Final = 20
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its name, its memory in bytes, and its processor time so far in seconds."""

    name: str
    memory: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Usage:
    """The memory and processor time of a tree of processes. ``share`` is the share of one core."""

    processes: list[Process]
    share: float
    shares: Mapping[str, float]

    @property
    def megabytes(self) -> float:
        return sum(process.memory for process in self.processes) / 1e6


@contextmanager
def running(root: Path, directory: Path) -> Iterator[int]:
    """Run the parts of ``make up`` of a checkout and yield the id of the supervising process."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_"))}
    environment = {**inherited, "LAD_HOME": str(directory), "LAD_PORT": str(port), "LAD_DEMO": "1"}
    log = directory.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.runtime.up"],
            cwd=root,
            env=environment | {"GRANIAN_WORKERS": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "LAD runs at" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"LAD of {root} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.5)
        for _ in range(PAGES_OPENED):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=30) as answer:
                answer.read()
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def watch(pid: int, seconds: float) -> Usage:
    """Return what the process and its descendants use over some seconds."""
    before = _tree(pid)
    started = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - started
    after = _tree(pid)
    shares: dict[str, float] = {}
    for key, process in after.items():
        # Processes that started meanwhile count in full; those that ended count with their parent.
        used = process.seconds - (before[key].seconds if key in before else 0)
        shares[process.name] = shares.get(process.name, 0) + used / elapsed
    for key in before.keys() - after.keys():
        # Its parent's time has grown by all that it ever used.
        shares[before[key].name] = shares.get(before[key].name, 0) - before[key].seconds / elapsed
    return Usage(list(after.values()), sum(shares.values()), shares)


def report(name: str, usage: Usage) -> None:
    print(f"\n{name}: {len(usage.processes)} processes, {usage.megabytes:.0f} MB, {usage.share:.2%} of a core")
    groups: dict[str, list[Process]] = {}
    for process in usage.processes:
        groups.setdefault(process.name, []).append(process)
    for group, own in sorted(groups.items(), key=lambda item: -sum(process.memory for process in item[1])):
        memory = sum(process.memory for process in own) / 1e6
        print(f"  {len(own):2} {group:28} {memory:6.0f} MB {usage.shares[group]:7.2%}")


def _tree(pid: int) -> dict[int, Process]:
    found: dict[int, Process] = {}
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        try:
            found[current] = _process(current)
            for thread in Path(f"/proc/{current}/task").iterdir():
                waiting += [int(child) for child in (thread / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile.
            found.pop(current, None)
    return found


def _process(pid: int) -> Process:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    memory = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    # Fields after the name: user and system time of the process, then of its children that ended.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Process(_name(pid), memory, sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND)


def _name(pid: int) -> str:
    command = command_line(pid)
    for marker in ("tools.runtime.up", "lad.worker", "celery -A lad worker", "celery -A lad beat", "granian", "valkey"):
        if marker in command:
            return marker
    return "postgres" if "postgres" in command else command[:28]


def measure(root: Path, seconds: float) -> Usage:
    directory = Path(tempfile.mkdtemp(prefix="lad-idle-"))
    try:
        with running(root, directory / "home") as pid:
            time.sleep(SETTLE_SECONDS)
            return watch(pid, seconds)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    if options.before:
        report(f"before ({options.before})", measure(options.before.resolve(), options.seconds))
    usage = measure(ROOT, options.seconds)
    report("this checkout", usage)
    aims = [
        (f"memory {usage.megabytes:.0f} MB, aim {AIM_MEGABYTES}", usage.megabytes <= AIM_MEGABYTES),
        (f"processor {usage.share:.2%} of a core, aim {AIM_SHARE:.0%}", usage.share <= AIM_SHARE),
    ]
    tell(aims)
    return 0


if __name__ == "__main__":
    sys.exit(main())
