"""The batch lane: callers that come at the same moment share one commit, and each gets an answer of its own.

The row of a wallet is locked until its commit has reached the disk, so postings that commit one by
one wait for one disk write each. The lane writes as many as are waiting with one commit.
"""

import atexit
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, field
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from uuid import UUID
from weakref import WeakSet

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

from billing.usage.services.charging import ChargeVerdict, charge_many
from lad.errors import Unavailable
from lad.tenancy.context import origin, tenant_context

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# While one batch of a tenant waits for the disk, the next is made ready; those of another need not wait for them.
MOST_FLUSHERS: Final = 3
MOST_OF_A_TENANT: Final = 2
ATTEMPTS: Final = 2
IDLE_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 15.0

log = structlog.get_logger(__name__)

_lanes: "WeakSet[Lane[Any, Any]]" = WeakSet()


class LaneBusy(Unavailable):
    """Too many are waiting to be charged; repeat the request in a moment."""

    code = "lane_busy"


class LaneClosed(Unavailable):
    """This server is stopping; repeat the request and another one answers."""

    code = "lane_closed"


class Unanswered(Unavailable):
    """The database did not answer; repeat the request with the same key, which does it once at most."""


@dataclass(slots=True)
class _Job(Generic[Item, Answer]):
    item: Item
    since: float
    future: "Future[Answer]" = field(default_factory=Future)


@dataclass(slots=True)
class _Line(Generic[Item, Answer]):
    """The jobs of one tenant; ``due`` is when the next of them are to be taken, ``at_work`` how many batches are."""

    due: float = 0.0
    jobs: "deque[_Job[Item, Answer]]" = field(default_factory=deque)
    at_work: int = 0


