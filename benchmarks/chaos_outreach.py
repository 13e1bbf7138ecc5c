"""Send messages through real workers and a mail server while both, and the servers below them, are killed.

    python benchmarks/chaos_outreach.py [--messages 100000] [--kills 500] [--drops 50] [--restarts 30]

Starts a database, a broker, the sandbox and Celery workers of its own. Workers are killed with SIGKILL, connections
are dropped around the final answer of the mail server, before and after it took the message, and database and broker
are killed and started again. Afterwards the sandbox's own log says what it took: exits 1 unless no message was taken
twice or lost, none is left unknown whose copy is in the server's queue or the mailbox of sent messages, at most as
many are unknown as sends were interrupted, the campaign knows of every message that was sent, and the credits agree
with the messages.
"""

import argparse
import json
import os
import random
import secrets
import shutil
import signal
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

from benchmarks.chaos_world import (  # noqa: E402  (importable only after sys.path is set)
    PLAIN_HOST,
    QUEUE_HOST,
    ChaosWorld,
    SandboxControl,
    Verdict,
    judge,
)
from benchmarks.ledger_stress import Servers, migrated_servers  # noqa: E402
from benchmarks.outbox_kill import _children as children_of  # noqa: E402
from tools.runtime.process import Child, spawn  # noqa: E402

WORKERS, CHILDREN = 2, 2
WHOLE_WORKER_EVERY: Final = 8
START_SECONDS: Final = 30.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
# Between two kills while there are fewer than what was sent calls for.
PAUSE_BEHIND: Final = 0.1
SAY_EVERY: Final = 15.0
# Before the first message is sent: workers are killed while they start, too. The others are spread over the sending.
EARLY_SHARE: Final = 0.1
MAX_EARLY_KILLS: Final = 3
UNSETTLED: Final = "SELECT count(*) FROM messages WHERE state NOT IN ('sent', 'failed', 'cancelled', 'unknown')"
OPEN: Final = "SELECT count(*) FROM campaign_leads WHERE status IN ('pending', 'active') AND reason <> 'sending'"
SENT: Final = "SELECT count(*) FROM messages WHERE state = 'sent'"
LOOKED_FOR: Final = "SELECT count(*) FROM messages WHERE state = 'unknown' AND next_attempt_at IS NOT NULL"
UNTOLD: Final = "SELECT count(*) FROM messages WHERE follow_up_due_at IS NOT NULL"
# Longer than the pause between two looks for a lost message, and than any lease.
QUIET_SECONDS: Final = 420.0


@dataclass
class Chaos:
    """The processes that are killed, and how often that was done."""

    servers: Servers
    directory: Path
    environment: dict[str, str]
    workers: list[Child] = field(default_factory=list)
    kills: int = 0
    restarts: int = 0

    def keep_alive(self) -> None:
        self.workers = [worker for worker in self.workers if worker.running]
        while len(self.workers) < WORKERS:
            options = ["--concurrency", str(CHILDREN), "--without-gossip", "--without-mingle", "-l", "WARNING"]
            name = f"chaos-{secrets.token_hex(4)}@%h"
            command = [sys.executable, "-m", "celery", "-A", "lad", "worker", "-n", name, *options]
            log = self.directory / "workers.log"
            self.workers.append(spawn("worker", command, log=log, directory=ROOT, environment=self.environment))

    def kill(self) -> None:
        """Kill a process of a pool, or now and then a whole worker."""
        if self.kills % WHOLE_WORKER_EVERY == WHOLE_WORKER_EVERY - 1:
            random.choice(self.workers).kill()
            self.kills += 1
            return
        pids = [pid for worker in self.workers if worker.running for pid in children_of(worker.process.pid)]
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)
            self.kills += 1

    def restart(self) -> None:
        """Kill the database or the broker and start it again."""
        if self.restarts % 2:
            valkey = self.servers.valkey
            if valkey.child is not None:
                valkey.child.kill()
            valkey.start()
        else:
            self.servers.kill()
        self.restarts += 1

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()


@contextmanager
def sandbox(directory: Path) -> Iterator[dict[str, int]]:
    """Run the sandbox and yield its ports. Its people answer nothing."""
    home, ports = directory / "sandbox", directory / "sandbox.json"
    home.mkdir()
    command = [sys.executable, "-m", "sandbox", "--home", str(home), "--people", "silent", "--port-file", str(ports)]
    child = spawn("sandbox", command, log=directory / "sandbox.log", directory=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ports.exists():
            if time.monotonic() > deadline or not child.running:
                raise SystemExit("The sandbox did not start:\n" + "\n".join(child.last_lines()))
            time.sleep(0.05)
        yield json.loads(ports.read_text())
    finally:
        child.stop(seconds=10)


class Observer:
    """Counts rows, through restarts of the database."""

    def __init__(self, servers: Servers) -> None:
        self._address = servers.postgres.superuser_url.replace("/postgres?", "/lad?")

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._address, autocommit=True, options="-c search_path=lad_dev") as database:
            yield database

    def count(self, *queries: str) -> list[int]:
        while True:
            try:
                with self.connection() as database:
                    return [int((database.execute(query).fetchone() or (0,))[0]) for query in queries]
            except psycopg.OperationalError:
                time.sleep(0.2)


