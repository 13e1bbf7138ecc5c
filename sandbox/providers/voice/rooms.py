"""LiveKit's rooms. One that is empty stays for its timeout and then finishes."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.providers.voice.exchange import Exchange
from sandbox.schedule import Action

LOOK: Final = "voice-room"
EMPTY_SECONDS: Final = 300
DEPARTURE_SECONDS: Final = 20
COLUMNS: Final = (
    "account, name, sid, metadata, agents, records, created, emptied, empty_timeout, departure_timeout, gone"
)


@dataclass(frozen=True)
class Room:
    account: str
    name: str
    sid: str
    metadata: str
    agents: str
    records: int
    created: float
    emptied: float | None
    empty_timeout: float
    departure_timeout: float
    gone: int

    @property
    def agent(self) -> dict[str, Any]:
        """Return what the dispatched agent was told; nothing without one, or if it is no JSON object."""
        for each in orjson.loads(self.agents):
            try:
                told = orjson.loads(each.get("metadata") or "{}")
            except orjson.JSONDecodeError:
                continue
            if isinstance(told, dict):
                return told
        return {}

    def as_json(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "name": self.name,
            "empty_timeout": int(self.empty_timeout),
            "departure_timeout": int(self.departure_timeout),
            "creation_time": str(int(self.created)),
            "metadata": self.metadata,
        }


class Rooms:
    """The rooms of all accounts, in the storage. Those that finished are kept for the list of recordings."""

    def __init__(self, core: Core, exchange: Exchange, *, on_finished: Callable[[Room], Awaitable[None]]) -> None:
        self._core, self._exchange, self._on_finished = core, exchange, on_finished
        core.storage.create(
            "voice_rooms",
            "account TEXT, name TEXT, sid TEXT, metadata TEXT, agents TEXT, records INTEGER, created REAL, emptied"
            " REAL, empty_timeout REAL, departure_timeout REAL, gone INTEGER",
            index="account, name, gone",
        )
        core.schedule.handle(LOOK, self._act)

    def create(self, account: str, body: dict[str, Any]) -> tuple[Room, bool]:
        """Return the room, and whether it is new. One that exists stays as it is."""
        name = str(body["name"])
        if (found := self.find(account, name)) is not None:
            return found, False
        made = self._core.storage.row("SELECT count(*) FROM voice_rooms")
        digest = hashlib.sha256(f"{self._core.seed}:{account}:{name}:{made[0] if made else 0}".encode()).hexdigest()
        room = Room(
            account,
            name,
            f"RM_{digest[:12]}",
            str(body.get("metadata") or ""),
            orjson.dumps(body.get("agents") or []).decode(),
            int(bool((body.get("egress") or {}).get("room"))),
            self._core.clock.now(),
            None,
            float(body.get("empty_timeout") or EMPTY_SECONDS),
            float(body.get("departure_timeout") or DEPARTURE_SECONDS),
            0,
        )
        self._core.storage.execute(
            f"INSERT INTO voice_rooms ({COLUMNS}) VALUES ({', '.join('?' * 11)})",
            *vars(room).values(),
        )
        self._look(room, room.empty_timeout)
        return room, True

    def keep(self, room: Room, *, agents: list[dict[str, Any]] | None = None, records: bool | None = None) -> None:
        """Change an existing room."""
        told = room.agents if agents is None else orjson.dumps(agents).decode()
        self._core.storage.execute(
            "UPDATE voice_rooms SET agents = ?, records = ? WHERE sid = ?",
            told,
            room.records if records is None else int(records),
            room.sid,
        )

    def find(self, account: str, name: str) -> Room | None:
        return next((room for room in self._rows("account = ? AND name = ? AND gone = 0", account, name)), None)

    def all(self, account: str, *, gone: bool = False) -> list[Room]:
        return self._rows("account = ? AND gone <= ?", account, int(gone))

    def left(self, room: Room) -> None:
        """Note that the person left."""
        now = self._core.clock.now()
        self._core.storage.execute("UPDATE voice_rooms SET emptied = ? WHERE sid = ?", now, room.sid)
        self._look(room, room.departure_timeout)

    async def finish(self, room: Room) -> None:
        self._core.storage.execute("UPDATE voice_rooms SET gone = 1 WHERE sid = ?", room.sid)
        await self._on_finished(room)

    async def _act(self, action: Action) -> None:
        room = next(iter(self._rows("sid = ? AND gone = 0", action.data["sid"])), None)
        if room is None:
            return
        call = self._exchange.by_reference(room.account, room.name)
        if call is not None and call.ended is None:
            return
        left = room.created + room.empty_timeout
        if room.emptied is not None:
            left = room.emptied + room.departure_timeout
        if left <= self._core.clock.now() + 0.001:
            await self.finish(room)

    def _look(self, room: Room, seconds: float) -> None:
        self._core.schedule.plan(LOOK, after=seconds * self._core.schedule.haste, data={"sid": room.sid})

    def _rows(self, condition: str, *values: object) -> list[Room]:
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM voice_rooms WHERE {condition} ORDER BY created DESC",
            *values,
        )
        return [Room(*row) for row in rows]
