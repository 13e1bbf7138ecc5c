"""Hold what LAD says it did on networks in chaos_outreach.py against the sandbox's log, which knows nothing of LAD.

The judge reads lines of the log and rows of LAD's tables, and finds violations of rules. It imports nothing of LAD.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

# What is already on its way when LAD learns of an answer, an opt-out or a refusal.
GRACE: Final = timedelta(seconds=30)
WEEK: Final = timedelta(days=7)
# Looking somebody up reaches nobody, and may be done as often as it is needed.
UNCOUNTED: Final = ("profile",)
# Refusals that say that nothing more will ever reach this person from the account.
FOREVER: Final = frozenset({"recipient_cannot_be_reached", "131026", "21610", "30004"})
# Free text outside WhatsApp's window of 24 hours.
OUT_OF_WINDOW: Final = "131047"
# Those whose lost reports can be read later. WhatsApp Cloud has nothing to read.
READABLE: Final = frozenset({"unipile", "twilio"})
CONTACTS: Final = ("message", "invitation")
DONE: Final = "sent"
RULES: Final = (
    "twice",
    "lost",
    "denied",
    "stranger",
    "account a day",
    "account a week",
    "unheeded",
    "tried again",
    "window",
    "unheard",
    "invented",
    "unwritten",
    "unfinished",
)
OVER: Final = frozenset({"sent", "failed", "cancelled", "unknown", "received"})


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the sandbox's log. ``person`` is who was reached, or who did something."""

    n: int
    kind: str
    at: datetime
    channel: str = ""
    account: str = ""
    action: str = ""
    person: str = ""
    id: str = ""
    text: str = ""
    reference: str = ""
    accepted: bool = False
    reason: str = ""
    protocol: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A message of LAD's. ``waits`` says that it is queued for later, because its account has done enough."""

    id: str
    channel: str
    direction: str
    action: str
    state: str
    account: str
    person: str
    provider_id: str
    created_at: datetime
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """How often an account may do something. None is without limit."""

    day: int | None
    week: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    subject: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.subject}"


@dataclass(frozen=True)
class Record:
    """One run. ``people`` are those whom LAD may reach on each channel, each with what must be tried first."""

    lines: list[Line]
    rows: list[Row]
    limits: Mapping[tuple[str, str], Limit]
    people: Mapping[tuple[str, str], str]
    # Ids of reports that were lost on their way to LAD, and of which it cannot learn otherwise.
    unlearnable: frozenset[str] = field(default_factory=frozenset)


def line_of(entry: Mapping[str, Any]) -> Line:
    """Return an entry of the log."""
    action = str(entry.get("action", ""))
    return Line(
        n=int(entry["n"]),
        kind=str(entry["kind"]).removeprefix("network_"),
        at=datetime.fromisoformat(str(entry["at"])),
        channel=str(entry.get("channel", "")),
        account=str(entry.get("account", "")),
        # LAD sends a template as a message.
        action="message" if action == "template" else action,
        person=str(entry.get("recipient") or entry.get("person") or ""),
        id=str(entry.get("id", "")),
        text=str(entry.get("text_sha256", "")),
        reference=str(entry.get("reference", "")) if action in ("like", "comment") else "",
        accepted=bool(entry.get("accepted", False)),
        reason=str(entry.get("reason", "")),
        protocol=str(entry.get("protocol", "")),
        by=str(entry.get("by", "")),
    )


