"""Measure API requests over HTTP beside a bare view: python benchmarks/web.py [--before DIR]

    python benchmarks/web.py [--small 10000] [--big 200000] [--rounds 7] [--seconds 3] [--directory DIR]
    python benchmarks/web.py --seconds 2 --rounds 3 --big 0      (about two minutes)

Starts embedded servers, fills databases with ``manage.py demo --scale`` and serves them as ``make up`` does, with
one web worker. Clients with open connections, one and eight at a time, list 50 leads, read one, filter by stage and
assigned user, search, PATCH stage and title, and POST, each write with an Idempotency-Key. Beside LAD stands a bare
view in the same process (benchmarks/bare_view.py), whose responses to reads are checked to be the same bytes.
``--before DIR`` adds another checkout of LAD, which gets databases and servers of its own.

The contestants work in turn, in changing order, for ``--seconds`` a round; a ratio is LAD's time over the bare
view's in the same round. Statements are counted in PostgreSQL's log, with BEGIN, COMMIT and savepoints. With
``--directory`` the filled databases are kept, and used again by the next run. ``--big 0`` leaves a size out.
"""

import argparse
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psycopg
from aims import close
from demo_databases import PASSWORD, Database, addresses, fill, migrate, servers_in, superuser_url
from http_load import UnexpectedAnswer, ask, mean_seconds, request

from tools.runtime import web
from tools.runtime.ports import free_port
from tools.runtime.servers import Servers

ROOT: Final = Path(__file__).resolve().parents[1]
LEADS: Final = "/api/v1/leads/"
CONCURRENCIES: Final = (1, 8)
# How often LAD may take the bare view's time.
AIMS: Final = {"list of 50": 3.0, "retrieve": 4.0, "filter": 4.0, "search": 4.0, "PATCH": 6.0, "POST": 6.0}
READS: Final = ("list of 50", "retrieve", "filter", "search")
MAX_PATCH_STATEMENTS: Final = 14
PATCHED_LEADS: Final = 300
STAGES: Final = ("contacted", "qualified")
READY_SECONDS: Final = 60
STATEMENT: Final = re.compile(r"lad_web@(\w+) LOG:  (?:statement|execute)")
LAD, BARE, BEFORE = "LAD", "bare", "before"


@dataclass
class Contestant:
    """A server of one database and the requests that are sent to it."""

    name: str
    database: Database
    port: int
    prefix: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    _number: "itertools.count[int]" = field(default_factory=itertools.count)

    def request(self, operation: str) -> bytes:
        rows = self.rows
        if operation == "list of 50":
            return self._get("")
        if operation == "retrieve":
            return self._get(f"{rows['retrieved']}/")
        if operation == "filter":
            return self._get("?" + urlencode({"stage": rows["stage"], "assigned_user": rows["assigned_user"]}))
        if operation == "search":
            return self._get("?" + urlencode({"search": rows["search"]}))
        number = next(self._number)
        if operation == "PATCH":
            cycle, place = divmod(number, PATCHED_LEADS)
            lead, stage = rows["patched"][place]
            # Each time another stage than the lead has.
            change = {"stage": STAGES[(cycle + (stage == STAGES[0])) % 2], "title": f"Title {time.time_ns()}"}
            return self._write("PATCH", f"{lead}/", number, change)
        unique = f"{self.name.lower()}-{number}-{time.time_ns()}"
        lead = {"first_name": "Ada", "last_name": "Byron", "email": f"{unique}@example.com", "title": "Analyst"}
        return self._write("POST", "", number, {**lead, "company_name": "Engines", "stage": STAGES[0]})

    def next_request(self, operation: str) -> Callable[[], bytes]:
        """Return a function that makes the next request. Reads are the same bytes every time."""
        if operation in READS:
            content = self.request(operation)
            return lambda: content
        return lambda: self.request(operation)

    def _get(self, rest: str) -> bytes:
        return request("GET", f"{self.prefix}{LEADS}{rest}", headers=self.headers)

    def _write(self, method: str, rest: str, number: int, body: object) -> bytes:
        headers = {**self.headers, "Idempotency-Key": f"{self.name}-{number}-{time.time_ns()}"}
        return request(method, f"{self.prefix}{LEADS}{rest}", headers=headers, body=body)


@dataclass
class Figures:
    """What was measured of one operation at one size and concurrency: seconds of each round by contestant."""

    database: Database
    operation: str
    concurrency: int
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def milliseconds(self, name: str) -> float:
        return statistics.median(self.seconds[name]) * 1000

    @property
    def ratio(self) -> float:
        return statistics.median(a / b for a, b in zip(self.seconds[LAD], self.seconds[BARE], strict=True))

    @property
    def reached(self) -> bool:
        return self.ratio <= AIMS[self.operation]


