"""Compare two checkouts of LAD doing the same work: python benchmarks/compare.py --before DIR [--rounds 7]

Runs benchmarks/compare_worker.py in three processes with servers of their own: the checkout given with
``--before``, that one a second time, and this one. The processes work in turn, in changing order. A
figure of a round is this checkout's time over the first's; the second run of the first shows how far
two runs of the same code differ. An aim is reached when the median ratio is at most 1.05, or no further
above that than the middle half of the same code's ratios spreads around 1.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[1]
WORKER: Final = Path(__file__).with_name("compare_worker.py")
AIM: Final = 1.05


class Checkout:
    """One worker process."""

    def __init__(self, name: str, root: Path, directory: Path) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(WORKER), str(directory)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        self._read()

    def work(self) -> dict[str, float]:
        """Do every piece of work once and return the seconds of each."""
        stdin: IO[str] = self.process.stdin  # type: ignore[assignment]  # piped above
        stdin.write("\n")
        stdin.flush()
        return self._read()

    def close(self) -> None:
        self.process.communicate(timeout=60)

    def _read(self) -> dict[str, float]:
        line = self.process.stdout.readline()  # type: ignore[union-attr]  # piped above
        if not line:
            raise SystemExit(f"The worker of {self.name} ended; its errors are above.")
        answer: dict[str, float] = json.loads(line)
        return answer


def spread(ratios: list[float]) -> float:
    """Return half the distance between the quartiles."""
    low, _middle, high = statistics.quantiles(ratios, n=4)
    return (high - low) / 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the checkout to compare this one with")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-"))
    roots = {"before": options.before.resolve(), "again": options.before.resolve(), "after": ROOT}
    try:
        checkouts = {name: Checkout(name, root, directory / name) for name, root in roots.items()}
        for each in checkouts.values():
            each.wait_until_ready()
        rounds = []
        for number in range(options.rounds):
            order = list(checkouts)[number % 3 :] + list(checkouts)[: number % 3]
            rounds.append({name: checkouts[name].work() for name in order})
        for each in checkouts.values():
            each.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return report(rounds)


def report(rounds: list[dict[str, dict[str, float]]]) -> int:
    print(f"{len(rounds)} rounds; medians of ratios within a round\n")
    print("| work | before, ms | after, ms | after / before | same code again | its spread | reached |")
    print("|---|---:|---:|---:|---:|---:|---|")
    reached = 0
    works = list(rounds[0]["before"])
    for work in works:
        changed = [each["after"][work] / each["before"][work] for each in rounds]
        same = [each["again"][work] / each["before"][work] for each in rounds]
        within = statistics.median(changed) <= AIM + spread(same)
        reached += within
        before, after = (statistics.median(each[name][work] for each in rounds) * 1000 for name in ("before", "after"))
        print(
            f"| {work} | {before:.0f} | {after:.0f} | {statistics.median(changed):.2f}"
            f" | {statistics.median(same):.2f} | ± {spread(same):.2f} | {'yes' if within else 'no'} |"
        )
    print(f"aims: {reached} of {len(works)} reached")
    return 0 if reached == len(works) else 1


if __name__ == "__main__":
    sys.exit(main())