def run(chaos: Chaos, observer: Observer, *, messages: int, kills: int, restarts: int) -> float:
    """Kill and restart in proportion to what was sent, then let the workers finish. Return the seconds."""
    started = said = time.monotonic()
    early, pause = min(MAX_EARLY_KILLS, kills * EARLY_SHARE), SHORTEST_PAUSE
    while chaos.kills < kills or chaos.restarts < restarts:
        chaos.keep_alive()
        time.sleep(pause)
        sent, left, waiting = observer.count(SENT, UNSETTLED, OPEN)
        share = sent / messages
        # Everything is sent: the rest would hit idle workers.
        if not left and not waiting:
            break
        if chaos.kills < min(kills, kills * share + early):
            chaos.kill()
        is_behind = sent and chaos.kills < int(kills * share)
        pause = PAUSE_BEHIND if is_behind else random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
        if chaos.restarts < min(restarts, restarts * share):
            chaos.restart()
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(f"  {sent:,} sent, {chaos.kills} kills, {chaos.restarts} restarts", file=sys.stderr, flush=True)
    settle(chaos, observer)
    return time.monotonic() - started


def settle(chaos: Chaos, observer: Observer) -> None:
    """Wait until nothing changes any more: until the last lost message was looked for as often as LAD does."""
    before, since = None, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        chaos.keep_alive()
        time.sleep(2)
        now = observer.count(SENT, UNSETTLED, OPEN, LOOKED_FOR, UNTOLD)
        if not any(now[1:]):
            return
        if now != before:
            before, since = now, time.monotonic()


def report(verdict: Verdict, chaos: Chaos, *, messages: int, drops: int, options: argparse.Namespace) -> int:
    """Print what became of the messages and the aims. Return the exit code."""
    # Each killed process of a pool, and each connection of the workers, may have had one message in the air.
    interrupted = chaos.kills * CHILDREN + drops + chaos.restarts * WORKERS * CHILDREN
    print(f"states: {', '.join(f'{many:,} {state}' for state, many in sorted(verdict.states.items()))}")
    print(
        f"killed {chaos.kills} workers, {chaos.restarts} servers; dropped {drops} connections around the final answer"
    )
    aims = [
        (f"{verdict.taken:,} messages taken, {verdict.duplicates} of them twice, aim 0", not verdict.duplicates),
        (f"{verdict.lost} lost, aim 0", not verdict.lost),
        (f"{verdict.unfinished} neither sent nor unknown, aim 0", not verdict.unfinished),
        (f"{verdict.unknown} unknown, at most {interrupted} sends were interrupted", verdict.unknown <= interrupted),
        (f"{verdict.findable} unknown whose copy can be found, aim 0", not verdict.findable),
        (f"{verdict.untold} sent whose campaign does not know it, aim 0", not verdict.untold),
        (f"{verdict.charged:,} charged, {verdict.held} held: what was sent, and what is unknown", verdict.settled),
    ]
    for text, reached in aims:
        print(("reached  " if reached else "missed   ") + text)
    print(f"aims: {sum(reached for _text, reached in aims)} of {len(aims)} reached")
    enough = chaos.kills >= options.kills and chaos.restarts >= options.restarts and drops >= options.drops
    if not enough:
        print("The messages were sent before everything was killed as often as asked: send more of them.")
    return 0 if enough and all(reached for _text, reached in aims) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=30)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-chaos-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        ports = stack.enter_context(sandbox(directory))
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
        connection.close()
        observer = Observer(servers)
        chaos = Chaos(servers, directory, dict(os.environ))
        stack.callback(chaos.stop)
        seconds = run(chaos, observer, messages=options.messages, kills=options.kills, restarts=options.restarts)
        chaos.stop()
        with observer.connection() as database:
            verdict = judge(database, control, world, options.messages)
        drops = control.counts().get("drop", 0)
    print(f"{options.messages:,} messages in {seconds:,.0f} s: {options.messages / seconds:,.0f} a second")
    return report(verdict, chaos, messages=options.messages, drops=drops, options=options)


if __name__ == "__main__":
    sys.exit(main())
