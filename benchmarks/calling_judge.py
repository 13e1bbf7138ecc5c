"""Hold LAD's account of calls in chaos_dialer.py against the sandbox's log, which knows nothing of LAD.

The judge reads the log, the sandbox's list of calls, and LAD's tables. It imports nothing of LAD.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from benchmarks.calling_world import ASLEEP, FROM, OWN, UNTIL, World
from benchmarks.chaos_world import LOG_LIMIT, SandboxControl

# The sandbox's word for the end → what LAD may say, by protocol. LiveKit tells less: see decision 0058.
OUTCOMES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "livekit": {
        "person_hung_up": frozenset({"answered", "voicemail"}),
        "agent_hung_up": frozenset({"answered", "voicemail"}),
        "too_long": frozenset({"answered"}),
        "voicemail": frozenset({"voicemail"}),
        "busy": frozenset({"busy"}),
        "declined": frozenset({"busy"}),
        "no_answer": frozenset({"no_answer"}),
        "wrong_number": frozenset({"carrier_failed"}),
        "trunk_failed": frozenset({"carrier_failed"}),
        "cancelled": frozenset({"cancelled"}),
    },
    "vapi": {
        "person_hung_up": frozenset({"answered"}),
        "agent_hung_up": frozenset({"answered"}),
        "too_long": frozenset({"answered"}),
        "voicemail": frozenset({"voicemail"}),
        "busy": frozenset({"busy"}),
        "declined": frozenset({"declined"}),
        "no_answer": frozenset({"no_answer"}),
        "wrong_number": frozenset({"wrong_number"}),
        "trunk_failed": frozenset({"carrier_failed"}),
        "cancelled": frozenset({"cancelled"}),
        "over_limit": frozenset({"over_limit"}),
    },
}
STATES: Final = {
    "answered": "ended",
    "voicemail": "ended",
    "busy": "declined",
    "no_answer": "declined",
    "declined": "declined",
    "cancelled": "cancelled",
}
# LiveKit's times are whole seconds; Vapi rounds up.
TOLERANCE: Final = {"livekit": 2.0, "vapi": 1.001}
# Between the end of a call and its being known, nobody is called in the meantime either.
CALLS: Final = """
SELECT call.id::text, call.tenant_id::text, call.status, call.outcome, call.duration_seconds, call.cost,
    placement.state, placement.batch_id::text, placement.agent_id, placement.number_id::text,
    placement.entry_id::text, placement.facts, placement.attempts
FROM voice_call_logs call
JOIN voice_call_placements placement ON placement.tenant_id = call.tenant_id AND placement.call_log_id = call.id
"""
OPEN_ENTRIES: Final = """
SELECT tenant_id::text, to_phone FROM voice_call_batch_entries WHERE status IN ('queued', 'running', 'dispatched')
"""
OPEN_BATCHES: Final = """
SELECT count(*) FROM voice_call_batches batch WHERE status IN ('queued', 'running') AND NOT EXISTS (
    SELECT FROM voice_call_batch_entries entry WHERE entry.tenant_id = batch.tenant_id AND entry.batch_id = batch.id
        AND entry.status IN ('queued', 'running', 'dispatched')
)
"""
WRONG_COUNTERS: Final = """
SELECT count(*) FROM voice_call_batches batch WHERE (total_calls, completed_calls, failed_calls) <> (
    SELECT count(*), count(*) FILTER (WHERE status = 'completed'),
        count(*) FILTER (WHERE status IN ('failed', 'declined', 'cancelled'))
    FROM voice_call_batch_entries entry
    WHERE entry.tenant_id = batch.tenant_id AND entry.batch_id = batch.id AND entry.deleted_at IS NULL
)
"""
COMPLETED_TWICE: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM domain_events WHERE event_type = 'voice.call_batch.completed' GROUP BY aggregate_id
    HAVING count(*) > 1
) AS more
"""
REFUSED_AT: Final = """
SELECT leads.phone, min(suppressions.created_at) FROM suppressions
JOIN leads ON leads.tenant_id = suppressions.tenant_id AND leads.id = suppressions.lead_id
WHERE suppressions.tenant_id = %s AND suppressions.channel = 'voice' GROUP BY leads.phone
"""
HELD: Final = "SELECT count(*) FROM billing_holds WHERE status = 'held'"
ENTRIES: Final = """
SELECT entry.to_phone, entry.status, entry.batch_id::text FROM voice_call_batch_entries entry WHERE tenant_id = %s
"""


