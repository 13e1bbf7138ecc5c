"""Measure campaigns: steps and decisions a second, messages a second, and a small tenant beside a large one.

    python benchmarks/campaigns.py [--sizes 100000,1000000] [--due 4000] [--rounds 3] [--messages 2000]
        [--backlog 100000] [--probes 200]

Starts servers of its own. The steps are those of ``campaigns_raw``, which does the engine's work on the same tables,
indexes and commits in as little SQL as it takes; both take turns in every round, in both orders. ``--sizes`` are the
numbers of enrolments that the table holds meanwhile: the last against the first is the growth. Messages go into a
local sink, from one sender with one connection, against a loop of smtplib with the same. The small tenant has 20 due
leads at a time, idle and beside a tenant with a backlog.
"""

import argparse
import os
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.campaigns_world import Bench  # noqa: E402
from benchmarks.servers import migrated_servers  # noqa: E402

# Each enrolment ends its delay and does the step after it.
STEPS: Final = 2
AIM_STEPS, AIM_GROWTH, AIM_MESSAGES, AIM_QUIET = 0.5, 1.3, 0.5, 1.5
DECISIONS: Final = 500
SMALL: Final = 20
WORKERS: Final = 2
CREDIT_BATCH: Final = 25
UNHELD: Final = 600.0
PROBE_TIMEOUT: Final = 60.0

Rates = tuple[list[float], list[float]]


def timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


class Steps:
    """Both contestants with two campaigns each: one that writes e-mails and one that ends."""

    def __init__(self, database: psycopg.Connection[Any], due: int) -> None:
        from benchmarks.campaigns_raw import RawEngine

        self._database, self._due = database, due
        self._lad, self._raw = (Bench.create(database, name, leads=due) for name in ("lad", "raw"))
        self._filler = self._lad.campaign(writes_mail=False)
        self._campaigns = {
            bench.tenant: [bench.campaign(writes_mail=each) for each in (True, False)]
            for bench in (self._lad, self._raw)
        }
        self._engines = [
            RawEngine(database, self._raw.tenant, campaign, self._raw.steps[campaign], self._raw.account)
            for campaign in self._campaigns[self._raw.tenant]
        ]

    def fill(self, size: int) -> None:
        row = self._database.execute("SELECT count(*) FROM campaign_leads").fetchone()
        self._lad.fill(self._filler, max(size - (row[0] if row else 0), 0))
        self._database.execute("VACUUM ANALYZE campaign_leads")

    def measure(self, rounds: int) -> Rates:
        """Return the steps a second of LAD and of raw SQL in each round. The first round warms both up.

        Who works second finds a warmer server, so each round has both orders.
        """
        rates: Rates = ([], [])
        for number in range(rounds + 1):
            spent = [0.0, 0.0]
            for order in ((0, 1), (1, 0)):
                for place, seconds in self._take_turns(order):
                    spent[place] += seconds
            if number:
                for place, seconds in enumerate(spent):
                    rates[place].append(len(spent) * 2 * self._due * STEPS / seconds)
        return rates

    def _take_turns(self, order: tuple[int, int]) -> Iterator[tuple[int, float]]:
        """Let LAD (0) and raw SQL (1) do the same work in this order. Yield the seconds of each."""
        now = datetime.now(UTC)
        for bench in (self._lad, self._raw):
            for campaign in self._campaigns[bench.tenant]:
                bench.due(campaign, self._due, now, wake=bench is self._lad)
        for table in ("campaign_leads", "messages", "campaign_lead_activities"):
            self._database.execute(f"VACUUM ANALYZE {table}")
        for place in order:
            yield place, timed(partial((self._run_lad, self._run_raw)[place], now))
        self._check(now)

    def _run_lad(self, now: datetime) -> int:
        from campaigns.engine import worker

        return worker.run_due(now=now, seconds=UNHELD).handled

    def _run_raw(self, now: datetime) -> int:
        return sum(engine.run(now) for engine in self._engines)

    def _check(self, now: datetime) -> None:
        """Stop if one of them left work undone or wrote less than the other."""
        written = []
        for bench in (self._lad, self._raw):
            left = sum(bench.waiting(campaign, now) for campaign in self._campaigns[bench.tenant])
            counts = [
                self._database.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [bench.tenant]).fetchone()
                for table in ("messages", "campaign_lead_activities")
            ]
            written.append((left, counts))
        if written[0] != written[1] or written[0][0]:
            raise SystemExit(f"The contestants did different work: {written}")

    def decisions(self, rounds: int) -> float:
        """Return the decisions a second, 500 leads at a time."""
        from lad.tenancy.context import tenant_context
        from leads.channels import Channel
        from leads.contactability.models import Purpose
        from leads.contactability.services import decide
        from leads.contacts.models import Lead

        with tenant_context(self._lad.tenant):
            ids = list(Lead.objects.values_list("pk", flat=True)[:DECISIONS])
            ask = partial(decide, lead_ids=ids, channel=Channel.EMAIL, purpose=Purpose.OUTREACH, at=datetime.now(UTC))
            ask()
            seconds = [timed(ask) for _ in range(rounds)]
        return len(ids) / statistics.median(seconds)


