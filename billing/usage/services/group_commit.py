"""Group commit: simultaneous callers share one transaction, and each gets its own result.

A wallet's row stays locked until its commit is on disk, so postings that commit one by one each wait for
a disk write. Group commit writes all waiting postings with one commit.
"""

import atexit
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from uuid import UUID
from weakref import WeakSet

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

from billing.usage.services.charging import ChargeResult, charge_many
from lad.batches import apply_batch
from lad.errors import Unavailable
from lad.tenancy.context import origin, tenant_context

Item = TypeVar("Item")
Result = TypeVar("Result")

# A tenant's next batch is prepared while its previous one waits for the disk.
MAX_FLUSHERS: Final = 3
MAX_BATCHES_PER_TENANT: Final = 2
ATTEMPTS: Final = 2
IDLE_SECONDS: Final = 30.0
TIMEOUT_SECONDS: Final = 15.0

log = structlog.get_logger(__name__)

_groups: "WeakSet[GroupCommit[Any, Any]]" = WeakSet()


class GroupCommitBusy(Unavailable):
    """Too many charges are waiting; repeat the request in a moment."""

    code = "lane_busy"


class GroupCommitClosed(Unavailable):
    """This server is stopping; repeat the request to reach another one."""

    code = "lane_closed"


class Unanswered(Unavailable):
    """The database did not answer; repeat the request with the same key, which runs it at most once."""


@dataclass(slots=True)
class _Job(Generic[Item, Result]):
    item: Item
    submitted_at: float
    future: "Future[Result]" = field(default_factory=Future)


@dataclass(slots=True)
class _TenantQueue(Generic[Item, Result]):
    """The waiting jobs of one tenant, when the next batch is due, and how many batches are running."""

    due: float = 0.0
    jobs: "deque[_Job[Item, Result]]" = field(default_factory=deque)
    running: int = 0