@dataclass
class Real:
    """One call as the sandbox's log has it."""

    id: str
    our_id: str
    account: str
    protocol: str
    to: str
    caller: str
    placed: datetime
    again: bool
    ended: datetime | None = None
    answered: bool = False
    ending: str = ""
    seconds: float = 0.0

    @property
    def until(self) -> datetime:
        return self.ended or datetime.max.replace(tzinfo=self.placed.tzinfo)


@dataclass
class Log:
    """The sandbox's log of calls and callbacks."""

    calls: dict[str, Real] = field(default_factory=dict)
    callbacks: Counter[str] = field(default_factory=Counter)
    # Events of a call that LAD has answered.
    arrived: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def read(cls, control: SandboxControl) -> "Log":
        log = cls()
        for each in entries(control, "voice_placed,voice_answered,voice_ended,voice_callback"):
            log._add(each)
        return log

    def _add(self, each: Mapping[str, Any]) -> None:
        kind, id = each["kind"], each["call"]
        if kind == "voice_callback":
            self.callbacks[each["how"]] += 1
            if str(each.get("status", "")).startswith("2"):
                self.arrived[id].add(each["event"])
            return
        at = datetime.fromisoformat(each["at"])
        if kind == "voice_placed":
            who = (each.get("our_id", ""), each["account"], each["protocol"], each["to"], each["from"])
            self.calls[id] = Real(id, *who, at, each["again"])
        elif kind == "voice_answered":
            self.calls[id].answered = True
        else:
            call = self.calls[id]
            call.ended, call.ending, call.seconds = at, each["ending"], each["seconds"]


def entries(control: SandboxControl, kinds: str) -> Iterator[dict[str, Any]]:
    since = 0
    while found := control.ask("GET", f"/log?kind={kinds}&since={since}&limit={LOG_LIMIT}")["entries"]:
        yield from found
        since = found[-1]["n"]


def most_at_once(calls: Iterable[Real]) -> int:
    """Return how many calls ran at the same moment at most."""
    steps = [step for call in calls for step in ((call.placed, 1), (call.until, -1))]
    now = most = 0
    for _moment, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