class Size:
    """The contestants with databases of one size."""

    def __init__(self, servers: Servers, log: Path, contestants: list[Contestant]) -> None:
        self.contestants = contestants
        self._servers = servers
        self._log = log
        self.statements: dict[tuple[str, str], int] = {}
        self.figures: list[Figures] = []

    def prepare(self) -> None:
        """Sign in and choose rows. Check that the bare view answers as LAD does, and count statements."""
        for place, contestant in enumerate(self.contestants):
            self._prepare(contestant, place)
        self._compare_bytes()
        self._count_statements()

    def measure(self, rounds: int, seconds: float) -> None:
        database = self.contestants[0].database
        self.figures = [Figures(database, each, number) for each in AIMS for number in CONCURRENCIES]
        share = seconds / len(self.contestants)
        for number in range(rounds):
            for each in self.figures:
                start = number % len(self.contestants)
                for contestant in self.contestants[start:] + self.contestants[:start]:
                    took = mean_seconds(
                        contestant.port,
                        contestant.next_request(each.operation),
                        status=_status(each.operation),
                        concurrency=each.concurrency,
                        seconds=share,
                    )
                    each.seconds.setdefault(contestant.name, []).append(took)
        self._compare_bytes()

    def _prepare(self, contestant: Contestant, place: int) -> None:
        host = {"Host": f"127.0.0.1:{contestant.port}"}
        with psycopg.connect(superuser_url(self._servers, contestant.database)) as connection:
            connection.execute("SET search_path = lad_dev")
            contestant.rows = chosen_rows(connection, place)
        login = {"email": contestant.rows["email"], "password": PASSWORD}
        signed_in = request("POST", "/api/v1/auth/sign-in/", headers=host, body=login)
        token = ask(contestant.port, signed_in, status=200).json()["access_token"]
        caller = {"X-Tenant-ID": str(contestant.rows["tenant"])}
        caller |= {"X-User-ID": str(contestant.rows["user"])} if contestant.name == BARE else {}
        contestant.headers = {**host, "Authorization": f"Bearer {token}", "Accept": "application/json", **caller}

    def _compare_bytes(self) -> None:
        product, bare = (next(each for each in self.contestants if each.name == name) for name in (LAD, BARE))
        for operation in READS:
            expected, found = (ask(each.port, each.request(operation), status=200).body for each in (product, bare))
            if expected != found:
                raise SystemExit(f"The bare view answers {operation} otherwise:\n{found[:2000]!r}\n{expected[:2000]!r}")

    def _count_statements(self) -> None:
        with psycopg.connect(self._servers.superuser_url, autocommit=True) as superuser, self._log.open() as log:
            superuser.execute("ALTER SYSTEM SET log_statement = 'all'")
            superuser.execute("SELECT pg_reload_conf()")
            for contestant, operation in itertools.product(self.contestants, AIMS):
                counts = []
                for _ in range(4):
                    log.seek(0, os.SEEK_END)
                    ask(contestant.port, contestant.request(operation), status=_status(operation))
                    time.sleep(0.05)
                    found = [STATEMENT.search(line) for line in log]
                    counts.append(sum(1 for each in found if each and each[1] == contestant.database.name))
                # The first request of a process fills its caches.
                self.statements[contestant.name, operation] = statistics.median_low(counts[1:])
            superuser.execute("ALTER SYSTEM RESET log_statement")
            superuser.execute("SELECT pg_reload_conf()")


def chosen_rows(connection: psycopg.Connection[Any], place: int) -> dict[str, Any]:
    """Choose the caller, filter, search and leads of a contestant. Each contestant changes leads of its own."""

    def one(query: str, *values: object) -> Any:
        row = connection.execute(query, values).fetchone()
        assert row is not None, query
        return row

    email = "owner@scale-01.example"
    count = PATCHED_LEADS
    user, tenant = one("SELECT id, primary_tenant_id FROM users WHERE email = %s", email)
    live = "FROM leads WHERE tenant_id = %s AND deleted_at IS NULL"
    stage, assigned_user, _count = one(
        f"SELECT stage, assigned_user_id, count(*) {live} AND assigned_user_id IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 1",
        tenant,
    )
    (retrieved,) = one(f"SELECT id {live} ORDER BY created_at OFFSET 1000 LIMIT 1", tenant)
    (search,) = one(f"SELECT last_name {live} AND last_name > '' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1", tenant)
    patched = connection.execute(
        f"SELECT id, stage {live} ORDER BY created_at OFFSET %s LIMIT %s", [tenant, place * count, count]
    ).fetchall()
    assert len(patched) == count
    return {
        "email": email,
        "user": user,
        "tenant": tenant,
        "stage": stage,
        "assigned_user": assigned_user,
        "retrieved": retrieved,
        "search": search.lower(),
        "patched": patched,
    }