class Judge:
    """Finds what must not be."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def reached(self) -> list[Line]:
        """Return what reached people, in its order."""
        return [each for each in self._tried if each.accepted]

    @cached_property
    def _tried(self) -> list[Line]:
        return [line for line in self.record.lines if line.kind == "sent" and line.action not in UNCOUNTED]

    @cached_property
    def _outbound(self) -> list[Row]:
        return [row for row in self.record.rows if row.direction == "outbound"]

    @cached_property
    def _received(self) -> dict[str, Row]:
        return {row.provider_id: row for row in self.record.rows if row.direction == "inbound"}

    @cached_property
    def _answers(self) -> list[Line]:
        """Return what people wrote."""
        return [line for line in self.record.lines if line.kind == "written" and line.by == "person"]

    def violations(self) -> Iterator[Violation]:
        """Yield everything that breaks a rule."""
        yield from self.twice()
        yield from self.lost()
        yield from self.denied()
        yield from self.strangers()
        yield from self.over_limits()
        yield from self.unheeded()
        yield from self.tried_again()
        yield from self.out_of_window()
        yield from self.unheard()
        yield from self.invented()
        yield from self.unwritten()
        yield from self.unfinished()

    def twice(self) -> Iterator[Violation]:
        """Yield what reached a person more than once."""
        seen: Counter[tuple[str, ...]] = Counter()
        for line in self.reached:
            key = (line.channel, line.action, line.person, line.text, line.reference)
            seen[key] += 1
            if seen[key] > 1:
                yield Violation("twice", _subject(line))

    def lost(self) -> Iterator[Violation]:
        """Yield what LAD says it sent and that reached nobody."""
        ids = {line.id for line in self._tried}
        done = {_key(line) for line in self.reached}
        for row in self._outbound:
            if row.state == DONE and row.provider_id not in ids and _row_key(row) not in done:
                yield Violation("lost", f"{row.action} {row.id} to {row.person}")

    def denied(self) -> Iterator[Violation]:
        """Yield what LAD says failed, or was never sent, and that reached its person."""
        unclaimed = Counter(_key(line) for line in self.reached)
        unclaimed.subtract(_row_key(row) for row in self._outbound if row.state in (DONE, "unknown"))
        for row in self._outbound:
            if row.state in ("failed", "cancelled") and unclaimed[_row_key(row)] > 0:
                unclaimed[_row_key(row)] -= 1
                yield Violation("denied", f"{row.action} {row.id} to {row.person}")

    def strangers(self) -> Iterator[Violation]:
        """Yield what reached people whom no campaign was for, or what no row of LAD is about."""
        known = {_row_key(row) for row in self._outbound}
        for line in self.reached:
            if (line.channel, line.person) not in self.record.people or _key(line) not in known:
                yield Violation("stranger", _subject(line))

    def over_limits(self) -> Iterator[Violation]:
        """Yield what exceeded the limit of an account, on a day of UTC or in seven days."""
        days: Counter[tuple[str, str, date]] = Counter()
        times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        for line in self.reached:
            limit = self.record.limits.get((line.account, line.action), Limit(None))
            days[line.account, line.action, line.at.date()] += 1
            recent = times[line.account, line.action]
            recent.append(line.at)
            in_week = sum(at > line.at - WEEK for at in recent)
            if limit.day is not None and days[line.account, line.action, line.at.date()] > limit.day:
                yield Violation("account a day", _subject(line))
            elif limit.week is not None and in_week > limit.week:
                yield Violation("account a week", _subject(line))

    def unheeded(self) -> Iterator[Violation]:
        """Yield messages and invitations to people whose answer or opt-out LAD had taken in."""
        known: dict[tuple[str, str], datetime] = {}
        for line in self._answers:
            row = self._received.get(line.id)
            if row is not None:
                key = (line.channel, line.person)
                known[key] = min(known.get(key, row.created_at), row.created_at)
        for line in self.reached:
            since = known.get((line.channel, line.person))
            if line.action in CONTACTS and since is not None and line.at > since + GRACE:
                yield Violation("unheeded", _subject(line))

    def tried_again(self) -> Iterator[Violation]:
        """Yield attempts to reach somebody after the network said that the account never will."""
        refused: dict[tuple[str, str, str], datetime] = {}
        for line in self._tried:
            key = (line.channel, line.account, line.person)
            if key in refused and line.action in CONTACTS and line.at > refused[key] + GRACE:
                yield Violation("tried again", _subject(line))
            if line.reason in FOREVER:
                refused.setdefault(key, line.at)

    def out_of_window(self) -> Iterator[Violation]:
        """Yield free texts that WhatsApp refused because nobody had written within 24 hours."""
        for line in self._tried:
            if line.reason == OUT_OF_WINDOW:
                yield Violation("window", _subject(line))

    def unheard(self) -> Iterator[Violation]:
        """Yield what people wrote and LAD could have learned."""
        for line in self._answers:
            if line.id not in self._received and line.id not in self.record.unlearnable:
                yield Violation("unheard", f"{line.id} of {line.person}")

    def invented(self) -> Iterator[Violation]:
        """Yield messages that LAD says it received and that nobody wrote."""
        written = {line.id for line in self._answers}
        for row in self._received.values():
            if row.provider_id not in written:
                yield Violation("invented", f"{row.provider_id} of {row.person}")

    def unwritten(self) -> Iterator[Violation]:
        """Yield people for whom LAD never wrote down what must be tried first."""
        known = {(row.channel, row.person, row.action) for row in self._outbound}
        for (channel, person), action in self.record.people.items():
            if action and (channel, person, action) not in known:
                yield Violation("unwritten", f"{action} to {person} on {channel}")

    def unfinished(self) -> Iterator[Violation]:
        """Yield what is neither over nor waits for its account."""
        for row in self._outbound:
            if row.state not in OVER and not row.waits:
                yield Violation("unfinished", f"{row.action} {row.id} is {row.state}")

    def counts(self) -> str:
        """Return how much reached people, by channel and action."""
        by = Counter((line.channel, line.action) for line in self.reached)
        return ", ".join(f"{many:,} {channel} {action}" for (channel, action), many in sorted(by.items()))

    def unknown(self) -> list[Row]:
        return [row for row in self._outbound if row.state == "unknown"]


def _key(line: Line) -> tuple[str, ...]:
    return line.channel, line.account, line.action, line.person


def _row_key(row: Row) -> tuple[str, ...]:
    return row.channel, row.account, row.action, row.person


def _subject(line: Line) -> str:
    return f"line {line.n}, {line.action} of {line.account} to {line.person}"
