"""Measure the dialer: python benchmarks/dialer.py [--calls 400] [--rounds 3] [--small 10000] [--large 1000000]

Starts an embedded server and the sandbox, and prints

- claims and dispatches a second, by LAD and by hand-written SQL that locks, counts, reads and writes the same rows in
  transactions of the same size; rounds alternate, the first warms up, medians count. Aim: 0.5. No carrier is asked,
  no credit is held;
- the same from a batch of many entries against one of few. Aim: at most 1.3 times the time;
- what carriers tell that is taken in a second: that calls ring, are answered and are over;
- the time from the request for a call until a telephone rings at the sandbox, with a dialer that is awake.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.dialer_raw import RawDialer  # noqa: E402
from benchmarks.servers import migrated_servers  # noqa: E402
from tests.support.sandbox import HOST, Sandbox, start, wait_for_ports  # noqa: E402

AIM: Final = 0.5
GROWTH: Final = 1.3
CLAIM_SIZE: Final = 16
LEADS: Final = 20_000
LATENCIES: Final = 20
KEY: Final = "sandbox-benchmark"
SECRET: Final = f"{KEY}-secret-that-opens-nothing-outside"
TENANT: Final = uuid4()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-dialer-"))
    home = directory / "sandbox"
    home.mkdir()
    process = start(home, "--speed", "0", "--people", "silent")
    try:
        sandbox = Sandbox(home, wait_for_ports(home, process))
        with migrated_servers(directory / "servers", DB_POOL="false", VOICE_SANDBOX_HOSTS=HOST) as database:
            import django

            django.setup()
            _measure(World(database, sandbox), options)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(directory, ignore_errors=True)


class World:
    """A tenant that may call at any hour, with one number, one agent and leads that agreed."""

    def __init__(self, database: psycopg.Connection[Any], sandbox: Sandbox) -> None:
        self.database = database
        self.account, self.number, self.leads = uuid4(), uuid4(), [uuid4() for _each in range(LEADS)]
        from lad.db.fields import field_cipher

        run = database.execute
        run("DELETE FROM billing_pricing_catalog")
        run(
            "INSERT INTO tenants (id, name, slug, status, plan_tier)"
            " VALUES (%s, 'Bench', 'bench', 'active', 'enterprise')",
            [TENANT],
        )
        run(
            "INSERT INTO contact_policies (id, tenant_id, contact_from, contact_until, skips_holidays, max_per_day,"
            " max_per_week, consent_required)"
            " VALUES (gen_random_uuid(), %s, '00:00', '23:59:59.999999', false, 1000, 1000, '[\"voice\"]')",
            [TENANT],
        )
        run(
            "INSERT INTO voice_dialing_policies (id, tenant_id, max_concurrent, inbound_reserve)"
            " VALUES (gen_random_uuid(), %s, 10000, 0)",
            [TENANT],
        )
        run(
            "INSERT INTO carrier_accounts (id, tenant_id, name, carrier, base_url, key_id, secret, agent)"
            " VALUES (%s, %s, 'Sandbox', 'livekit', %s, %s, %s, 'lad-agent')",
            [
                self.account,
                TENANT,
                f"{sandbox.url}/livekit",
                KEY,
                field_cipher().encrypt(SECRET.encode()).decode(),
            ],
        )
        run(
            "INSERT INTO voice_agent_numbers (id, tenant_id, country_code, base_number, provider, carrier_account_id,"
            " carrier_reference, daily_cap) VALUES (%s, %s, '+44', 2079460018, 'twilio', %s, 'ST_sandbox', 1000000)",
            [self.number, TENANT, self.account],
        )
        self.agent = self._agent()
        self._add_leads()

    def _agent(self) -> int:
        from lad import writes
        from lad.tenancy.context import tenant_context
        from voice.agents.models import VoiceAgent

        with tenant_context(TENANT):
            made = writes.create(VoiceAgent, {"name": "Bench", "agent_instructions": "Ask.", "gender": "female"})
        return int(made.pk)

    def _add_leads(self) -> None:
        with self.database.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            with cursor.copy("COPY leads (id, tenant_id, phone, location) FROM STDIN") as copy:
                for index, key in enumerate(self.leads):
                    copy.write_row((key, TENANT, _person(index), "London, United Kingdom"))
            columns = "id, tenant_id, lead_id, channel, purpose, status, given_at, source"
            with cursor.copy(f"COPY consent_records ({columns}) FROM STDIN") as copy:
                for key in self.leads:
                    copy.write_row((uuid4(), TENANT, key, "voice", "outreach", "given", "2026-01-01", "form"))
            cursor.execute("SET session_replication_role = origin")
        self.database.execute("ANALYZE leads, consent_records")

    def replace_batch(self, entries: int) -> None:
        """Replace all batches by one with this many entries. Leads repeat if there are more entries than leads."""
        self.clear()
        key = uuid4()
        self.database.execute(
            "INSERT INTO voice_call_batches (id, tenant_id, agent_id, job_id, total_calls, status, started_at)"
            " VALUES (%s, %s, %s, %s, %s, 'running', now())",
            [key, TENANT, self.agent, str(key), entries],
        )
        with self.database.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            columns = "id, tenant_id, batch_id, lead_id, to_phone"
            with cursor.copy(f"COPY voice_call_batch_entries ({columns}) FROM STDIN") as copy:
                for index in range(entries):
                    copy.write_row((uuid4(), TENANT, key, self.leads[index % LEADS], _person(index)))
            cursor.execute("SET session_replication_role = origin")
        self.database.execute("VACUUM ANALYZE voice_call_batch_entries")

    def clear(self) -> None:
        """Remove all calls and batches."""
        self.database.execute(
            "TRUNCATE voice_call_batches, voice_call_batch_entries, voice_call_placements, voice_call_logs,"
            " voice_number_days, lead_touches CASCADE"
        )


def _measure(world: World, options: argparse.Namespace) -> None:
    raw = RawDialer(world.database.info.dsn, world.database.info.password, TENANT, world.number, world.account)
    rates: dict[str, list[float]] = {"LAD": [], "raw": []}
    contestants: list[tuple[str, Callable[[int], None]]] = [("LAD", _dial), ("raw", raw.dial)]
    for number in range(options.rounds + 1):
        # Who works second finds a warmer server.
        contestants.reverse()
        found = {name: options.calls / _dialled(world, work, options) for name, work in contestants}
        # The first round warms both up.
        if number:
            for name, rate in found.items():
                rates[name].append(rate)
            print(f"round {number}: LAD {found['LAD']:,.0f}/s, raw SQL {found['raw']:,.0f}/s", flush=True)
    lad, bare = statistics.median(rates["LAD"]), statistics.median(rates["raw"])
    small, large = _grown(world, options)
    reports, seconds = _take_in(options.calls)
    print(f"reports of carriers taken in: {reports / seconds:,.0f} a second")
    world.clear()
    waits = _latencies(world)
    print(f"from request to ring: median {statistics.median(waits) * 1000:.0f} ms, worst {max(waits) * 1000:.0f} ms")
    grown = (
        f"{small:.2f} s to {large:.2f} s for {options.calls} calls from {options.small:,} to {options.large:,} entries"
    )
    tell(
        [
            (
                f"LAD claims {lad:,.0f} calls a second, raw SQL {bare:,.0f}: {lad / bare:.2f}, aim {AIM}",
                lad / bare >= AIM,
            ),
            (f"{grown}: {large / small:.2f} times, aim {GROWTH}", large / small <= GROWTH),
        ]
    )


def _dialled(world: World, work: Callable[[int], None], options: argparse.Namespace) -> float:
    """Return the seconds for the calls of a batch."""
    world.replace_batch(options.small)
    return _timed(work, options.calls)


def _grown(world: World, options: argparse.Namespace) -> tuple[float, float]:
    """Return the seconds for the calls from a batch of few entries and from one of many.

    The few are measured before the many and after them, so that a machine that others slow down meanwhile does not
    count as growth.
    """
    few: list[float] = []
    many: list[float] = []
    for size, found in ((options.small, few), (options.large, many), (options.small, few)):
        world.replace_batch(size)
        found.extend(_timed(_dial, options.calls) for _round in range(options.rounds))
    return statistics.median(few), statistics.median(many)


def _timed(work: Callable[[int], None], calls: int) -> float:
    began = time.perf_counter()
    work(calls)
    return time.perf_counter() - began


def _dial(calls: int) -> None:
    """Claim calls and write down that they were placed, as a worker does, without asking a carrier."""
    from voice.carriers.protocol import Placed
    from voice.dialer.claims import claim
    from voice.dialer.placing import Answer, record

    left = calls
    while left:
        turn = claim(TENANT, most=min(CLAIM_SIZE, left))
        assert turn is not None and turn.calls, "nothing could be claimed"
        left -= len(turn.calls)
        for each in turn.calls:
            record(Answer(each, datetime.now(UTC), Placed(f"room-{each.order.call_id}", "SCL_1")))


def _take_in(calls: int) -> tuple[int, float]:
    """Let carriers tell that calls ring, are answered and end. Return how many reports there were, and the seconds."""
    from lad.tenancy.context import tenant_context
    from voice.carriers.outcomes import AnsweredBy, Cause, Outcome
    from voice.carriers.protocol import CarrierCall, Presence
    from voice.dialer.models import CallPlacement, PlacementState
    from voice.dialer.reports import take_in
    from voice.statuses import CallStatus

    with tenant_context(TENANT):
        placements = list(CallPlacement.objects.filter(state=PlacementState.PLACED)[:calls])
    now = datetime.now(UTC)
    over = Cause("hung up", Outcome.ANSWERED, Outcome.NO_ANSWER)
    told = (
        CarrierCall(Presence.PLACED, state=CallStatus.RINGING),
        CarrierCall(Presence.PLACED, state=CallStatus.ONGOING, answered=True, answered_at=now),
        CarrierCall(
            Presence.PLACED,
            cause=over,
            answered=True,
            answered_by=AnsweredBy.HUMAN,
            ended_at=now + timedelta(seconds=30),
        ),
    )
    began = time.perf_counter()
    for placement in placements:
        for each in told:
            with tenant_context(TENANT):
                take_in(placement, each, at=now, now=now)
    return len(placements) * len(told), time.perf_counter() - began


def _latencies(world: World) -> list[float]:
    from lad.tenancy.context import tenant_context
    from leads.contacts.models import Lead
    from voice.agents.models import VoiceAgent
    from voice.dialer.services import start_call
    from voice.dialer.worker import dial_due

    waits = []
    for key in world.leads[:LATENCIES]:
        began = time.perf_counter()
        with tenant_context(TENANT):
            agent = VoiceAgent.objects.get(pk=world.agent)
            start_call(lead=Lead.objects.get(pk=key), agent=agent, actor=None)
        assert dial_due()["placed"] == 1
        waits.append(time.perf_counter() - began)
    return waits


def _person(index: int) -> str:
    """Return a number in London; there are as many as anybody needs."""
    return f"+4420{7_000_0000 + index:08d}"


if __name__ == "__main__":
    main()
