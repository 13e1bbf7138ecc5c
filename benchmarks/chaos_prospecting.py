"""Reveal people through real workers and the sandbox's Apollo while workers are killed and everything goes wrong.

    python benchmarks/chaos_prospecting.py [--people 240] [--seconds 150] [--kills 60] [--restarts 2]

Starts a database, a broker, the sandbox, LAD's web server and Celery workers of its own. Tenants with an account of
their own, two that share the platform's, one whose plan allows a few calls a day, and one with little credit ask for
addresses and numbers of the same people, singly, in jobs, and more than once. Meanwhile the sandbox refuses calls,
fails, loses answers after it charged for them, and loses, repeats, delays and hastens deliveries of numbers, and
workers are killed with SIGKILL. Whenever nobody has work, time is moved on. At last a person decides about answers
that were lost, and everything is asked for once more.

Exits 1 unless what each tenant paid is, to the unit, the sandbox's own count of paid answers at the prices of the
price list, nobody was revealed twice, and nothing is held or queued any more.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.chaos_processes import START_SECONDS, Chaos, sandbox  # noqa: E402  (needs sys.path)
from benchmarks.chaos_world import PLAIN_HOST, SandboxControl  # noqa: E402
from benchmarks.ledger_stress import migrated_servers  # noqa: E402
from benchmarks.prospecting_judge import Judge  # noqa: E402
from benchmarks.prospecting_time import WINDOWS, Time, database_of  # noqa: E402
from benchmarks.prospecting_world import OWN, TEAM, TINY_TEAM, Request, World  # noqa: E402
from tools.runtime import web  # noqa: E402
from tools.runtime.ports import free_port  # noqa: E402
from tools.runtime.process import spawn  # noqa: E402

HOST: Final = "lad.chaos.example"
# How long LAD waits for an answer. The sandbox charges, and takes longer.
TIMEOUT_SECONDS: Final = 5
# The sandbox's clock is slow, so that a window that somebody fills lasts until LAD calls, however busy the machine is.
# Numbers come ten times as soon as at Apollo all the same.
SPEED: Final = 0.05
HASTE: Final = 10.0 / SPEED
TOO_LATE_SECONDS: Final = 30 * 3_600 * HASTE
TICK_SECONDS: Final = 0.1
SAY_EVERY: Final = 15.0
HAS_DUE: Final = """
SELECT EXISTS (
    SELECT FROM reveals WHERE state = 'queued' AND next_attempt_at <= now() OR state = 'asking' AND lease_until > now()
)
"""
# Nothing new happened for so long: something is stuck.
STUCK_SECONDS: Final = 120.0
# Share of the time in which requests are made; what they ask for takes a while longer.
ASKING_SHARE: Final = 0.85
TWICE_AT_ONCE: Final = 0.2
# What goes wrong with a call for ten people: the fault, its first call of a team, and every how many calls again.
BULK_FAULTS: Final[tuple[tuple[dict[str, object], int, int], ...]] = (
    ({"kind": "answer", "code": 429, "seconds": 2}, 1, 9),
    ({"kind": "answer", "code": 500}, 2, 8),
    ({"kind": "drop", "accepted": True}, 3, 12),
    ({"kind": "drop", "accepted": False}, 5, 16),
    ({"kind": "drop", "accepted": True, "seconds": TIMEOUT_SECONDS + 1}, 6, 18),
    ({"kind": "split"}, 4, 14),
    ({"kind": "answer", "code": 503}, 7, 15),
    ({"kind": "answer", "code": 504}, 9, 25),
)
PAGE_FAULTS: Final[tuple[tuple[dict[str, object], int, int], ...]] = (
    ({"kind": "drop", "accepted": True}, 2, 7),
    ({"kind": "split"}, 3, 9),
    ({"kind": "answer", "code": 500}, 4, 8),
)
WEBHOOK_FAULTS: Final[tuple[tuple[dict[str, object], int, int], ...]] = (
    ({"kind": "drop"}, 1, 5),
    ({"kind": "split"}, 2, 4),
    ({"kind": "answer"}, 3, 6),
    ({"kind": "slow", "seconds": TOO_LATE_SECONDS}, 0, 7),
)


@dataclass
class Run:
    """One run: its processes, its world, and what was asked so far."""

    chaos: Chaos
    world: World
    control: SandboxControl
    time: Time
    # Requests that were refused because of the credit.
    refused: int = 0
    failed_searches: int = 0

    def act(self, todo: list[Callable[[], None]], *, seconds: float, kills: int, restarts: int) -> None:
        """Make the requests, spread over the time, and kill and restart in proportion.

        Nothing is killed that has not called the directory since the last kill: it would be killed while it starts.
        """
        asking = threading.Thread(target=self._make, args=(todo, seconds * ASKING_SHARE), daemon=True)
        began = said = time.monotonic()
        calls = 0
        asking.start()
        while asking.is_alive() or time.monotonic() < began + seconds or (self.chaos.kills < kills and self.has_due()):
            self.chaos.keep_alive()
            share = min((time.monotonic() - began) / seconds, 1.0)
            called = self.control.counts().get("apollo_call", 0)
            if self.chaos.kills < kills * share and called > calls:
                calls = called
                self.chaos.kill(share)
            if self.chaos.restarts < int(restarts * share + 0.5):
                self.chaos.restart()
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                print(f"  {share:.0%}, {self.chaos.kills} kills, {self.states()}", file=sys.stderr, flush=True)
            time.sleep(TICK_SECONDS)

    def _make(self, todo: list[Callable[[], None]], seconds: float) -> None:
        from django.db import connection

        began = time.monotonic()
        for place, each in enumerate(todo):
            time.sleep(max(began + seconds * place / len(todo) - time.monotonic(), 0))
            each()
        connection.close()

    def settle(self) -> None:
        """Let time pass until nothing is left to come."""
        before, since = "", time.monotonic()
        while self.time.pass_if_idle():
            self.chaos.keep_alive()
            now = f"{self.states()} {self.time.passed}"
            if now != before:
                before, since = now, time.monotonic()
            if time.monotonic() - since > STUCK_SECONDS:
                print(f"  stuck: {now}", file=sys.stderr, flush=True)
                return
            time.sleep(TICK_SECONDS)

    def has_due(self) -> bool:
        """Return whether something is to be asked for now."""
        with database_of(self.chaos) as database:
            row = database.execute(HAS_DUE).fetchone()
        return row is not None and bool(row[0])

    def states(self) -> str:
        with suppress(Exception), database_of(self.chaos) as database:
            rows = database.execute("SELECT state, count(*) FROM reveals GROUP BY 1 ORDER BY 1").fetchall()
            return ", ".join(f"{many} {state}" for state, many in rows)
        return "no database"

    def ask(self, request: Request, *, at_once: int = 1) -> None:
        """Make a request, or the same one several times at the same moment."""
        if at_once == 1:
            self._ask(request)
            return
        threads = [threading.Thread(target=self._ask, args=(request,)) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def search(self, search: Callable[[], None]) -> None:
        """Search for companies. Failures of the directory cost nothing."""
        from lad.errors import DomainError

        try:
            _persistently(search)
        except DomainError:
            self.failed_searches += 1

    def _ask(self, request: Request) -> None:
        from django.db import connection

        from leads.companies.reveals.errors import NotEnoughCredit

        try:
            _persistently(lambda: request.tenant.ask(request))
        except NotEnoughCredit:
            self.refused += 1
        finally:
            if threading.current_thread() is not threading.main_thread():
                connection.close()


def _persistently(call: Callable[[], None]) -> None:
    """Call, again if the database went away meanwhile."""
    from django.db import InterfaceError, OperationalError, connection

    while True:
        try:
            return call()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.2)


def plan_faults(control: SandboxControl) -> int:
    """Let calls, pages and deliveries go wrong now and then. Return how many kinds of faults there are."""

    def add(stage: str, account: str, kinds: tuple[tuple[dict[str, object], int, int], ...]) -> None:
        for kind, skip, every in kinds:
            fault = {**kind, "protocol": "apollo", "stage": stage, "account": account, "times": None}
            control.ask("POST", "/faults", {**fault, "skip": skip, "every": every})

    for team in [TEAM.format(f"own{number}") for number in range(OWN)] + [TEAM.format("shared")]:
        add("BULK", team, BULK_FAULTS)
        add("COMPANIES", team, PAGE_FAULTS)
    add("WEBHOOK", "", WEBHOOK_FAULTS)
    return len(BULK_FAULTS) + len(PAGE_FAULTS) + len(WEBHOOK_FAULTS)


@contextmanager
def web_server(directory: Path, port: int) -> Iterator[None]:
    """Serve LAD, which takes the deliveries of numbers."""
    command = [sys.executable, "-W", "ignore", *web.command(host=PLAIN_HOST, port=port)]
    environment = {**os.environ, "GRANIAN_WORKERS": "1"}
    child = spawn("web", command, log=directory / "web.log", directory=ROOT, environment=environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline or not child.running:
                raise SystemExit("The web server did not start:\n" + "\n".join(child.last_lines()))
            time.sleep(0.2)
        yield
    finally:
        child.stop(seconds=10)


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection(PLAIN_HOST, port, timeout=2)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def report(run: Run, first: Judge, last: Judge, again: tuple[int, Decimal], options: argparse.Namespace) -> int:
    """Print what became of everything, and the aims. Return the exit code."""
    from billing.audit.services import audit_ledger

    chaos, log, windows = run.chaos, last.log, run.time.refused()
    for books in last.books:
        print(books.sentence())
    print(
        f"killed {len(chaos.process_kills)} processes and {len(chaos.worker_kills)} whole workers, restarted database"
        f" and broker {chaos.restarts} times; {run.refused} requests without enough credit,"
        f" {run.failed_searches} searches failed; {run.time.passed / 3_600:,.0f} hours passed"
    )
    print(f"{log.lost_answers} answers lost; deliveries of numbers: {dict(log.webhooks)}")
    held = [each.asker.name for each in first.books if _held(each) != each.reserved]
    unknown = sum(each.many("unknown") for each in first.books)
    left = sum(each.many("queued", "asking", "waiting", "unknown") for each in last.books)
    twice, exact = last.twice(), [each for each in last.books if each.are_exact]
    most = 20 * (chaos.interrupted + log.lost_answers)
    violations = audit_ledger().results.violations
    aims = [
        (f"{len(exact)} of {len(last.books)} tenants paid what the sandbox counted", len(exact) == len(last.books)),
        ("pages of companies were paid as they were handed over", last.shared_pages()),
        (f"{len(twice)} people revealed twice, aim 0 {twice[:3] or ''}", not twice),
        (f"only what is unknown was held before somebody decided {held or ''}", not held),
        (f"{unknown} unknown then, at most {most} of lost answers and killed workers", 0 < unknown <= most),
        (f"{left} neither found, empty nor ended, aim 0", not left),
        ("nothing is held in the end", not any(each.reserved or each.open_uses for each in last.books)),
        (f"asked for once more: {again[0]} more charges, {again[1]} more paid, aim 0", not any(again)),
        (f"LAD was refused in each window: {windows}", all(windows[each] for each in WINDOWS)),
        (
            "deliveries of numbers were lost, repeated, polled",
            all(log.webhooks[each] for each in ("lost", "repeated", "polled")),
        ),
        (f"{violations} violations in the ledger, aim 0", not violations),
        (f"{chaos.kills} kills, aim {options.kills}", chaos.kills >= options.kills),
    ]
    return 0 if tell(aims) else 1


def _held(books: Any) -> Decimal:
    from benchmarks.prospecting_world import USUAL_PRICES

    return sum(
        (USUAL_PRICES[kind] * many for (state, kind), many in books.states.items() if state == "unknown"), Decimal(0)
    )


def once_more(requests: Sequence[Request]) -> Iterator[Request]:
    """Yield the second half of the requests again, for whom everything is known."""
    known = {each.tenant.id: each.tenant.known() for each in requests}
    for each in requests[len(requests) // 2 :]:
        people = [one for one in each.people if known[each.tenant.id] >= {(one, kind) for kind in each.kinds}]
        if people:
            yield Request(each.tenant, tuple(people), each.kinds)


def rehearse(run: Run, options: argparse.Namespace) -> tuple[Judge, Judge, tuple[int, Decimal]]:
    """Let everything go wrong, then decide about what was lost, then ask for everything once more."""
    from django.db import connection

    chance = random.Random(options.seed)
    requests = run.world.requests(chance)
    todo: list[Callable[[], None]] = [
        (lambda request=each: run.ask(request, at_once=1 + (chance.random() < TWICE_AT_ONCE)))  # type: ignore[misc]
        for each in requests
    ]
    # Somebody else uses up the minute just before LAD calls.
    todo.insert(next(n for n, each in enumerate(requests) if each.tenant.team == TINY_TEAM), run.time.fill_next_window)
    for each in run.world.searches(chance):
        todo.insert(chance.randrange(4, len(requests) // 2), (lambda search=each: run.search(search)))  # type: ignore[misc]
    run.act(todo, seconds=options.seconds, kills=options.kills, restarts=options.restarts)
    # The database may have been restarted since.
    connection.close()
    run.control.ask("DELETE", "/faults")
    run.settle()
    # What comes after LAD has given it up.
    run.control.ask("POST", "/clock", {"until": "idle"})
    with database_of(run.chaos) as database:
        first = Judge(run.world, run.control, database)
        while sum(asker.decide() for asker in run.world.askers):
            run.settle()
        run.control.ask("POST", "/clock", {"until": "idle"})
        run.settle()
        last = Judge(run.world, run.control, database)
        for request in once_more(requests):
            run.ask(request)
        run.settle()
        after = Judge(run.world, run.control, database)
    more = sum((each.debited for each in after.books), Decimal(0)) - sum(
        (each.debited for each in last.books), Decimal(0)
    )
    return first, last, (after.log.charges() - last.log.charges(), more)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=240, help="whom each tenant asks for")
    parser.add_argument("--seconds", type=float, default=150, help="how long they ask and everything goes wrong")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--restarts", type=int, default=2, help="of the database and the broker, in turn")
    parser.add_argument("--seed", type=int, default=15)
    options = parser.parse_args()
    directory, port = Path(tempfile.mkdtemp(prefix="lad-chaos-")), free_port()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        address = f"{HOST}={PLAIN_HOST}:{port}"
        ports = stack.enter_context(sandbox(directory, "--web", address, "--speed", str(SPEED), "--haste", str(HASTE)))
        os.environ.update(
            DJANGO_SETTINGS_MODULE="lad.settings",
            FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
            PUBLIC_URL=f"https://{HOST}",
            ALLOWED_HOSTS=f"{HOST},{PLAIN_HOST}",
            DIRECTORY_SANDBOX_HOSTS=PLAIN_HOST,
            DIRECTORY_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS),
        )
        servers = stack.enter_context(migrated_servers(directory))
        import django

        django.setup()
        control = SandboxControl(ports["http"])
        world = World.build(control, ports["http"], options.people)
        plan_faults(control)
        stack.enter_context(web_server(directory, port))
        chaos = Chaos(servers, directory, dict(os.environ))
        stack.callback(chaos.stop)
        run = Run(chaos, world, control, Time(chaos, control, ports["http"]))
        judged = rehearse(run, options)
        chaos.stop()
        return report(run, *judged, options)


if __name__ == "__main__":
    sys.exit(main())