class Lane(Generic[Item, Answer]):
    """Gathers what callers submit and has ``apply`` do it, a list of one tenant's items per transaction.

    ``apply`` answers every item in its place and must be idempotent, each item naming itself: a batch
    whose transaction fails is done once more. Who comes while nothing is going on is served at once;
    who comes meanwhile is gathered for ``BILLING_LANE_WAIT``, or until there are ``BILLING_LANE_BATCH``.
    """

    def __init__(self, name: str, apply: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        self.name = name
        self._apply = apply
        self._begin()
        _lanes.add(self)

    def submit(self, item: Item, *, tenant_id: UUID) -> "Future[Answer]":
        """Have the item done in one of the next batches; the future is resolved once that has committed.

        Raises LaneBusy when ``BILLING_LANE_QUEUE`` items wait already, LaneClosed while the process
        stops. The future raises what ``apply`` raised for the item, and Unanswered when the database failed.
        """
        now = monotonic()
        job: _Job[Item, Answer] = _Job(item, now)
        with self._changed:
            if self._closed:
                raise LaneClosed
            if self._waiting >= settings.BILLING_LANE_QUEUE:
                raise LaneBusy
            self._waiting += 1
            line = self._lines.setdefault(tenant_id, _Line())
            line.jobs.append(job)
            if len(line.jobs) == 1:
                line.due = now + (_wait() if line.at_work else 0)
            elif len(line.jobs) == _most():
                line.due = now
            else:
                return job.future
            if line.at_work < MOST_OF_A_TENANT:
                self._call_flusher()
        return job.future

    def run(self, item: Item, *, tenant_id: UUID) -> Answer:
        """Submit the item and wait for its answer. Raises what ``submit`` and its future raise."""
        future = self.submit(item, tenant_id=tenant_id)
        try:
            return future.result(timeout=PATIENCE_SECONDS)
        except WaitedTooLong as error:
            # One that no batch has taken yet is not done later, after its caller was told otherwise.
            future.cancel()
            raise Unanswered from error

    def close(self) -> None:
        """Do what waits, then stop; nothing is taken any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            flushers = list(self._flushers)
        for flusher in flushers:
            flusher.join(PATIENCE_SECONDS)

    def _begin(self) -> None:
        self._changed = Condition()
        self._lines: dict[UUID, _Line[Item, Answer]] = {}
        self._flushers: set[Thread] = set()
        self._idle = 0
        self._waiting = 0
        self._closed = False

    def _call_flusher(self) -> None:
        if self._idle:
            self._changed.notify()
        elif len(self._flushers) < MOST_FLUSHERS:
            flusher = Thread(target=self._work, name=f"lane-{self.name}", daemon=True)
            self._flushers.add(flusher)
            flusher.start()

    def _work(self) -> None:
        _connect_beside_the_pool()
        try:
            while (taken := self._take()) is not None:
                tenant_id, jobs = taken
                try:
                    self._answer(tenant_id, [job for job in jobs if job.future.set_running_or_notify_cancel()])
                finally:
                    self._give_back(tenant_id, len(jobs))
        finally:
            connection.close()
            with self._changed:
                self._flushers.discard(current_thread())

    def _take(self) -> "tuple[UUID, list[_Job[Item, Answer]]] | None":
        """The next tenant's jobs, once they are due; None when this flusher is needed no longer."""
        ends = monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                free = [
                    (line.due, tenant_id)
                    for tenant_id, line in self._lines.items()
                    if line.jobs and line.at_work < MOST_OF_A_TENANT
                ]
                due, tenant_id = min(free, default=(ends, None))
                now = monotonic()
                if tenant_id is not None and (due <= now or self._closed):
                    if len(free) > 1:
                        self._call_flusher()
                    line = self._lines[tenant_id]
                    line.at_work += 1
                    taken = [line.jobs.popleft() for _ in range(min(len(line.jobs), _most()))]
                    if line.jobs:
                        line.due = line.jobs[0].since + (_wait() if len(line.jobs) < _most() else 0)
                    return tenant_id, taken
                if tenant_id is None and (self._closed or due <= now):
                    # Before the lock is let go, so that whoever submits next calls another.
                    self._flushers.discard(current_thread())
                    return None
                self._idle += 1
                self._changed.wait(due - now)
                self._idle -= 1

    def _give_back(self, tenant_id: UUID, done: int) -> None:
        with self._changed:
            self._waiting -= done
            line = self._lines[tenant_id]
            line.at_work -= 1
            if not line.jobs and not line.at_work:
                del self._lines[tenant_id]

    def _answer(self, tenant_id: UUID, jobs: "list[_Job[Item, Answer]]") -> None:
        """Do the jobs and tell their callers; one that cannot be done keeps none of the others from it."""
        if not jobs:
            return
        try:
            answers = self._commit(tenant_id, [job.item for job in jobs])
        except (OperationalError, InterfaceError) as error:
            log.error("batch failed", lane=self.name, tenant=str(tenant_id), items=len(jobs), exc_info=error)
            for job in jobs:
                job.future.set_exception(_because(error))
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
                return
            middle = len(jobs) // 2
            self._answer(tenant_id, jobs[:middle])
            self._answer(tenant_id, jobs[middle:])
        else:
            for job, answer in zip(jobs, answers, strict=True):
                job.future.set_result(answer)

    def _commit(self, tenant_id: UUID, items: list[Item]) -> Sequence[Answer]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with origin("", source=f"lane-{self.name}"), tenant_context(tenant_id):
                    return self._complete(items)
            except (OperationalError, InterfaceError):
                # A deadlock, or a connection lost perhaps after the commit: the items' keys make both harmless.
                connection.close()
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _complete(self, items: list[Item]) -> Sequence[Answer]:
        answers = self._apply(items)
        if len(answers) != len(items):
            raise RuntimeError(f"{self.name}: {len(answers)} answers to {len(items)} items.")
        return answers


def charge(*, event_id: UUID, tenant_id: UUID) -> ChargeVerdict:
    """Charge a recorded use together with those that others charge at the same moment; answers after the commit.

    Inside a transaction, where the use may not be committed yet, it is charged by itself, and the end of
    that transaction decides. Raises what ``Lane.run`` raises; what cannot be paid is the verdict's ``error``.
    """
    if not connection.in_atomic_block:
        return charges.run(event_id, tenant_id=tenant_id)
    with tenant_context(tenant_id):
        return charge_many(event_ids=[event_id])[0]


def _charge(event_ids: Sequence[UUID]) -> list[ChargeVerdict]:
    return charge_many(event_ids=event_ids)


def _most() -> int:
    return int(settings.BILLING_LANE_BATCH)


def _wait() -> float:
    return float(settings.BILLING_LANE_WAIT.total_seconds())


def _because(error: Exception) -> Unanswered:
    problem = Unanswered()
    problem.__cause__ = error
    return problem


def _connect_beside_the_pool() -> None:
    """Give this thread a connection of its own: the callers that wait for it may hold all those of the pool."""
    wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {**wrapper.settings_dict["OPTIONS"], "pool": False}
    wrapper.settings_dict = {**wrapper.settings_dict, "OPTIONS": options}
    connections[DEFAULT_DB_ALIAS] = wrapper


def _close_all() -> None:
    for lane in list(_lanes):
        lane.close()


def _forget_parents() -> None:
    """A forked process has none of its parent's threads and owes its parent's callers nothing."""
    for lane in list(_lanes):
        lane._begin()


charges: Final[Lane[UUID, ChargeVerdict]] = Lane("charges", _charge)

atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_parents)