class GroupCommit(Generic[Item, Result]):
    """Collects submitted items and passes them to ``apply``, one tenant's items per transaction.

    ``apply`` returns one result per item, in order. It must be idempotent and each item must carry its own
    key, because a batch whose transaction fails is run a second time. An item submitted while the tenant is
    idle runs at once. Later items wait for ``BILLING_GROUP_COMMIT_WAIT`` or until
    ``BILLING_GROUP_COMMIT_BATCH`` have been collected.
    """

    def __init__(self, name: str, apply: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self.name = name
        self._apply = apply
        self._reset()
        _groups.add(self)

    def submit(self, item: Item, *, tenant_id: UUID) -> "Future[Result]":
        """Queue the item; the future resolves after its batch has committed.

        Raises GroupCommitBusy if ``BILLING_GROUP_COMMIT_QUEUE`` items are waiting, GroupCommitClosed while
        the process stops. The future raises what ``apply`` raised for the item, or Unanswered if the
        database failed.
        """
        now = monotonic()
        job: _Job[Item, Result] = _Job(item, now)
        with self._changed:
            if self._closed:
                raise GroupCommitClosed
            if self._waiting >= settings.BILLING_GROUP_COMMIT_QUEUE:
                raise GroupCommitBusy
            self._waiting += 1
            queue = self._queues.setdefault(tenant_id, _TenantQueue())
            queue.jobs.append(job)
            if len(queue.jobs) == 1:
                queue.due = now + (_wait_seconds() if queue.running else 0)
            elif len(queue.jobs) == _batch_size():
                queue.due = now
            else:
                return job.future
            if queue.running < MAX_BATCHES_PER_TENANT:
                self._wake_flusher()
        return job.future

    def run(self, item: Item, *, tenant_id: UUID) -> Result:
        """Submit the item and wait for its result. Raises what ``submit`` and its future raise."""
        future = self.submit(item, tenant_id=tenant_id)
        try:
            return future.result(timeout=TIMEOUT_SECONDS)
        except FutureTimeoutError as error:
            # An item that is still queued must not run after its caller was told that it failed.
            future.cancel()
            raise Unanswered from error

    def close(self) -> None:
        """Run the queued items, then stop accepting new ones."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            flushers = list(self._flushers)
        for flusher in flushers:
            flusher.join(TIMEOUT_SECONDS)

    def _reset(self) -> None:
        self._changed = Condition()
        self._queues: dict[UUID, _TenantQueue[Item, Result]] = {}
        self._flushers: set[Thread] = set()
        self._idle = 0
        self._waiting = 0
        self._closed = False

    def _wake_flusher(self) -> None:
        if self._idle:
            self._changed.notify()
        elif len(self._flushers) < MAX_FLUSHERS:
            flusher = Thread(target=self._flush_until_idle, name=f"group-commit-{self.name}", daemon=True)
            self._flushers.add(flusher)
            flusher.start()

    def _flush_until_idle(self) -> None:
        _connect_outside_pool()
        try:
            while (batch := self._next_batch()) is not None:
                tenant_id, jobs = batch
                try:
                    self._resolve(tenant_id, [job for job in jobs if job.future.set_running_or_notify_cancel()])
                finally:
                    self._finish_batch(tenant_id, len(jobs))
        finally:
            connection.close()
            with self._changed:
                self._flushers.discard(current_thread())

    def _next_batch(self) -> "tuple[UUID, list[_Job[Item, Result]]] | None":
        """Wait for the next due batch; return None when this flusher should stop."""
        ends = monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                free = [
                    (queue.due, tenant_id)
                    for tenant_id, queue in self._queues.items()
                    if queue.jobs and queue.running < MAX_BATCHES_PER_TENANT
                ]
                due, tenant_id = min(free, default=(ends, None))
                now = monotonic()
                if tenant_id is not None and (due <= now or self._closed):
                    if len(free) > 1:
                        self._wake_flusher()
                    return tenant_id, self._take_jobs(self._queues[tenant_id])
                if tenant_id is None and (self._closed or due <= now):
                    # Leave while still holding the lock, so that the next submit starts a new flusher.
                    self._flushers.discard(current_thread())
                    return None
                self._idle += 1
                self._changed.wait(due - now)
                self._idle -= 1

    def _take_jobs(self, queue: "_TenantQueue[Item, Result]") -> "list[_Job[Item, Result]]":
        """Take one batch out of the queue and set when the next one is due."""
        queue.running += 1
        taken = [queue.jobs.popleft() for _ in range(min(len(queue.jobs), _batch_size()))]
        if queue.jobs:
            queue.due = queue.jobs[0].submitted_at + (_wait_seconds() if len(queue.jobs) < _batch_size() else 0)
        return taken

    def _finish_batch(self, tenant_id: UUID, jobs: int) -> None:
        with self._changed:
            self._waiting -= jobs
            queue = self._queues[tenant_id]
            queue.running -= 1
            if not queue.jobs and not queue.running:
                del self._queues[tenant_id]

    def _resolve(self, tenant_id: UUID, jobs: "list[_Job[Item, Result]]") -> None:
        """Run the jobs and resolve their futures; one failing item does not block the rest."""
        outcome = apply_batch(jobs, lambda part: self._answer(tenant_id, part), own_transaction=True)
        for failure in outcome.failed:
            failure.item.future.set_exception(failure.error)

    def _answer(self, tenant_id: UUID, jobs: "Sequence[_Job[Item, Result]]") -> None:
        try:
            results = self._commit(tenant_id, [job.item for job in jobs])
        except (OperationalError, InterfaceError) as error:
            log.error("batch failed", group=self.name, tenant=str(tenant_id), items=len(jobs), exc_info=error)
            for job in jobs:
                job.future.set_exception(_unanswered(error))
        else:
            for job, result in zip(jobs, results, strict=True):
                job.future.set_result(result)

    def _commit(self, tenant_id: UUID, items: list[Item]) -> Sequence[Result]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with origin("", source=f"group-commit-{self.name}"), tenant_context(tenant_id):
                    return self._apply_all(items)
            except (OperationalError, InterfaceError):
                # A deadlock, or a connection lost possibly after the commit: the items' keys make a retry safe.
                connection.close()
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _apply_all(self, items: list[Item]) -> Sequence[Result]:
        results = self._apply(items)
        if len(results) != len(items):
            raise RuntimeError(f"{self.name} returned {len(results)} results for {len(items)} items.")
        return results


def charge(*, event_id: UUID, tenant_id: UUID) -> ChargeResult:
    """Charge a recorded usage event in a group commit and return the result after the commit.

    Inside a transaction, where the event may not be committed yet, charge it in that transaction instead.
    Raises what ``GroupCommit.run`` raises. A charge that cannot be paid is returned as the result's ``error``.
    """
    if not connection.in_atomic_block:
        return charges.run(event_id, tenant_id=tenant_id)
    with tenant_context(tenant_id):
        return charge_many(event_ids=[event_id])[0]


def _charge(event_ids: Sequence[UUID]) -> list[ChargeResult]:
    return charge_many(event_ids=event_ids)


def _batch_size() -> int:
    return int(settings.BILLING_GROUP_COMMIT_BATCH)


def _wait_seconds() -> float:
    return float(settings.BILLING_GROUP_COMMIT_WAIT.total_seconds())


def _unanswered(error: Exception) -> Unanswered:
    problem = Unanswered()
    problem.__cause__ = error
    return problem


def _connect_outside_pool() -> None:
    """Give this thread its own connection: waiting callers may hold every pooled one."""
    wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {**wrapper.settings_dict["OPTIONS"], "pool": False}
    wrapper.settings_dict = {**wrapper.settings_dict, "OPTIONS": options}
    connections[DEFAULT_DB_ALIAS] = wrapper


def _close_all() -> None:
    for group in list(_groups):
        group.close()


def _reset_after_fork() -> None:
    """Start empty in a forked process, which has none of its parent's threads."""
    for group in list(_groups):
        group._reset()


charges: Final[GroupCommit[UUID, ChargeResult]] = GroupCommit("charges", _charge)

atexit.register(_close_all)
os.register_at_fork(after_in_child=_reset_after_fork)
