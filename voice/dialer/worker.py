"""Dial what is due, tenant by tenant, and go on as soon as there is room. There are no waves.

One thread uses the database. Others only wait for carriers, so that one slow answer holds up nobody.
"""

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final
from uuid import UUID

import structlog

from voice.dialer.claims import Turn, claim
from voice.dialer.due import due_tenants
from voice.dialer.placing import Answer, place, record
from voice.dialer.waking import notifier

DIAL_SECONDS: Final = 20.0
# Calls that are being placed at the same time by one worker.
THREADS: Final = 16
ROUND_SIZE: Final = 50
# With so many tenants due, a second worker helps.
MANY_TENANTS: Final = 4

log = structlog.get_logger("voice.dialer")


def has_work() -> bool:
    """Return whether a call may be due. Needs a platform scope."""
    return bool(due_tenants(limit=1))


def dial_due(*, seconds: float = DIAL_SECONDS, threads: int = THREADS) -> dict[str, int]:
    """Place calls that are due until none is left, no line is free, or the time is up. Return what was counted."""
    with ThreadPoolExecutor(threads, thread_name_prefix="dialer") as pool:
        dialer = Dialer(pool, threads)
        dialer.run(time.monotonic() + seconds)
    return dict(dialer.counts)


class Dialer:
    """One run. ``counts`` has the numbers of claimed and placed calls, and of those that were not."""

    def __init__(self, pool: ThreadPoolExecutor, threads: int) -> None:
        self._pool, self._threads = pool, threads
        self._placing: set[Future[Answer]] = set()
        self.counts: Counter[str] = Counter(claimed=0)

    def run(self, deadline: float) -> None:
        """Dial until nothing more can begin, and wait for what is being placed."""
        while time.monotonic() < deadline:
            dealt_with = self._round()
            if not self._placing and not dealt_with:
                break
            # Somebody else may have got a free line meanwhile, or a call may have ended.
            self._record(timeout=None if not dealt_with else 0)
        while self._placing:
            self._record(timeout=None)

    def _round(self) -> int:
        """Let every tenant that is due begin some calls. Return how many people had their turn, called or not."""
        free = self._threads - len(self._placing)
        if free <= 0:
            self._record(timeout=None)
            free = self._threads - len(self._placing)
        tenants = due_tenants(limit=ROUND_SIZE)
        if len(tenants) >= MANY_TENANTS:
            notifier.ask_for_help()
        share = max(free // max(len(tenants), 1), 1)
        return sum(self._begin(tenant_id, min(share, free), wait=len(tenants) == 1) for tenant_id in tenants)

    def _begin(self, tenant_id: UUID, most: int, *, wait: bool) -> int:
        turn = claim(tenant_id, most=most, wait=wait) or Turn([], 0)
        self.counts["claimed"] += len(turn.calls)
        for each in turn.calls:
            self._placing.add(self._pool.submit(place, each))
        return len(turn.calls) + turn.put_aside

    def _record(self, *, timeout: float | None) -> None:
        """Write down what carriers answered; wait for the first answer if ``timeout`` is None."""
        if not self._placing:
            return
        done, self._placing = wait(self._placing, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            answer = future.result()
            record(answer)
            self.counts["placed" if answer.placed is not None else "not_placed"] += 1