@contextmanager
def sink() -> Iterator[int]:
    """Run a mail server that takes everything. Yield its port."""
    command = [sys.executable, "-m", "benchmarks.smtp_sink"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def send_bare(port: int, messages: int) -> None:
    """Send as many messages as a loop of smtplib can over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(messages):
            mail = EmailMessage()
            mail["From"], mail["To"] = "a@bare.example", f"lead{number}@bare.example"
            mail["Subject"], mail["Message-ID"] = "Hello Maya", f"<{number}.{time.monotonic_ns()}@bare.example>"
            mail.set_content("How is Northwind?")
            server.send_message(mail)


def measure_messages(database: psycopg.Connection[Any], messages: int, rounds: int) -> Rates:
    """Return the messages a second of LAD's sender and of smtplib, in each round."""
    from campaigns.messages.services import Draft, queue
    from lad.tenancy.context import tenant_context
    from leads.channels import Channel
    from leads.contacts.models import Lead

    rates: Rates = ([], [])
    bench = Bench.create(database, "mail", leads=messages)
    with sink() as port:
        # The other tenants have messages waiting, too.
        database.execute("UPDATE email_accounts SET smtp_port = %s, is_active = id = %s", [port, bench.account])
        for number in range(rounds + 1):
            with tenant_context(bench.tenant):
                ids = Lead.objects.values_list("pk", flat=True)
                text = "Hello Maya", "How is Northwind?"
                queue([Draft(key, Channel.EMAIL, *text, email_account_id=bench.account) for key in ids])
            # As autovacuum does while messages come in.
            database.execute("ANALYZE")
            sent: list[int] = []
            lad = timed(partial(_send, sent))
            bare = timed(lambda: send_bare(port, messages))
            if sent != [messages]:
                raise SystemExit(f"{sent} messages were sent, {messages} were expected.")
            if number:
                rates[0].append(messages / lad)
                rates[1].append(messages / bare)
    return rates


def measure_credits(database: psycopg.Connection[Any], rounds: int) -> tuple[float, float]:
    """Return the microseconds in which the credit of a message is held, and charged: of one alone, and of 25."""
    from billing.ledger.services import ledger, wallets
    from billing.pricing.models import Price
    from campaigns.charging import services as charging
    from campaigns.messages.models import Message, MessageState
    from campaigns.messages.services import Draft, queue
    from lad.tenancy.context import platform_context, tenant_context
    from leads.channels import Channel
    from leads.contacts.models import Lead

    price = {"category": "messaging", "provider": "lad", "model": "email", "unit": "message"}
    with platform_context():
        Price.objects.create(**price, unit_price=Decimal("0.002"), effective_from=datetime(2026, 1, 1, tzinfo=UTC))
    bench = Bench.create(database, "credit", leads=CREDIT_BATCH)
    step = bench.steps[bench.campaign(writes_mail=True)][1]
    seconds: dict[int, list[float]] = {1: [], CREDIT_BATCH: []}
    for many in [*seconds] * (rounds + 1):
        with tenant_context(bench.tenant):
            ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(1), key=f"{time.monotonic_ns()}")
            ids = Lead.objects.values_list("pk", flat=True)[:many]
            drafts = [
                Draft(key, Channel.EMAIL, "Hello", "Hi", email_account_id=bench.account, step_id=step) for key in ids
            ]
            messages = list(Message.objects.filter(pk__in=queue(drafts)))
            took = timed(partial(charging.hold_for, messages, now=datetime.now(UTC)))
            for message in messages:
                message.state = MessageState.SENT
            seconds[many].append((took + timed(partial(charging.settle, messages))) / many)
    return statistics.median(seconds[1][1:]) * 1e6, statistics.median(seconds[CREDIT_BATCH][1:]) * 1e6


