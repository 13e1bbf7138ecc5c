"""Call people through real workers and the sandbox's carriers while workers and servers are killed and callbacks lost.

    python benchmarks/chaos_dialer.py [--entries 20000] [--kills 300] [--restarts 30] [--pace 20]

Starts a database, a broker, the sandbox, LAD's web server and Celery workers of its own. Four tenants call through
LiveKit and Vapi: with accounts of their own, and two through one of the platform's. A third of their people may not be
called: without consent, on the list, or where it is night. Workers are killed with SIGKILL, database and broker are
killed and started again, a fifth of all callbacks is lost, doubled, late or swapped, and carriers refuse, fail and lose
answers. Afterwards the sandbox's own log says what happened: exits 1 unless nobody was called twice for one attempt or
by two calls at once, no cap was exceeded, nobody was called who may not be, every call has the end and the length that
it really had, every batch is over, and wallets, holds and prices agree.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.calling_judge import Judge  # noqa: E402
from benchmarks.calling_money import Money  # noqa: E402
from benchmarks.calling_world import World  # noqa: E402
from benchmarks.chaos_outreach import Observer  # noqa: E402
from benchmarks.chaos_processes import Chaos, sandbox  # noqa: E402
from benchmarks.chaos_prospecting import web_server  # noqa: E402
from benchmarks.chaos_world import PLAIN_HOST, SandboxControl  # noqa: E402
from benchmarks.ledger_stress import migrated_servers  # noqa: E402
from tools.runtime.ports import free_port  # noqa: E402

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 0.5
SAY_EVERY: Final = 15.0
# All kills and restarts are done when so many of the people are done with; what they interrupted takes minutes.
DONE_AT: Final = 0.9
EARLY_KILLS: Final = 2
# In a hundred callbacks.
SHARES: Final = {"lost": 6, "twice": 5, "late": 4, "swapped": 5}
# Stage, protocol, fault, its first request, and every how many again.
FAULTS: Final[tuple[tuple[str, str, dict[str, object], int, int], ...]] = (
    ("PLACE", "livekit", {"kind": "answer", "code": 503}, 4, 31),
    ("PLACE", "livekit", {"kind": "drop", "accepted": True}, 7, 37),
    ("PLACE", "livekit", {"kind": "answer", "code": 429, "seconds": 1}, 15, 53),
    ("ROOM", "livekit", {"kind": "drop", "accepted": False}, 9, 41),
    ("LOOK_UP", "livekit", {"kind": "answer", "code": 500}, 11, 29),
    ("PLACE", "vapi", {"kind": "answer", "code": 503}, 5, 43),
    ("PLACE", "vapi", {"kind": "drop", "accepted": True}, 8, 31),
    ("PLACE", "vapi", {"kind": "drop", "accepted": False}, 10, 59),
    ("PLACE", "vapi", {"kind": "split"}, 12, 47),
    ("PLACE", "vapi", {"kind": "answer", "code": 429, "seconds": 1}, 17, 61),
    ("LOOK_UP", "vapi", {"kind": "answer", "code": 502}, 13, 23),
)
PROGRESS: Final = """
SELECT (SELECT count(*) FROM voice_call_batch_entries WHERE status NOT IN ('queued', 'running', 'dispatched')),
    (SELECT count(*) FROM voice_call_batch_entries WHERE status IN ('queued', 'running', 'dispatched')
        AND (next_attempt_at IS NULL OR next_attempt_at < now() + interval '1 hour')),
    (SELECT count(*) FROM voice_call_placements WHERE state <> 'settled' OR look_at < now() + interval '4 minutes'),
    (SELECT count(*) FROM voice_call_analysis_requests WHERE state = 'queued'),
    (SELECT count(*) FROM billing_holds WHERE status = 'held')
