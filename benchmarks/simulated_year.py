"""Let LAD run campaigns for a simulated year, and check every send with arithmetic of its own.

    python benchmarks/simulated_year.py [--steps 1000000] [--seed 14] [--days 365] [--processes 2]
        [--directory DIRECTORY] [--minutes MINUTES]

A long year can be run in several goes. It stops after ``--minutes``, or when its parts get SIGTERM, and checks what
there is so far. Called again with the same directory and numbers, it goes on. The directory is removed at the end.

Each process has servers of its own and some of the tenants (``simulated_part``). Leads are in six time zones, with
both changes of clocks in the year, holidays, caps, quiet hours, several campaigns with different windows, and
accounts with limits. Meanwhile leads withdraw consent, ask not to be contacted and reply, and people pause
campaigns, switch accounts off and stop leads. Messages go into a channel that records them.
``simulated_year_checker`` shares no code with LAD; it reads what happened and what was sent. Then forbidden sends are
added to what was recorded, one for each rule, and must be found. Exits 1 if a send broke a rule, if an added one was
not found, or if a part failed, and 3 if it stopped before the end.
"""

import argparse
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.simulated_part import PROGRESS, RESULT, STOPPED  # noqa: E402
from benchmarks.simulated_tampering import undetected  # noqa: E402
from benchmarks.simulated_world import TENANTS, Part  # noqa: E402  (importable only after sys.path is set)
from benchmarks.simulated_year_checker import Checker, Record, Violation  # noqa: E402

SHOWN: Final = 10
MILLION: Final = 1_000_000
AIM_SECONDS_PER_MILLION: Final = 900
# A smaller year has as many moments and as many campaigns to look at, which cost most of its time.
SMALLEST_TIMED: Final = MILLION


def run_parts(options: argparse.Namespace, directory: Path) -> tuple[list[Part], bool]:
    """Run the processes side by side. Return what each has done, and whether all have reached the end.

    Raises SystemExit if one failed.
    """
    places = [directory / f"part-{number}" for number in range(options.processes)]
    processes = []
    for number, place in enumerate(places):
        if (place / PROGRESS).exists() or not (place / RESULT).exists():
            command = [sys.executable, str(ROOT / "benchmarks" / "simulated_part.py"), "--directory", str(place)]
            command += ["--part", str(number), "--parts", str(len(places)), "--minutes", str(options.minutes)]
            command += ["--steps", str(options.steps), "--seed", str(options.seed), "--days", str(options.days)]
            processes.append(subprocess.Popen(command, cwd=ROOT))
    ended = _ended(processes)
    parts = [pickle.loads((place / RESULT).read_bytes()) for place in places]  # noqa: S301  (by our own processes)
    return parts, ended


def _ended(processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    """Wait for all parts. Return whether all have reached the end.

    Raises SystemExit, and stops the others, if one fails.
    """
    while any(process.poll() is None for process in processes) and not _failed(processes):
        time.sleep(1)
    if _failed(processes):
        for process in processes:
            process.terminate()
        raise SystemExit("A part of the simulation failed; see above.")
    return all(process.poll() == 0 for process in processes)


def _failed(processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    return any(process.poll() not in (None, 0, STOPPED) for process in processes)


def joined(parts: Sequence[Part]) -> Record:
    """Return the records of all parts as one."""
    record = Record()
    for part in parts:
        record.tenants |= part.record.tenants
        record.leads |= part.record.leads
        record.campaigns |= part.record.campaigns
        record.accounts |= part.record.accounts
        record.events += part.record.events
        record.sends += part.record.sends
    return record


def report(parts: Sequence[Part], record: Record, violations: Sequence[Violation], *, wanted: int) -> int:
    """Print what was found and the aims. Return the exit code."""
    steps = sum(part.steps for part in parts)
    seconds = max(part.seconds for part in parts)
    kinds = Counter(event.kind for event in record.events)
    print(f"{steps:,} steps, {len(record.sends):,} messages in {seconds:,.0f} s: {steps / seconds:,.0f} steps a second")
    print(f"{sum(part.ticks for part in parts):,} moments, {sum(part.happenings for part in parts):,} happenings")
    print("what happened: " + ", ".join(f"{many:,} {kind}" for kind, many in sorted(kinds.items())))
    for violation in violations[:SHOWN]:
        print(f"  {violation.rule}: {violation.send.at} {violation.detail} ({violation.send.message_id})")
    rules = Counter(violation.rule for violation in violations)
    missed, added = undetected(record)
    found = f"{added - len(missed)} of {added}"
    for each in missed:
        print(f"  not found: {each.rule}, {each.what}")
    aims = [
        (f"{len(violations)} sends against a rule {dict(rules) or ''}, aim 0", bool(record.sends) and not violations),
        (f"{found} forbidden sends found that were added to the record", bool(added) and not missed),
        (f"{steps:,} steps, aim {wanted:,}", steps >= wanted),
    ]
    if wanted >= SMALLEST_TIMED:
        allowed = AIM_SECONDS_PER_MILLION * steps / MILLION
        aims.append((f"{seconds:,.0f} s, aim {allowed:,.0f} (15 minutes for a million)", seconds <= allowed))
    tell(aims)
    return 1 if violations or missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=MILLION)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--processes", type=int, choices=range(1, len(TENANTS) + 1), default=len(TENANTS))
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    directory = (options.directory or Path(tempfile.mkdtemp(prefix="lad-year-"))).absolute()
    where = f"in {options.processes} processes, with their files in {directory}"
    print(f"A year of {options.steps:,} steps {where}", flush=True)
    parts, ended = run_parts(options, directory)
    if ended:
        shutil.rmtree(directory)
    else:
        print(f"Stopped before the end. To go on, call it again with --directory {directory}. This is so far:")
    record = joined(parts)
    code = report(parts, record, list(Checker(record).violations()), wanted=options.steps)
    return code if ended else code or STOPPED


if __name__ == "__main__":
    sys.exit(main())