def _send(sent: list[int]) -> None:
    """Send all that is due, and add how much that was."""
    from campaigns.channels.sending import worker

    sent.append(worker.send_due(seconds=UNHELD).get("sent", 0))


@contextmanager
def workers(number: int) -> Iterator[Callable[[], None]]:
    """Run workers of the engine. Yield what wakes them, as the product's notification does."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.campaigns_worker"]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1))
            for _ in range(number)
        ]
        for process in processes:
            # What is left of the backlog when all has been measured is left undone.
            stack.callback(process.terminate)
            assert process.stdout is not None
            process.stdout.readline()

        def wake() -> None:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("work\n")

        yield wake


def measure_quiet(database: psycopg.Connection[Any], backlog: int, probes: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds in which 20 leads of a small tenant are done, idle and beside a backlog.

    There are two workers, as ``make up`` starts them. Idle ones wait for a notification; a worker that has work
    looks for more by itself.
    """
    small = Bench.create(database, "small", leads=SMALL)
    large = Bench.create(database, "large", leads=backlog)
    mine, theirs = small.campaign(writes_mail=False), large.campaign(writes_mail=False)
    with workers(WORKERS) as wake:
        _probe(small, mine, wake)
        idle = [_probe(small, mine, wake) for _ in range(probes)]
        large.due(theirs, backlog, datetime.now(UTC))
        wake()
        beside: list[float] = []
        while len(beside) < probes and large.waiting(theirs, datetime.now(UTC)):
            beside.append(_probe(small, mine, wake))
    print(f"  {len(beside)} probes while the large tenant had work", flush=True)
    return idle, beside


def _probe(small: Bench, campaign: Any, wake: Callable[[], None]) -> float:
    now = datetime.now(UTC)
    small.due(campaign, SMALL, now)
    started = time.monotonic()
    wake()
    while small.waiting(campaign, now):
        if time.monotonic() - started > PROBE_TIMEOUT:
            raise SystemExit("The small tenant's leads were not done within a minute.")
        time.sleep(0.001)
    return (time.monotonic() - started) * 1000


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ratio(rates: Rates) -> float:
    return statistics.median(one / other for one, other in zip(*rates, strict=True))


def report(name: str, rates: Rates) -> float:
    mine, other = (statistics.median(each) for each in rates)
    rounds = ", ".join(f"{one / another:.2f}" for one, another in zip(*rates, strict=True))
    print(f"  {name:34} LAD {mine:9,.0f}/s   bare {other:9,.0f}/s   ratio {ratio(rates):.2f} ({rounds})", flush=True)
    return mine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--due", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--probes", type=int, default=200)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-campaigns-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        os.environ["MAIL_SANDBOX_HOSTS"] = "127.0.0.1"
        database = stack.enter_context(migrated_servers(directory, DB_POOL="false"))
        import django

        django.setup()
        steps, found = Steps(database, options.due), []
        for size in map(int, options.sizes.split(",")):
            steps.fill(size)
            rates = steps.measure(options.rounds)
            found.append((report(f"steps, {size:,} enrolments", rates), ratio(rates)))
        print(f"  decisions                          LAD {steps.decisions(options.rounds):9,.0f}/s", flush=True)
        alone, together = measure_credits(database, options.rounds)
        print(
            f"  credits of a message {alone:,.0f} µs alone, {together:,.0f} µs in a batch of {CREDIT_BATCH}", flush=True
        )
        messages = measure_messages(database, options.messages, options.rounds)
        report("messages into a sink", messages)
        idle, beside = measure_quiet(database, options.backlog, options.probes)
    growth = found[0][0] / found[-1][0]
    quiet = percentile(beside, 0.99) / percentile(idle, 0.99)
    middles = statistics.median(idle), statistics.median(beside)
    print("  small tenant p50 {:.0f} ms idle, {:.0f} ms beside the large one".format(*middles))
    aims = [
        (f"steps at {min(each for _rate, each in found):.2f} of raw SQL, aim {AIM_STEPS}", found[-1][1] >= AIM_STEPS),
        (f"steps {growth:.2f} times slower in the largest table, aim {AIM_GROWTH}", growth <= AIM_GROWTH),
        (f"messages at {ratio(messages):.2f} of smtplib, aim {AIM_MESSAGES}", ratio(messages) >= AIM_MESSAGES),
        (f"small tenant's p99 {quiet:.2f} times that of an idle server, aim {AIM_QUIET}", quiet <= AIM_QUIET),
    ]
    tell(aims)
    return 0


if __name__ == "__main__":
    sys.exit(main())
