"""Send messages on all channels through real workers while they, providers and the servers below them are killed.

    python benchmarks/chaos_outreach.py [--messages 100000] [--networks 2000] [--kills 500] [--drops 50] [--restarts 30]

Starts a database, a broker, the sandbox and Celery workers of its own. Workers are killed with SIGKILL, connections
are dropped around the final answer of the mail server, before and after it took the message, and database and broker
are killed and started again. Afterwards the sandbox's own log says what it took: exits 1 unless no message was taken
twice or lost, none is left unknown whose copy is in the server's queue or the mailbox of sent messages, at most as
many are unknown as sends were interrupted, and the credits agree with the messages.

At the same time so many leads (``--networks``) are visited, invited, followed and written to on each of LinkedIn,
WhatsApp (through the gateway and the Cloud API), Instagram and SMS. Providers refuse, fail and lose answers, and a
fifth of their reports is lost, doubled, late or swapped. The sandbox's log says that nothing reached anybody twice, was
lost, exceeded the limit of an account, or was sent to somebody who had answered, opted out or blocked. All answers are
known to LAD. Forbidden lines are added to the log at the end, to prove that each would have been found.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from cryptography.fernet import Fernet

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.chaos_processes import Chaos, sandbox  # noqa: E402
from benchmarks.chaos_prospecting import web_server  # noqa: E402
from benchmarks.chaos_world import (  # noqa: E402
    PLAIN_HOST,
    QUEUE_HOST,
    ChaosWorld,
    SandboxControl,
    Verdict,
    judge,
)
from benchmarks.ledger_stress import Servers, migrated_servers  # noqa: E402
from benchmarks.networks_judge import RULES, Judge, Record  # noqa: E402
from benchmarks.networks_tampering import undetected  # noqa: E402
from benchmarks.networks_world import (  # noqa: E402
    NetworksWorld,
    disturb,
    dumped,
    lost_answers,
    progress_of,
    record_of,
    settings_for,
)
from tools.runtime.ports import free_port  # noqa: E402

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
SAY_EVERY: Final = 15.0
# Before the first message is sent: workers are killed while they start, too.
EARLY_KILLS: Final = 3
# All kills and restarts are done when so many of the messages are sent. What they interrupted takes minutes of
# leases and looks, which the rest of the messages fills.
DONE_AT: Final = 0.9
NEARLY_ALL: Final = 0.99
PROGRESS: Final = """
SELECT count(*) FILTER (WHERE state = 'sent'),
    count(*) FILTER (WHERE state NOT IN ('sent', 'failed', 'cancelled', 'unknown') OR follow_up_due_at IS NOT NULL),
    (SELECT count(*) FROM campaign_leads JOIN campaigns ON campaigns.tenant_id = campaign_leads.tenant_id
        AND campaigns.id = campaign_leads.campaign_id AND campaigns.name = 'Chaos'
        WHERE campaign_leads.status IN ('pending', 'active') AND campaign_leads.reason <> 'sending'),
    count(*) FILTER (WHERE state = 'unknown' AND next_attempt_at IS NOT NULL AND looks < 2)
