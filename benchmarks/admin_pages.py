"""Measure the admin's lead list and lead page: python benchmarks/admin_pages.py [--before DIR] [--rounds 15]

Runs this checkout and, if it is given, another one in processes with servers and demo data of their own. They
answer the same requests in turn, through Django's test client, as platform staff and as a tenant's sales manager.
Prints statements (without those that only begin or end a transaction), KB, and milliseconds of the clock and of the
processor, as medians, and the ratio of the clock's within rounds. The last line counts the aims that are reached:
60 ms for each page and 12 statements for the page of a lead.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from aims import close

ROOT: Final = Path(__file__).resolve().parents[1]
AIM_MS: Final = 60.0
AIM_STATEMENTS: Final = 12
REPEATS: Final = 3
TENANT: Final = "scale-01"
LIST, PAGE = "lead list", "lead page"
CALLERS: Final = {"platform staff": None, "sales manager": f"admin@{TENANT}.example"}
BOUNDARIES: Final = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page costs: seconds of the clock and of the processor."""

    clock: float
    processor: float


class Pages:
    """The pages of the checkout in the working directory."""

    def __init__(self) -> None:
        from django.apps import apps
        from django.db.models import Count
        from django.test import Client

        from lad.tenancy.context import platform_context

        models: dict[str, Any] = {model._meta.db_table: model for model in apps.get_models()}
        users, notes = models["users"].objects, models["lead_notes"].objects
        with platform_context():
            people = {
                name: users.get(email=email) if email else users.filter(is_superuser=True).first()
                for name, email in CALLERS.items()
            }
            tenant_id = users.get(email=CALLERS["sales manager"]).primary_tenant_id
        with platform_context(tenant_id=tenant_id):
            busiest = notes.values("lead").annotate(number=Count("pk")).order_by("-number", "lead").first()["lead"]
        self.addresses = {LIST: "/admin/leads/lead/", PAGE: f"/admin/leads/lead/{busiest}/change/"}
        self.clients = {name: Client() for name in people}
        for name, client in self.clients.items():
            client.force_login(people[name])

    def sizes(self) -> dict[str, list[int]]:
        """Return statements and bytes of each page. The first visit fills caches that live as long as the process."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        found = {}
        for name, caller, address in self._all():
            self._get(caller, address)
            with CaptureQueriesContext(connection) as captured:
                length = len(self._get(caller, address).content)
            asked = [each["sql"] for each in captured if not each["sql"].startswith(BOUNDARIES)]
            found[name] = [len(asked), length]
        return found

    def costs(self) -> dict[str, list[float]]:
        """Return the seconds that each page takes, by the clock and by the processor."""
        return {name: self._cost(caller, address) for name, caller, address in self._all()}

    def _cost(self, caller: str, address: str) -> list[float]:
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(REPEATS):
            self._get(caller, address)
        return [(time.perf_counter() - clock) / REPEATS, (time.process_time() - processor) / REPEATS]

    def _all(self) -> list[tuple[str, str, str]]:
        return [
            (f"{page}, {caller}", caller, address)
            for page, address in self.addresses.items()
            for caller in self.clients
        ]

    def _get(self, caller: str, address: str) -> Any:
        response = self.clients[caller].get(address)
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}: {response.content[:300]!r}")
        return response


def work(directory: Path) -> None:
    """Answer each line on standard input with the costs of all pages. The first answer is their sizes."""
    import compare_worker

    sys.path.insert(0, str(Path.cwd()))
    with ExitStack() as stack:
        compare_worker.prepare(directory, stack)
        pages = Pages()
        print(json.dumps(pages.sizes()), flush=True)
        for _line in sys.stdin:
            print(json.dumps(pages.costs()), flush=True)


class Checkout:
    """A process that measures one checkout."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--work", str(directory)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.rounds: list[dict[str, Cost]] = []

    def read_sizes(self) -> None:
        self.sizes: dict[str, list[int]] = self._read()

    def measure(self) -> None:
        stdin: IO[str] = self.process.stdin  # type: ignore[assignment]  # piped above
        stdin.write("\n")
        stdin.flush()
        self.rounds.append({name: Cost(*seconds) for name, seconds in self._read().items()})

    def close(self) -> None:
        self.process.communicate(timeout=60)

    def clock(self, page: str) -> float:
        return statistics.median(each[page].clock for each in self.rounds) * 1000

    def processor(self, page: str) -> float:
        return statistics.median(each[page].processor for each in self.rounds) * 1000

    def _read(self) -> dict[str, Any]:
        line = self.process.stdout.readline()  # type: ignore[union-attr]  # piped above
        if not line:
            raise SystemExit(f"The worker in {self.root} ended; its errors are above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def report(after: Checkout, before: Checkout | None) -> int:
    print("| page | checkout | statements | KB | ms | processor ms | after / before |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for page in after.sizes:
        ratio = ""
        if before is not None:
            pairs = zip(before.rounds, after.rounds, strict=True)
            ratio = f"{statistics.median(new[page].clock / old[page].clock for old, new in pairs):.2f}"
            _print(page, "before", before, "")
        _print(page, "after", after, ratio)
    reached = [after.clock(page) <= AIM_MS for page in after.sizes]
    reached += [after.sizes[page][0] <= AIM_STATEMENTS for page in after.sizes if page.startswith(PAGE)]
    return 0 if close(reached) else 1


def _print(page: str, name: str, checkout: Checkout, ratio: str) -> None:
    statements, size = checkout.sizes[page]
    print(
        f"| {page} | {name} | {statements} | {size / 1024:.0f} | {checkout.clock(page):.0f}"
        f" | {checkout.processor(page):.0f} | {ratio} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout to compare this one with")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return 0
    directory = Path(tempfile.mkdtemp(prefix="lad-"))
    try:
        after = Checkout(ROOT, directory / "after")
        before = Checkout(options.before.resolve(), directory / "before") if options.before else None
        checkouts = [each for each in (before, after) if each is not None]
        for each in checkouts:
            each.read_sizes()
        for number in range(options.rounds):
            for each in checkouts if number % 2 else reversed(checkouts):
                each.measure()
        for each in checkouts:
            each.close()
        return report(after, before)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
