"""The telephone exchange: every call from its placing to its end. Both protocols place their calls here.

The log has ``voice_placed`` (with ``again`` for a call id that the account placed before), ``voice_ringing``,
``voice_answered``, ``voice_ended`` and ``voice_priced``. It is the truth that LAD's account of calls is held against.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.providers.voice.people import People
from sandbox.providers.voice.plans import Ending, Plan, plan_of
from sandbox.providers.voice.settings import Settings
from sandbox.schedule import Action

STEP: Final = "voice-step"
E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
COLUMNS: Final = (
    "id, protocol, account, reference, our_id, direction, from_number, to_number, plan, info, placed, ringing,"
    " answered, ended, ending, price"
)
# How long after the end the price is known, and what a minute costs of each component.
PRICE_SECONDS: Final = 90.0
RATES: Final = {"transport": 0.0140, "stt": 0.0100, "llm": 0.0200, "tts": 0.0250, "vapi": 0.0500}


class NotANumber(Exception):
    """Nobody can be called there."""


class TooMany(Exception):
    """The account has as many calls as it may, or places them too fast."""


@dataclass(frozen=True)
class Call:
    id: str
    protocol: str
    account: str
    reference: str
    our_id: str
    direction: str
    from_number: str
    to_number: str
    plan: Plan
    info: dict[str, Any]
    placed: float
    ringing: float | None
    answered: float | None
    ended: float | None
    ending: Ending | None
    price: dict[str, float] | None

    @property
    def seconds(self) -> float:
        """Return the talk time."""
        return self.ended - self.answered if self.ended is not None and self.answered is not None else 0.0

    def as_json(self) -> dict[str, Any]:
        shown = {name: value for name, value in vars(self).items() if name != "plan"}
        turns = [vars(turn) for turn in self.plan.turns] if self.answered is not None else []
        return {**shown, "seconds": self.seconds, "answered_by": self.plan.answered_by, "transcript": turns}


Listener = Callable[[Call, str, dict[str, Any]], Awaitable[None]]


class Exchange:
    """All calls, in the storage."""

    def __init__(self, core: Core, people: People, settings: Settings) -> None:
        self._core, self._people, self._settings = core, people, settings
        self._listeners: dict[str, Listener] = {}
        self._most_open: Counter[str] = Counter()
        self._recent: defaultdict[str, list[float]] = defaultdict(list)
        core.storage.create(
            "voice_calls",
            "id TEXT PRIMARY KEY, protocol TEXT, account TEXT, reference TEXT, our_id TEXT, direction TEXT, from_number"
            " TEXT, to_number TEXT, plan TEXT, info TEXT, placed REAL, ringing REAL, answered REAL, ended REAL, ending"
            " TEXT, price TEXT",
            index="account, our_id",
        )
        core.storage.execute("CREATE INDEX IF NOT EXISTS voice_calls_open ON voice_calls (account) WHERE ended IS NULL")
        core.storage.execute("CREATE INDEX IF NOT EXISTS voice_calls_reference ON voice_calls (account, reference)")
        core.schedule.handle(STEP, self._act)

    def listen(self, protocol: str, listener: Listener) -> None:
        """Tell a protocol of every step of its calls: ringing, answered, tool, ended, priced."""
        self._listeners[protocol] = listener

    def reset(self) -> None:
        self._most_open.clear()
        self._recent.clear()

    def admit(self, account: str) -> None:
        """Raise TooMany if the account may not place another call now."""
        limits = self._settings.account(account)
        if (most := limits.get("concurrent")) is not None and self.open(account) >= most:
            raise TooMany
        if (rate := limits.get("per_second")) is not None:
            now = time.monotonic()
            recent = [each for each in self._recent[account] if now - each < 1]
            self._recent[account] = recent
            if len(recent) >= rate:
                raise TooMany
            recent.append(now)

    def place(
        self,
        *,
        id: str,
        protocol: str,
        account: str,
        reference: str,
        our_id: str,
        from_number: str,
        to_number: str,
        info: dict[str, Any],
        ringing_seconds: float = 45,
        max_seconds: float = 1800,
        first_message: str = "",
        direction: str = "outbound",
    ) -> Call:
        """Call a number. Raises NotANumber. A caller from outside may withhold the number and give any other text."""
        other = to_number if direction == "outbound" else from_number
        if direction == "outbound" and not E164.fullmatch(other):
            raise NotANumber
        before = self._count("account = ? AND our_id = ?", account, our_id) if our_id else 0
        plan = plan_of(
            self._people.person(other),
            self._core.chance("voice-call", other, our_id or id),
            first_message=first_message,
            pace=self._settings.pace,
            ringing_seconds=ringing_seconds,
            max_seconds=max_seconds,
        )
        now = round(self._core.clock.now(), 3)
        call = Call(
            id, protocol, account, reference, our_id, direction, from_number, to_number, plan, info, now, *[None] * 5
        )
        self._core.storage.execute(
            f"INSERT INTO voice_calls ({COLUMNS}) VALUES ({', '.join('?' * 16)})",
            *(id, protocol, account, reference, our_id, direction, from_number, to_number),
            *(orjson.dumps(plan.as_json()).decode(), orjson.dumps(info).decode(), now, *[None] * 5),
        )
        self._most_open[account] = max(self._most_open[account], self.open(account))
        self._log("voice_placed", call, direction=direction, again=before > 0, **{"from": from_number})
        self._plan(call, "ringing", plan.rings)
        return call

    async def over_limit(self, call: Call) -> Call:
        """End a call that the account has no room for, before it rings."""
        return await self.end(call, Ending.OVER_LIMIT)

    async def hang_up(self, call: Call) -> Call:
        """End a call from the caller's side."""
        if call.ended is not None:
            return call
        return await self.end(call, Ending.AGENT_HUNG_UP if call.answered is not None else Ending.CANCELLED)

    async def end(self, call: Call, ending: Ending) -> Call:
        now = self._core.clock.now()
        if call.answered is not None:
            call.plan.cut(now - call.answered)
            plan = orjson.dumps(call.plan.as_json()).decode()
            self._core.storage.execute("UPDATE voice_calls SET plan = ? WHERE id = ?", plan, call.id)
        self._core.storage.execute(
            "UPDATE voice_calls SET ended = ?, ending = ? WHERE id = ? AND ended IS NULL", now, str(ending), call.id
        )
        over = self.get(call.id) or call
        self._log("voice_ended", over, ending=str(ending), seconds=round(over.seconds, 3), spoken=len(over.plan.turns))
        if over.answered is not None:
            self._plan(over, "priced", PRICE_SECONDS / self._settings.pace)
        await self._tell(over, "ended", {})
        return over

    def get(self, id: str) -> Call | None:
        return next(iter(self._calls("id = ?", id)), None)

    def by_reference(self, account: str, reference: str) -> Call | None:
        """Return the newest call of a reference."""
        return next(iter(self._calls("account = ? AND reference = ?", account, reference)), None)

    def search(self, *, account: str = "", to: str = "", since: float = 0, limit: int = 1000) -> list[Call]:
        """Return calls, newest first."""
        return self._calls(
            "(? IN ('', account)) AND (? IN ('', to_number)) AND placed >= ?", account, to, since, limit=limit
        )

    def open(self, account: str) -> int:
        return self._count("account = ? AND ended IS NULL", account)

    def stats(self) -> dict[str, object]:
        rows = self._core.storage.rows("SELECT ending, count(*) FROM voice_calls WHERE ended IS NOT NULL GROUP BY 1")
        again = self._core.storage.row(
            "SELECT count(*) FROM (SELECT 1 FROM voice_calls WHERE our_id != '' GROUP BY account, our_id"
            " HAVING count(*) > 1)"
        )
        spoken = self._core.storage.row("SELECT coalesce(sum(ended - answered), 0) FROM voice_calls")
        return {
            "ended": dict(rows),
            "open": self._count("ended IS NULL"),
            "most_open": dict(self._most_open),
            "placed_twice": int(again[0]) if again else 0,
            "talk_seconds": round(float(spoken[0]), 3) if spoken else 0.0,
        }

    async def _act(self, action: Action) -> None:
        call, step = self.get(action.data["id"]), action.data["step"]
        if call is None:
            return
        if step == "priced":
            await self._price(call)
        elif call.ended is not None:
            return
        elif step == "ringing":
            await self._ring(call)
        elif step == "answered":
            await self._answer(call)
        elif step == "tool":
            await self._tell(call, "tool", action.data["tool"])
        else:
            await self.end(call, call.plan.ending)

    async def _ring(self, call: Call) -> None:
        now = self._core.clock.now()
        self._core.storage.execute("UPDATE voice_calls SET ringing = ? WHERE id = ?", now, call.id)
        self._log("voice_ringing", call)
        if call.plan.answers is not None:
            self._plan(call, "answered", call.plan.answers)
        else:
            self._plan(call, "ended", call.plan.ends)
        await self._tell(self.get(call.id) or call, "ringing", {})

    async def _answer(self, call: Call) -> None:
        now = self._core.clock.now()
        self._core.storage.execute("UPDATE voice_calls SET answered = ? WHERE id = ?", now, call.id)
        self._log("voice_answered", call, by=call.plan.answered_by)
        for number, (after, name, arguments) in enumerate(call.plan.tools):
            tool = {"id": f"{call.id}-tool-{number}", "name": name, "arguments": arguments}
            self._plan(call, "tool", after, tool=tool)
        self._plan(call, "ended", call.plan.ends)
        await self._tell(self.get(call.id) or call, "answered", {})

    async def _price(self, call: Call) -> None:
        minutes = ceil(call.seconds) / 60
        parts = {name: round(rate * minutes, 4) for name, rate in RATES.items()}
        price = {**parts, "total": round(sum(parts.values()), 4)}
        text = orjson.dumps(price).decode()
        self._core.storage.execute("UPDATE voice_calls SET price = ? WHERE id = ?", text, call.id)
        self._log("voice_priced", call, total=price["total"])
        await self._tell(self.get(call.id) or call, "priced", {})

    async def _tell(self, call: Call, step: str, more: dict[str, Any]) -> None:
        if listener := self._listeners.get(call.protocol):
            await listener(call, step, more)

    def _plan(self, call: Call, step: str, seconds: float, **more: Any) -> None:
        # People who write letters may hurry. A conversation takes as long as its words.
        after = seconds * self._core.schedule.haste
        self._core.schedule.plan(STEP, after=after, data={"id": call.id, "step": step, **more})

    def _calls(self, condition: str, *values: object, limit: int = 1000) -> list[Call]:
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM voice_calls WHERE {condition} ORDER BY placed DESC, rowid DESC LIMIT {limit:d}",
            *values,
        )
        return [_call(row) for row in rows]

    def _count(self, condition: str, *values: object) -> int:
        row = self._core.storage.row(f"SELECT count(*) FROM voice_calls WHERE {condition}", *values)
        return int(row[0]) if row else 0

    def _log(self, kind: str, call: Call, **facts: object) -> None:
        named = {"call": call.id, "our_id": call.our_id or None, "account": call.account, "protocol": call.protocol}
        self._core.log.write(kind, **named, to=call.to_number, **facts)


def _call(row: tuple[Any, ...]) -> Call:
    plan, info = Plan.of(orjson.loads(row[8])), orjson.loads(row[9])
    ending = Ending(row[14]) if row[14] else None
    price = orjson.loads(row[15]) if row[15] else None
    values: tuple[Any, ...] = (*row[:8], plan, info, *row[10:14], ending, price)
    return Call(*values)
