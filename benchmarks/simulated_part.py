"""One part of the simulated year: a process with servers and tenants of its own. Started by simulated_year.py.

    python benchmarks/simulated_part.py --part 0 --parts 2 --steps 1000000 --directory part-0

The directory holds its servers' files. At the end, its record and what it did are in RESULT there. After ``--minutes``,
or on SIGTERM, it also saves where it is in PROGRESS and ends with the exit code STOPPED. Started again, it goes on.
"""

import argparse
import os
import pickle
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.servers import migrated_servers  # noqa: E402  (importable only after sys.path is set)
from benchmarks.simulated_clock import Clock  # noqa: E402
from benchmarks.simulated_progress import Progress, saved  # noqa: E402
from benchmarks.simulated_ticks import Ticks  # noqa: E402
from benchmarks.simulated_world import TENANTS, Part, World  # noqa: E402
from benchmarks.simulated_year_checker import Record, Send  # noqa: E402
from tools.runtime import postgres  # noqa: E402

if TYPE_CHECKING:
    from campaigns.channels.protocol import Found, Limits, Result
    from campaigns.messages.models import Message

START: Final = datetime(2027, 1, 4, tzinfo=UTC)
# A part that has not done its share of the steps when its days are over goes on for a week, while holidays are known.
LONGER: Final = timedelta(days=7)
LATEST: Final = datetime(2028, 12, 1, tzinfo=UTC)
# A little less than the average. One that goes all the way has twelve; many end early.
STEPS_PER_ENROLMENT: Final = 8.3
# The exit code of a part that has not reached the end.
STOPPED: Final = 3
RESULT: Final = "result.pickle"
PROGRESS: Final = "progress.pickle"
EVENTS_KEPT: Final = timedelta(days=14)
TIDY_EVERY: Final = timedelta(days=1)
UNHELD: Final = 36_000.0
# Memory as an operator gives it to a server with a million enrolments. These leads are so alike that a small sample
# tells the planner as much as a large one. Samples are taken every few of the days, which last seconds.
SERVER: Final = {"shared_buffers": "4GB", "max_wal_size": "8GB", "default_statistics_target": "30"}
STEPS_DONE: Final = """
SELECT count(*) FROM campaign_lead_activities WHERE status NOT IN ('pending', 'queued', 'cancelled')
"""
# Tables that a server's autovacuum would see to within a minute, by its usual settings, and whether they have many dead
# rows. The simulation does it once in each of its days, which last seconds.
NEGLECTED: Final = """
SELECT format('%I.%I', schemaname, relname), n_dead_tup > 50 + n_live_tup * 0.2 FROM pg_stat_user_tables
WHERE n_dead_tup > 50 + n_live_tup * 0.2 OR n_mod_since_analyze > 50 + n_live_tup * 0.1
"""
DUE: Final = """
SELECT least(
    (SELECT min(next_run_at) FROM campaigns WHERE status = 'running' AND deleted_at IS NULL),
    (SELECT min(messages.next_attempt_at) FROM messages
        JOIN campaigns ON campaigns.id = messages.campaign_id AND campaigns.status = 'running'
        WHERE messages.state = 'queued')
)
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
                # The same texts stand in many of millions of sends. Each is in memory once.
                lead=sys.intern(str(message.lead_id)),
                campaign=sys.intern(str(message.campaign_id)),
                account=sys.intern(str(message.email_account_id)),
                address=sys.intern(message.to_address),
                step=sys.intern(str(message.step_id)),
                message_id=message.message_id,
            )
        )
        return Result(Fate.SENT)

    def prepare(self, message: "Message") -> None:
        """There is nothing to do ahead."""

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
        from campaigns.channels.email.sending import driver

        driver.EMAIL.open = self.open  # type: ignore[method-assign, assignment]
        driver.EMAIL.find = self.find  # type: ignore[method-assign]
        assert protocol.driver_of(self.channel) is driver.EMAIL


class Stop:
    """Whether to stop: the time is up, or the process was asked to."""

    def __init__(self, minutes: float) -> None:
        self._at = time.monotonic() + minutes * 60
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self._at = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() >= self._at


def simulate(progress: Progress, clock: Clock, database: psycopg.Connection[Any], *, end: datetime, stop: Stop) -> None:
    """Let the days go by. At each moment people act first, then the engine works, then the sender."""
    from benchmarks.simulated_happenings import happen
    from campaigns.channels.sending import worker as sender
    from campaigns.engine import worker as engine

    world, part = progress.world, progress.part
    ticks = Ticks(world.record, progress.chance)
    while clock.now < end and not stop:
        if clock.now >= progress.forget:
            _forget_events(database)
            progress.forget += EVENTS_KEPT
            print(f"  {clock.now:%d %b %Y}  {len(world.record.sends):>9,} sent", flush=True)
        if clock.now >= progress.tidy:
            _tidy(database)
            progress.tidy += TIDY_EVERY
        before = clock.now
        clock.set(ticks.after(before, due=_due(database)))
        passed = (clock.now - before) / timedelta(days=1)
        part.happenings += sum(happen(world, each, clock.now, days=passed) for each in world.tenants)
        part.enrolments += engine.run_due(now=clock.now, seconds=UNHELD).handled
        sender.send_due(seconds=UNHELD)
        part.ticks += 1
        progress.now = clock.now


def _due(database: psycopg.Connection[Any]) -> datetime | None:
    """Return when a campaign or a message is due next. Nothing needs doing before."""
    row = database.execute(DUE).fetchone()
    return row[0] if row else None


def _steps_done(database: psycopg.Connection[Any]) -> int:
    row = database.execute(STEPS_DONE).fetchone()
    return int(row[0]) if row else 0


def _forget_events(database: psycopg.Connection[Any]) -> None:
    """Drop what no check reads."""
    database.execute("SET session_replication_role = replica")
    database.execute("TRUNCATE event_deliveries, domain_events CASCADE")
    database.execute("SET session_replication_role = origin")


def _tidy(database: psycopg.Connection[Any]) -> None:
    """Let the server clean the tables with many dead rows, and count those again that have changed."""
    for table, is_full in database.execute(NEGLECTED).fetchall():
        database.execute(f"VACUUM (ANALYZE) {table}" if is_full else f"ANALYZE {table}")


def run(options: argparse.Namespace, database: psycopg.Connection[Any], stop: Stop) -> bool:
    """Build the part or go on with it, and save where it is. Return whether it has reached the end."""
    file = options.directory / PROGRESS
    progress = saved(file)
    os.environ["LOG_LEVEL"] = "ERROR"
    import django

    django.setup()
    clock = Clock(database, progress.now if progress else START)
    progress = progress or _built(options, database)
    RecordingChannel(clock, progress.world.record).replace_smtp()
    began, share = time.monotonic(), options.steps // options.parts
    end = max(START + timedelta(days=options.days), clock.now)
    simulate(progress, clock, database, end=end, stop=stop)
    while not stop and _steps_done(database) < share and end < LATEST:
        end += LONGER
        simulate(progress, clock, database, end=end, stop=stop)
    ended = not stop
    progress.part.seconds += time.monotonic() - began
    progress.part.steps = _steps_done(database)
    (options.directory / RESULT).write_bytes(pickle.dumps(progress.part))
    if ended:
        file.unlink(missing_ok=True)
    else:
        progress.save(file)
    return ended


def _built(options: argparse.Namespace, database: psycopg.Connection[Any]) -> Progress:
    """Create the part's tenants and their enrolments."""
    enrolments = int(options.steps / STEPS_PER_ENROLMENT)
    world = World(START, TENANTS[options.part :: options.parts], enrolments, seed=options.seed + options.part)
    world.build(tidy=partial(_tidy, database))
    part = Part(record=world.record)
    return Progress(world, part, now=START, forget=START, tidy=START, chance=random.Random(world.seed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args()
    stop = Stop(options.minutes)
    postgres.SETTINGS.update(SERVER)
    # The record is in this process: a database that survives a power failure would gain nothing.
    with migrated_servers(options.directory, durable=False, DB_POOL="false") as database:
        ended = run(options, database, stop)
    return 0 if ended else STOPPED


if __name__ == "__main__":
    sys.exit(main())