@contextmanager
def serving(servers: Servers, database: Database, *, root: Path, application: str) -> Iterator[int]:
    """Run the web server of a checkout with one worker. Yield its port once it answers."""
    port = free_port()
    environment = {
        **os.environ,
        **addresses(servers, database),
        "DB_POOL": "true",
        "GRANIAN_WORKERS": "1",
        "ACCESS_TOKEN_MINUTES": "1440",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *server_command(root, port, application)],
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def server_command(root: Path, port: int, application: str) -> list[str]:
    """Return the command that a checkout is served with."""
    if (root / "lad" / "serving").exists():
        return web.command(host="127.0.0.1", port=port, application=application)
    # Earlier checkouts were served as WSGI.
    options = ["--interface", "wsgi", "--port", str(port), "--no-ws", "--blocking-threads", "8"]
    return ["-m", "granian", *options, "lad.wsgi:application"]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            ask(port, request("GET", "/healthz", headers={"Host": f"127.0.0.1:{port}"}), status=200)
            return
        except (OSError, UnexpectedAnswer) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The web server does not answer; its errors are above.") from error
            time.sleep(0.1)


def _status(operation: str) -> int:
    return 201 if operation == "POST" else 200


def run(servers: Servers, directory: Path, options: argparse.Namespace) -> list[Size]:
    sizes = []
    for leads in filter(None, (options.small, options.big)):
        database = Database(f"lad_{leads}", leads)
        _fill_once(servers, database, directory, ROOT)
        with ExitStack() as stack:
            port = stack.enter_context(serving(servers, database, root=ROOT, application="bare_view:application"))
            contestants = [Contestant(LAD, database, port), Contestant(BARE, database, port, prefix="/bare")]
            if options.before:
                other, root = Database(f"before_{leads}", leads), options.before.resolve()
                _fill_once(servers, other, directory, root)
                port = stack.enter_context(serving(servers, other, root=root, application=web.APPLICATION))
                contestants.append(Contestant(BEFORE, other, port))
            size = Size(servers, directory / "log" / "postgres.log", contestants)
            size.prepare()
            size.measure(options.rounds, options.seconds)
            sizes.append(size)
    return sizes


def _fill_once(servers: Servers, database: Database, directory: Path, root: Path) -> None:
    marker = directory / f"{database.name}.filled"
    if marker.exists():
        migrate(servers, database, root=root)
    else:
        fill(servers, database, root=root)
        marker.touch()


def report(sizes: list[Size], options: argparse.Namespace) -> int:
    names = [each.name for each in sizes[0].contestants]
    print(f"\n{options.rounds} rounds of {options.seconds:g} s; medians. Milliseconds are a caller's wait.\n")
    columns = [f"{name}: statements | ms" for name in names]
    print(f"| leads | request | clients | {' | '.join(columns)} | LAD / bare | aim | reached |")
    print(f"|---:|---|---:|{'---:|' * (2 * len(names) + 2)}---|")
    for size in sizes:
        for each in size.figures:
            cells = [f"{size.statements[name, each.operation]} | {each.milliseconds(name):.2f}" for name in names]
            print(
                f"| {each.database.leads:,} | {each.operation} | {each.concurrency} | {' | '.join(cells)}"
                f" | {each.ratio:.2f} | {AIMS[each.operation]:g} | {'yes' if each.reached else 'no'} |"
            )
    reached = [each.reached for size in sizes for each in size.figures]
    for size in sizes:
        statements = size.statements[LAD, "PATCH"]
        reached.append(statements <= MAX_PATCH_STATEMENTS)
        print(
            f"PATCH at {size.contestants[0].database.leads:,} leads: {statements} statements,"
            f" the aim is {MAX_PATCH_STATEMENTS}"
        )
    print("Another CRM is not compared: none can be installed here.")
    return 0 if close(reached) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--big", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of a request at one concurrency, in a round")
    parser.add_argument("--directory", type=Path, help="keep the filled databases here, 5 GB at most")
    parser.add_argument("--before", type=Path, help="another checkout of LAD")
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="lad-"))
    try:
        with servers_in(directory) as servers:
            return report(run(servers, directory, options), options)
    finally:
        if not options.directory:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