FROM messages WHERE direction = 'outbound' AND channel = 'email'
"""
# Longer than any lease and the pause between the first two looks for a lost message.
QUIET_SECONDS: Final = 300.0
# Longer than the longest pause between two answers of people.
NETWORKS_QUIET_SECONDS: Final = 330.0
# Longer than LAD waits before it looks which accounts at the gateway are to be read.
READING_SECONDS: Final = 420.0
# With it people have all answered within five minutes, before LAD reads what was not reported.
HASTE: Final = "600"
READ_AGAIN: Final = (
    "UPDATE social_linkedin_accounts SET next_poll_at = NULL",
    "UPDATE channel_accounts SET next_poll_at = NULL",
)


class Observer:
    """Counts rows, through restarts of the database."""

    def __init__(self, servers: Servers) -> None:
        self._address = servers.postgres.superuser_url.replace("/postgres?", "/lad?")

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._address, autocommit=True, options="-c search_path=lad_dev") as database:
            yield database

    def progress(self) -> tuple[int, int, int, int]:
        """Return how many messages are sent, on their way, not yet written, and still looked for."""
        while True:
            try:
                with self.connection() as database:
                    row = database.execute(PROGRESS).fetchone()
                    assert row is not None
                    return row[0], row[1], row[2], row[3]
            except psycopg.OperationalError:
                time.sleep(0.2)

    def networks(self) -> tuple[int, ...]:
        """Return how far the actions on networks have come."""
        while True:
            try:
                with self.connection() as database:
                    return progress_of(database)
            except psycopg.OperationalError:
                time.sleep(0.2)

    def read_again(self) -> None:
        """Let LAD read all accounts at the gateway now instead of in some hours."""
        with self.connection() as database:
            for statement in READ_AGAIN:
                database.execute(statement)

    def is_all_sent(self) -> bool:
        """Return whether no message is on its way or yet to be written. Lost ones may still be looked for."""
        return self.progress()[1:3] == (0, 0)


@dataclass(slots=True)
class Times:
    """When nearly all messages were sent, and when the last of those that had been interrupted was resolved."""

    messages: int
    started: float = field(default_factory=time.monotonic)
    sending: float = 0.0
    resolving: float = 0.0

    def see(self, sent: int) -> None:
        """Note how many messages are sent by now."""
        seconds = time.monotonic() - self.started
        if not self.sending and sent >= NEARLY_ALL * self.messages:
            self.sending = seconds
        self.resolving = seconds

    def sentence(self) -> str:
        pace = self.messages * NEARLY_ALL / self.sending if self.sending else 0
        return (
            f"{self.messages:,} messages in {self.resolving:,.0f} s: {NEARLY_ALL:.0%} of them after"
            f" {self.sending:,.0f} s, {pace:,.0f} a second, and the rest after leases and looks"
        )


def run(chaos: Chaos, control: SandboxControl, observer: Observer, times: Times, *, kills: int, restarts: int) -> None:
    """Kill and restart in proportion to what was sent, then let the workers finish."""
    said = times.started
    while chaos.kills < kills or chaos.restarts < restarts:
        chaos.keep_alive()
        time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
        taken = control.counts().get("submission", 0)
        times.see(taken)
        share = taken / times.messages
        # When everything is sent, the rest would hit idle workers.
        if share >= DONE_AT and observer.is_all_sent():
            break
        if chaos.kills < min(kills, kills * share / DONE_AT + EARLY_KILLS):
            chaos.kill(share)
        if chaos.restarts < min(restarts, restarts * share / DONE_AT):
            chaos.restart()
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(f"  {taken:,} taken, {chaos.kills} kills, {chaos.restarts} restarts", file=sys.stderr, flush=True)
    settle(chaos, observer, times)


def settle(chaos: Chaos, observer: Observer, times: Times) -> None:
    """Wait until every lost message was looked for twice, or until nothing changes any more."""
    before, since = None, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        chaos.keep_alive()
        now = observer.progress()
        if now != before:
            before, since = now, time.monotonic()
            times.see(now[0])
        if now[1:] == (0, 0, 0):
            break
        time.sleep(2)


def settle_networks(chaos: Chaos, observer: Observer) -> None:
    """Wait until nothing changes on the networks, read what was not reported, and wait again."""
    for quiet_seconds in (NETWORKS_QUIET_SECONDS, READING_SECONDS):
        if quiet_seconds == READING_SECONDS:
            observer.read_again()
        before: tuple[int, ...] = ()
        since = time.monotonic()
        while time.monotonic() - since < quiet_seconds:
            chaos.keep_alive()
            now = observer.networks()
            if now != before:
                before, since = now, time.monotonic()
                print(f"  networks: {now}", file=sys.stderr, flush=True)
            time.sleep(3)


def judged(record: Record, interrupted: int) -> list[tuple[str, bool]]:
    """Return the aims on networks."""
    judge = Judge(record)
    print(f"reached people: {judge.counts()}")
    found: dict[str, list[str]] = {}
    for violation in judge.violations():
        found.setdefault(violation.rule, []).append(violation.subject)
    aims = []
    for rule in RULES:
        subjects = found.get(rule, [])
        aims.append((f"{len(subjects)} {rule}, aim 0 {'; '.join(subjects[:3])}", not subjects))
    missed, added = undetected(record)
    unknown = len(judge.unknown())
    return [
        *aims,
        (f"{unknown} unknown on networks, at most {interrupted} actions were interrupted", unknown <= interrupted),
        (f"{len(missed)} of {added} forbidden additions not found, aim 0", added > 0 and not missed),
    ]


def report(
    verdict: Verdict,
    chaos: Chaos,
    *,
    drops: int,
    options: argparse.Namespace,
    more: list[tuple[str, bool]],
) -> int:
    """Print what became of the messages and the aims. Return the exit code."""
    interrupted = chaos.interrupted + drops
    print(f"states: {', '.join(f'{many:,} {state}' for state, many in sorted(verdict.states.items()))}")
    print(
        f"killed {len(chaos.process_kills)} processes and {len(chaos.worker_kills)} whole workers,"
        f" by quarter of the messages: {', '.join(map(str, chaos.kills_by_quarter()))}"
    )
    print(
        f"restarted database and broker {chaos.restarts} times in {chaos.restart_seconds:,.0f} s;"
        f" dropped {drops} connections around the final answer"
    )
    print(f"{verdict.repeated:,} messages were claimed again after a sender was lost")
    aims = [
        (f"{verdict.taken:,} messages taken, {verdict.duplicates} of them twice, aim 0", not verdict.duplicates),
        (f"{verdict.lost} lost, aim 0", not verdict.lost),
        (f"{verdict.unfinished} neither sent nor unknown, aim 0", not verdict.unfinished),
        (f"{verdict.unknown} unknown, at most {interrupted} sends were interrupted", verdict.unknown <= interrupted),
        (f"{verdict.findable} unknown whose copy can be found, aim 0", not verdict.findable),
        (f"{verdict.untold} sent whose campaign does not know it, aim 0", not verdict.untold),
        (f"{verdict.charged:,} charged, {verdict.held} held: what was sent, and what is unknown", verdict.settled),
        (f"{chaos.kills} kills, aim {options.kills}", chaos.kills >= options.kills),
        (f"{drops} dropped connections, aim {options.drops}", drops >= options.drops),
        (f"{chaos.restarts} restarts, aim {options.restarts}", chaos.restarts >= options.restarts),
        *more,
    ]
    return 0 if tell(aims) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--networks", type=int, default=2_000, help="leads on each other channel; 0 for e-mail alone")
    parser.add_argument("--record", type=Path, help="file for what the judge of networks saw")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=30)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-chaos-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        ports = stack.enter_context(sandbox(directory, "--people", "mixed", "--haste", HASTE))
        port = free_port()
        os.environ.update(settings_for(port, ports["http"]))
        os.environ["DJANGO_SETTINGS_MODULE"] = "lad.settings"
        os.environ["FIELD_ENCRYPTION_KEYS"] = Fernet.generate_key().decode()
        os.environ["MAIL_SANDBOX_HOSTS"] = f"{QUEUE_HOST},{PLAIN_HOST}"
        os.environ["MAIL_CA_FILE"] = str(directory / "sandbox" / "certificate.pem")
        os.environ["MAIL_QUEUES"] = json.dumps({QUEUE_HOST: f"http://{PLAIN_HOST}:{ports['http']}/messages"})
        servers = stack.enter_context(migrated_servers(directory))
        import django

        django.setup()
        from django.db import connection

        control = SandboxControl(ports["http"])
        world = ChaosWorld.build(control, ports, options.messages)
        control.drop(options.drops, messages=options.messages)
        networks = None
        if options.networks:
            networks = NetworksWorld.build(control, ports["http"], world.tenant_id, options.networks)
        connection.close()
        stack.enter_context(web_server(directory, port))
        if networks is not None:
            networks.subscribe()
        connection.close()
        disturb(control)
        observer = Observer(servers)
        chaos = Chaos(servers, directory, dict(os.environ))
        stack.callback(chaos.stop)
        times = Times(options.messages)
        run(chaos, control, observer, times, kills=options.kills, restarts=options.restarts)
        more: list[tuple[str, bool]] = []
        if networks is not None:
            settle_networks(chaos, observer)
        chaos.stop()
        with observer.connection() as database:
            verdict = judge(database, control, world, options.messages)
            if networks is not None:
                record = record_of(database, control, networks)
                if options.record:
                    options.record.write_text(dumped(record))
                more = judged(record, chaos.interrupted + lost_answers(control))
        drops = control.counts().get("drop", 0)
    print(times.sentence())
    return report(verdict, chaos, drops=drops, options=options, more=more)


if __name__ == "__main__":
    sys.exit(main())
