"""Let LAD run campaigns for a simulated year, and check every send with arithmetic of its own.

    python benchmarks/simulated_year.py [--steps 1000000] [--seed 14] [--days 365]

Starts servers of its own. Leads are in six time zones, with both changes of clocks in the year, holidays, caps,
quiet hours, several campaigns with different windows, and accounts with limits. Meanwhile leads withdraw consent,
ask not to be contacted and reply, and people pause campaigns, switch accounts off and stop leads. Messages go into a
channel that records them. ``simulated_year_checker`` shares no code with LAD; it reads what happened and what was
sent. Exits 1 if a send broke a rule.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.servers import migrated_servers  # noqa: E402  (importable only after sys.path is set)
from benchmarks.simulated_clock import Clock  # noqa: E402
from benchmarks.simulated_world import World  # noqa: E402
from benchmarks.simulated_year_checker import Checker, Record, Send, Violation  # noqa: E402

if TYPE_CHECKING:
    from campaigns.channels.protocol import Found, Limits, Result
    from campaigns.messages.models import Message

START: Final = datetime(2027, 1, 4, tzinfo=UTC)
# Of an enrolment that goes all the way. Some end early.
STEPS_PER_ENROLMENT: Final = 12
TICK: Final = timedelta(minutes=100)
SHORTEST_TICK: Final = timedelta(minutes=7)
VACUUM_EVERY: Final = timedelta(days=30)
SHOWN: Final = 10
UNHELD: Final = 3_600.0
AIM_SECONDS_PER_MILLION: Final = 900
STEPS_DONE: Final = """
SELECT count(*) FROM campaign_lead_activities WHERE status NOT IN ('pending', 'queued', 'cancelled')
"""


class RecordingChannel:
    """E-mail without a server: everything is accepted at once, and noted as the provider would."""

    channel = "email"

    def __init__(self, clock: Clock, record: Record) -> None:
        self._clock = clock
        self._record = record

    def open(self, account: Any) -> "RecordingChannel":
        return self

    def send(self, message: "Message", *, begun: float | None = None) -> "Result":
        from campaigns.channels.protocol import Fate, Result

        self._record.sends.append(
            Send(
                at=self._clock.now,
                lead=str(message.lead_id),
                campaign=str(message.campaign_id),
                account=str(message.email_account_id),
                address=message.to_address,
                step=str(message.step_id),
                message_id=message.message_id,
            )
        )
        return Result(Fate.SENT)

    def close(self) -> None:
        """Nothing is open."""

    def find(self, account: Any, messages: "Sequence[Message]") -> "Mapping[UUID, Found]":
        from campaigns.channels.protocol import Found

        taken = {send.message_id for send in self._record.sends}
        return {each.pk: Found.SENT if each.message_id in taken else Found.NOT_SENT for each in messages}

    def limits(self, account: Any, *, zone: str, now: datetime) -> "Limits":
        from campaigns.accounts.pacing import limits_of

        return limits_of(account, zone=zone, now=now)

    def replace_smtp(self) -> None:
        """Let LAD's sender use this channel for e-mail."""
        from campaigns.channels import protocol
        from campaigns.channels.email.sending import driver, worker

        driver.EMAIL.open = self.open  # type: ignore[method-assign, assignment]
        driver.EMAIL.find = self.find  # type: ignore[method-assign]
        assert protocol.driver_of(self.channel) is driver.EMAIL is worker.EMAIL


@dataclass(slots=True)
class Tally:
    """What the simulation did."""

    happenings: int = 0
    enrolments: int = 0
    ticks: int = 0


def simulate(world: World, clock: Clock, database: psycopg.Connection[Any], *, days: int) -> Tally:
    """Let the year go by. In each tick people act first, then engine and sender work until nothing is due."""
    from benchmarks.simulated_happenings import happen
    from campaigns.channels.email.sending import worker as sender
    from campaigns.engine import worker as engine

    chance, tally = random.Random(world.seed), Tally()
    end, vacuum = world.start + timedelta(days=days), world.start
    while clock.now < end:
        # Ticks fall on every minute of the hour, just before and just after hours begin and end.
        step = max(TICK * chance.uniform(0.5, 1.5), SHORTEST_TICK)
        clock.set(clock.now + step)
        for tenant_id in world.tenants:
            tally.happenings += happen(world, tenant_id, clock.now, days=step / timedelta(days=1))
        while True:
            handled = engine.run_due(now=clock.now, seconds=UNHELD).handled
            sent = sum(sender.send_due(seconds=UNHELD).values())
            tally.enrolments += handled
            if not sent:
                break
        tally.ticks += 1
        if clock.now >= vacuum:
            _tidy(database)
            vacuum += VACUUM_EVERY
            print(f"  {clock.now:%d %b %Y}  {len(world.record.sends):>9,} sent", flush=True)
    return tally


def _tidy(database: psycopg.Connection[Any]) -> None:
    """Do at once what a server does in the quiet hours of a month, and drop what no check reads."""
    database.execute("SET session_replication_role = replica")
    database.execute("TRUNCATE event_deliveries, domain_events CASCADE")
    database.execute("SET session_replication_role = origin")
    for table in ("campaign_leads", "campaigns", "messages", "email_accounts", "lead_touches"):
        database.execute(f"VACUUM (ANALYZE) {table}")


def report(record: Record, violations: Sequence[Violation], *, steps: int, wanted: int, seconds: float) -> int:
    """Print what was found and the aims. Return the exit code."""
    rules = Counter(violation.rule for violation in violations)
    kinds = Counter(event.kind for event in record.events)
    print(f"{steps:,} steps, {len(record.sends):,} messages in {seconds:,.0f} s: {steps / seconds:,.0f} steps a second")
    print("what happened: " + ", ".join(f"{many:,} {kind}" for kind, many in sorted(kinds.items())))
    for violation in violations[:SHOWN]:
        print(f"  {violation.rule}: {violation.send.at} {violation.detail} ({violation.send.message_id})")
    allowed = AIM_SECONDS_PER_MILLION * max(steps, 1) / 1_000_000
    aims = [
        (f"{len(violations)} sends against a rule {dict(rules) or ''}, aim 0", not violations),
        (f"{steps:,} steps, aim {wanted:,}", steps >= wanted),
        (f"{seconds:,.0f} s, aim {allowed:,.0f} (15 minutes for a million)", seconds <= allowed),
    ]
    for text, reached in aims:
        print(("reached  " if reached else "missed   ") + text)
    print(f"aims: {sum(reached for _text, reached in aims)} of {len(aims)} reached")
    return 1 if violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-year-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database = stack.enter_context(migrated_servers(directory, DB_POOL="false"))
        os.environ["LOG_LEVEL"] = "ERROR"
        import django

        django.setup()
        clock = Clock(database, START)
        world = World(START, enrolments=int(options.steps / STEPS_PER_ENROLMENT * 1.2), seed=options.seed)
        world.build()
        RecordingChannel(clock, world.record).replace_smtp()
        print(f"A year of {world.enrolments:,} enrolments", flush=True)
        started = time.monotonic()
        tally = simulate(world, clock, database, days=options.days)
        seconds = time.monotonic() - started
        row = database.execute(STEPS_DONE).fetchone()
    print(
        f"{tally.ticks:,} ticks, {tally.happenings:,} happenings, {tally.enrolments:,} times an enrolment was worked on"
    )
    violations = list(Checker(world.record).violations())
    return report(world.record, violations, steps=row[0] if row else 0, wanted=options.steps, seconds=seconds)


if __name__ == "__main__":
    sys.exit(main())