"""
# Longer than a carrier may keep what was perhaps placed.
QUIET_SECONDS: Final = 900.0


@dataclass
class Run:
    """One run: its processes and how far it has come."""

    chaos: Chaos
    observer: Observer
    total: int

    def progress(self) -> tuple[int, ...]:
        """Return how many people are done with and open, and how many calls, analyses and holds go on."""
        while True:
            with suppress(Exception), self.observer.connection() as database:
                row = database.execute(PROGRESS).fetchone()
                assert row is not None
                return tuple(row)
            time.sleep(0.2)

    def act(self, *, kills: int, restarts: int) -> None:
        """Kill and restart in proportion to what is done, then let everything come to its end."""
        chaos, said = self.chaos, time.monotonic()
        while chaos.kills < kills or chaos.restarts < restarts:
            chaos.keep_alive()
            time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
            done, left, *_others = now = self.progress()
            share = done / self.total
            if share >= DONE_AT or not left:
                break
            if chaos.kills < min(kills, kills * share / DONE_AT + EARLY_KILLS):
                chaos.kill(share)
            if chaos.restarts < min(restarts, int(restarts * share / DONE_AT + 0.5)):
                chaos.restart()
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                print(f"  {now}, {chaos.kills} kills, {chaos.restarts} restarts", file=sys.stderr, flush=True)
        self._settle()

    def _settle(self) -> None:
        before: tuple[int, ...] = ()
        since = time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            self.chaos.keep_alive()
            now = self.progress()
            if now != before:
                before, since = now, time.monotonic()
                print(f"  {now} settling", file=sys.stderr, flush=True)
            if not any(now[1:]):
                return
            time.sleep(3)
        print(f"  stuck: {before}", file=sys.stderr, flush=True)


def disturb(control: SandboxControl) -> None:
    """Let requests and callbacks go wrong now and then."""
    control.ask("POST", "/voice/callbacks", SHARES)
    for stage, protocol, fault, skip, every in FAULTS:
        whole = {**fault, "protocol": protocol, "stage": stage, "times": None, "skip": skip, "every": every}
        control.ask("POST", "/faults", whole)


def report(judge: Judge, money: Money, chaos: Chaos, options: argparse.Namespace, seconds: float) -> int:
    """Print what became of the calls, and the aims. Return the exit code."""
    calls = len(judge.log.calls)
    print(f"{calls:,} calls in {seconds:,.0f} s: {judge.outcomes()}")
    print(f"callbacks: {dict(judge.log.callbacks)}; {judge.unknown()} calls of which nobody knows how they ended")
    print(f"killed {len(chaos.process_kills)} processes and {len(chaos.worker_kills)} workers", end="")
    print(f", {chaos.restarts} restarts in {chaos.restart_seconds:,.0f} s")
    findings = [
        ("called twice for one attempt, or strangers to LAD", judge.placed_twice()),
        ("numbers called by two calls at once", judge.at_once()),
        ("caps exceeded", judge.over_caps()),
        ("called without consent, on the list, or at night", judge.forbidden()),
        ("called after they refused", judge.after_refusal()),
        ("not called though they may be", judge.not_reached()),
        ("ends that are not the real ones", judge.wrong_ends()),
        ("calls that never were", judge.invented()),
        ("left open", judge.left_open()),
        ("sums that are wrong", money.wrong()),
    ]
    aims = [(f"{len(found)} {name}, aim 0 {'; '.join(found[:4])}", not found) for name, found in findings]
    aims += [
        (f"{chaos.kills} kills, aim {options.kills}", chaos.kills >= options.kills),
        (f"{chaos.restarts} restarts, aim {options.restarts}", chaos.restarts >= options.restarts),
        (f"{money.sentence()}", money.charged > 0),
    ]
    return 0 if tell(aims) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=30)
    parser.add_argument("--pace", type=float, default=20.0, help="how much faster than life people talk")
    parser.add_argument("--keep", action="store_true", help="leave the directory with logs and tables")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-calls-"))
    with ExitStack() as stack:
        if not options.keep:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        ports = stack.enter_context(sandbox(directory, "--people", "mixed"))
        port = free_port()
        os.environ.update(_settings(port))
        servers = stack.enter_context(migrated_servers(directory))
        import django

        django.setup()
        from django.db import connection

        control = SandboxControl(ports["http"])
        control.ask("POST", "/voice/pace", {"pace": options.pace})
        world = World.build(control, ports["http"], options.entries)
        connection.close()
        disturb(control)
        stack.enter_context(web_server(directory, port))
        chaos = Chaos(servers, directory, dict(os.environ))
        stack.callback(chaos.stop)
        run = Run(chaos, Observer(servers), sum(caller.entries * 7 // 6 for caller in world.callers))
        began = time.monotonic()
        run.act(kills=options.kills, restarts=options.restarts)
        seconds = time.monotonic() - began
        chaos.stop()
        with run.observer.connection() as database:
            judge = Judge(world, control, database)
            return report(judge, Money(judge, control, database), chaos, options, seconds)


def _settings(port: int) -> dict[str, Any]:
    return {
        "DJANGO_SETTINGS_MODULE": "lad.settings",
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "VOICE_SANDBOX_HOSTS": PLAIN_HOST,
        "VOICE_TIMEOUT_SECONDS": "8",
        "PUBLIC_URL": f"http://{PLAIN_HOST}:{port}",
        "ALLOWED_HOSTS": PLAIN_HOST,
        "JWT_SIGNING_KEYS": "a-key-of-the-chaos-that-is-long-enough-for-signatures",
    }


if __name__ == "__main__":
    sys.exit(main())
