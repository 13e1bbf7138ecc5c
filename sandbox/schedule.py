"""Planned actions: what simulated people and servers will do, in the order of their simulated time."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.clock import Clock
from sandbox.storage import Storage

# Idle loops wake up this often at most, so that jumps of the computer's clock are noticed.
LONGEST_NAP: Final = 60.0
MAX_ACTIONS_AT_ONCE: Final = 100_000


@dataclass(frozen=True)
class Action:
    """One planned action: who does what, with the message that it answers to, if any."""

    id: int
    due: float
    kind: str
    data: dict[str, Any]
    content: bytes


Handler = Callable[[Action], Awaitable[None]]


class Schedule:
    """Runs actions when they are due. They are stored, so a restart only delays them."""

    def __init__(
        self, storage: Storage, clock: Clock, *, haste: float, on_failure: Callable[[Action, Exception], None]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self.haste = haste
        self._on_failure = on_failure
        self._handlers: dict[str, Handler] = {}
        self._running = asyncio.Lock()
        self._changed = asyncio.Event()
        storage.create(
            "actions",
            "id INTEGER PRIMARY KEY, due REAL NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, content BLOB NOT NULL",
            index="due, id",
        )

    def handle(self, kind: str, handler: Handler) -> None:
        self._handlers[kind] = handler

    def plan(self, kind: str, *, after: float, data: dict[str, Any], content: bytes = b"") -> None:
        """Plan an action in ``after`` simulated seconds, which haste shortens."""
        due = self._clock.now() + after / self.haste
        self._storage.execute(
            "INSERT INTO actions (due, kind, data, content) VALUES (?, ?, ?, ?)",
            due,
            kind,
            orjson.dumps(data).decode(),
            content,
        )
        self._changed.set()

    def pending(self) -> int:
        row = self._storage.row("SELECT count(*) FROM actions")
        return int(row[0]) if row else 0

    async def run(self) -> None:
        """Run due actions for ever."""
        while True:
            self._changed.clear()
            await self._run_until(None)
            action = self._next()
            wait = self._clock.real_seconds_until(action.due) if action else None
            try:
                await asyncio.wait_for(self._changed.wait(), min(LONGEST_NAP, LONGEST_NAP if wait is None else wait))
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Look at the clock again."""
        self._changed.set()

    async def advance(self, seconds: float) -> int:
        """Move the clock forward and run what becomes due on the way, at its own time. Return how many ran."""
        target = self._clock.now() + seconds
        done = await self._run_until(target)
        self._clock.jump(max(target, self._clock.now()))
        return done

    async def run_until_idle(self) -> int:
        """Run all planned actions and what they plan in turn, and move the clock to the last. Return how many ran."""
        return await self._run_until(float("inf"))

    async def _run_until(self, target: float | None) -> int:
        """Run actions up to the simulated time ``target``, moving the clock; without one what is due now."""
        done = 0
        async with self._running:
            while done < MAX_ACTIONS_AT_ONCE and (action := self._next()):
                if action.due > (self._clock.now() if target is None else target):
                    break
                if action.due > self._clock.now():
                    self._clock.jump(action.due)
                await self._perform(action)
                done += 1
        return done

    async def _perform(self, action: Action) -> None:
        handler = self._handlers.get(action.kind)
        try:
            if handler is not None:
                await handler(action)
        except Exception as error:
            # One action that fails does not stop the others. It is an error of the sandbox, so the log shows it.
            traceback.print_exc(file=sys.stderr)
            self._on_failure(action, error)
        # Done twice after a kill in between: replies have the same Message-ID both times.
        self._storage.execute("DELETE FROM actions WHERE id = ?", action.id)

    def _next(self) -> Action | None:
        row = self._storage.row("SELECT id, due, kind, data, content FROM actions ORDER BY due, id LIMIT 1")
        return Action(row[0], row[1], row[2], orjson.loads(row[3]), row[4]) if row else None