class Judge:
    """Compares. Every finding is a list of sentences; none means that all is well."""

    def __init__(self, world: World, control: SandboxControl, database: psycopg.Connection[Any]) -> None:
        self.world, self._database = world, database
        self.log = Log.read(control)
        with database.cursor(row_factory=dict_row) as cursor:
            self.rows = {row["id"]: row for row in cursor.execute(CALLS).fetchall()}

    @cached_property
    def by_caller(self) -> dict[str, list[Real]]:
        """The real calls of each tenant, by its id."""
        found: dict[str, list[Real]] = {str(caller.id): [] for caller in self.world.callers}
        for real in self.log.calls.values():
            row = self.rows.get(real.our_id)
            if row is not None:
                found[row["tenant_id"]].append(real)
        return found

    def placed_twice(self) -> list[str]:
        counts = Counter(real.our_id for real in self.log.calls.values())
        return [f"{id} {many} times" for id, many in counts.items() if many > 1 or id not in self.rows]

    def at_once(self) -> list[str]:
        """Return numbers that one tenant called twice at the same time."""
        found = []
        for reals in self.by_caller.values():
            by_number: defaultdict[str, list[Real]] = defaultdict(list)
            for real in reals:
                by_number[real.to].append(real)
            found += [number for number, calls in by_number.items() if most_at_once(calls) > 1]
        return found

    def over_caps(self) -> list[str]:
        """Return the caps that were exceeded at some moment."""
        found = []
        for caller in self.world.callers:
            reals, caps = self.by_caller[str(caller.id)], caller.caps
            found += over(f"{caller.name}: tenant", caps.tenant - caps.reserve, {"": reals})
            for name, most, column in (
                ("batch", caps.batch, "batch_id"),
                ("agent", caps.agent, "agent_id"),
                ("number", caps.number, "number_id"),
            ):
                found += over(f"{caller.name}: {name}", most, self._grouped(reals, column))
        accounts: defaultdict[str, list[Real]] = defaultdict(list)
        for real in self.log.calls.values():
            accounts[real.account].append(real)
        for key, most in {caller.key: caller.caps.account for caller in self.world.callers}.items():
            found += over(f"account {key}", most, {"": accounts[key]})
        return found

    def _grouped(self, reals: Iterable[Real], column: str) -> dict[str, list[Real]]:
        groups: defaultdict[str, list[Real]] = defaultdict(list)
        for real in reals:
            groups[str(self.rows[real.our_id][column])].append(real)
        return groups

    def forbidden(self) -> list[str]:
        """Return calls to people who may not be called, or at an hour at which they may not."""
        found = []
        for caller in self.world.callers:
            for real in self.by_caller[str(caller.id)]:
                kind = caller.people.get(real.to, "a stranger")
                local = real.placed.astimezone(ZoneInfo(caller.zones.get(real.to, "UTC"))).time()
                if kind != OWN or not FROM <= local <= UNTIL:
                    found.append(f"{caller.name} {real.to}: {kind} at {local:%H:%M}")
        return found

    def after_refusal(self) -> list[str]:
        """Return calls to people who are on the list, that began after they came there."""
        found = []
        for caller in self.world.callers:
            refused = dict(self._database.execute(REFUSED_AT, [caller.id]).fetchall())
            # The claim that the list was read in may have committed just before.
            found += [
                f"{caller.name} {real.to} {real.placed - refused[real.to]} after"
                for real in self.by_caller[str(caller.id)]
                if real.to in refused and real.placed > refused[real.to] + timedelta(seconds=1)
            ]
        return found

    def not_reached(self) -> list[str]:
        """Return people who may be called and were not, though their entry is over without a reason."""
        found = []
        for caller in self.world.callers:
            called = {real.to for real in self.by_caller[str(caller.id)]}
            for phone, status, _batch in self._database.execute(ENTRIES, [caller.id]).fetchall():
                if caller.people[phone] == OWN and phone not in called:
                    found.append(f"{caller.name} {phone}: {status}")
        return found

    def wrong_ends(self) -> list[str]:
        """Return calls whose state, outcome or length differ from the truth, beyond what a carrier tells."""
        return [sentence for real in self.log.calls.values() for sentence in self._wrong(real)]

    def _wrong(self, real: Real) -> Iterator[str]:
        row = self.rows.get(real.our_id)
        if row is None or real.ended is None:
            yield f"{real.id} is unknown to LAD or still open: {real.ending or 'open'}"
            return
        allowed = OUTCOMES[real.protocol][real.ending]
        if real.protocol == "livekit":
            heard = self.log.arrived[real.id]
            if not real.answered and "participant_left" not in heard:
                # Nothing but that callback says why nobody answered.
                allowed = allowed | {"unknown"}
            if real.ending == "voicemail" and "report" not in heard:
                allowed = allowed | {"answered"}
        about = f"{real.protocol} {real.our_id}: {real.ending}, {real.seconds} s, LAD {row['status']} {row['outcome']}"
        if row["outcome"] not in allowed:
            yield about
        if row["status"] != STATES.get(row["outcome"], "failed"):
            yield f"{about}: the state is not that of the outcome"
        if abs(row["duration_seconds"] - real.seconds) > TOLERANCE[real.protocol]:
            yield f"{about}, LAD {row['duration_seconds']} s"

    def invented(self) -> list[str]:
        """Return calls that LAD takes for answered, busy and so on, and that were never placed."""
        real = {each.our_id for each in self.log.calls.values()}
        known = {"answered", "voicemail", "busy", "no_answer", "declined"}
        return [
            f"{id}: {row['outcome']}" for id, row in self.rows.items() if row["outcome"] in known and id not in real
        ]

    def left_open(self) -> list[str]:
        """Return calls and entries that are not over, other than of people who are asleep, and sums that are wrong."""
        found = [f"call {id}: {row['state']}" for id, row in self.rows.items() if row["state"] != "settled"]
        people = {str(caller.id): caller.people for caller in self.world.callers}
        for tenant_id, phone in self._database.execute(OPEN_ENTRIES).fetchall():
            if people[tenant_id][phone] != ASLEEP:
                found.append(f"entry {phone}")
        counts = [("batches open", OPEN_BATCHES), ("wrong counters", WRONG_COUNTERS)]
        counts += [("batches reported twice", COMPLETED_TWICE), ("holds", HELD)]
        return found + [f"{many} {name}" for name, query in counts if (many := self._one(query))]

    def outcomes(self) -> str:
        counts = Counter(real.ending for real in self.log.calls.values())
        return ", ".join(f"{many} {ending}" for ending, many in sorted(counts.items()))

    def unknown(self) -> int:
        return sum(row["outcome"] == "unknown" for row in self.rows.values())

    def _one(self, query: str) -> int:
        row = self._database.execute(query).fetchone()
        return int(row[0]) if row else 0


def over(name: str, most: int, groups: Mapping[str, Iterable[Real]]) -> list[str]:
    return [f"{name} {key} {now} of {most}" for key, calls in groups.items() if (now := most_at_once(calls)) > most]
