"""Run waiting deliveries: one transaction claims a batch, applies its effects and removes its deliveries."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

from lad.batches import apply_batch
from lad.db.identifiers import uuid7
from lad.db.queries import rows
from lad.notifier import WorkerNotifier
from lad.outbox import claims, crashes, settlement
from lad.outbox.claims import DeliveryClaim
from lad.outbox.consumers import Batch, Consumer, consumers
from lad.tenancy.context import platform_context, tenant_context

DRAIN_SECONDS: Final = 20.0
RECOVER_EVERY_SECONDS: Final = 1.0
# While batches are full, the drain goes on with their consumers and looks at the others this often.
LOOK_EVERY_SECONDS: Final = 0.1
# After a small batch a drain waits until so long after its start, so that events gather.
ROUND_SECONDS: Final = 0.01
# A drain that is busy for longer lets notifications start another one.
HOLD_SECONDS: Final = 0.2

# The last column tells whether any batch is being run, or was by a worker that died.
CONSUMERS_WITH_WORK = """
SELECT name, retry_due, EXISTS (SELECT 1 FROM event_batches)
FROM unnest(%s::text[]) AS consumer(name)
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT 1 FROM event_deliveries
    WHERE consumer = name AND state = 'waiting' AND next_attempt_at <= statement_timestamp()
)) AS waiting(retry_due)
WHERE retry_due OR EXISTS (SELECT 1 FROM event_deliveries WHERE consumer = name AND state = 'ready')
"""


@dataclass(slots=True)
class DrainReport:
    """How many deliveries one drain ran. ``finished`` is false if time ran out first."""

    done: int = 0
    failed: int = 0
    finished: bool = True


def has_work() -> bool:
    """Return whether a delivery is due. Needs a platform scope."""
    return bool(rows(CONSUMERS_WITH_WORK, [[consumer.name for consumer in consumers()]]))


def drain(
    *, seconds: float = DRAIN_SECONDS, only: Collection[str] | None = None, notifier: WorkerNotifier | None = None
) -> DrainReport:
    """Run deliveries until none can be claimed or the time is up.

    ``only`` names the consumers to run. Any number of drains may run concurrently, in any process. A drain
    that is killed leaves no partial effects. With ``notifier`` the drain looks again for events that are
    committed while it runs, instead of having a run queued for them, and asks for help with a backlog.
    """
    chosen = [consumer for consumer in consumers() if only is None or consumer.name in only]
    with crashes.in_flight_batches() as in_flight:
        run = _Drain(chosen, in_flight, time.monotonic() + seconds)
        held = False
        while True:
            started = time.monotonic()
            busy = run.consumers_with_work(started)
            held = notifier is not None and run.handled > 0 and bool(busy)
            if notifier is not None and held:
                notifier.hold(HOLD_SECONDS)
            run.run_round(busy)
            if notifier is not None and (held or run.handled):
                _gather(notifier, run, started)
            # Nothing is waiting, or other workers have claimed all of it, or time is up.
            if not run.report.finished or not (run.handled or held):
                run.mark_processed()
                return run.report


@dataclass(slots=True)
class _Drain:
    """One drain: what it did in all and in its last round."""

    chosen: list[Consumer]
    in_flight: crashes.InFlightBatches
    deadline: float
    report: DrainReport = field(default_factory=DrainReport)
    # Of the last round: the number of deliveries, and the consumers whose batches were full.
    handled: int = 0
    full: list[Consumer] = field(default_factory=list)
    # Of the last look: the consumers with a retry that is due.
    with_retries: set[str] = field(default_factory=set)
    # Events of earlier batches that had other deliveries left.
    unmarked: set[UUID] = field(default_factory=set)
    looked_at: float = float("-inf")
    recovered_at: float = float("-inf")

    def consumers_with_work(self, now: float) -> list[Consumer]:
        """Return the consumers that have deliveries. Release the batches of dead workers first."""
        if self.full and now - self.looked_at < LOOK_EVERY_SECONDS:
            self.with_retries = set()
            return self.full
        self.looked_at = now
        with platform_context():
            found = rows(CONSUMERS_WITH_WORK, [[consumer.name for consumer in self.chosen]])
        if (
            any(in_flight for _name, _retry_due, in_flight in found)
            and now - self.recovered_at >= RECOVER_EVERY_SECONDS
        ):
            self.recovered_at = now
            crashes.recover()
        self.with_retries = {name for name, retry_due, _in_flight in found if retry_due}
        busy = {name for name, _retry_due, _in_flight in found}
        return [consumer for consumer in self.chosen if consumer.name in busy]

    def run_round(self, busy: list[Consumer]) -> None:
        """Run one batch of each consumer."""
        self.handled = 0
        full = []
        for consumer in busy:
            handled = self._run_batch(consumer)
            self.handled += handled
            if handled >= consumer.batch_size:
                full.append(consumer)
            if time.monotonic() >= self.deadline:
                self.report.finished = False
                break
        self.full = full

    def mark_processed(self) -> None:
        """Mark the events whose other consumers have finished meanwhile."""
        if self.unmarked:
            with platform_context():
                settlement.finish([], event_ids=list(self.unmarked))
            self.unmarked = set()

    def _run_batch(self, consumer: Consumer) -> int:
        """Claim and run one batch and return its size, 0 if nothing could be claimed.

        If time runs out in the middle of a batch, its deliveries run in smaller batches, as after a crash.
        """
        batch_id = uuid7()
        with platform_context():
            claimed = claims.claim(consumer, batch_id=batch_id, retries=consumer.name in self.with_retries)
            if not claimed:
                return 0
            self.in_flight.record(batch_id, consumer, [claim.delivery_id for claim in claimed])
            outcome = apply_batch(
                claimed,
                lambda part: _handle(consumer, part),
                order_key=(lambda claim: claim.key) if consumer.ordered else None,
            )
            unmarked = settlement.settle(consumer, outcome, batch_id=batch_id, unmarked=self.unmarked)
        self.unmarked = unmarked
        self.report.done += len(outcome.done)
        self.report.failed += len(outcome.failed)
        return len(outcome.done) + len(outcome.failed)


def _gather(notifier: WorkerNotifier, run: _Drain, started: float) -> None:
    """Ask for help with a backlog, or let events gather for the next round. Then look for notified work again."""
    if run.full:
        notifier.ask_for_help()
    elif run.handled:
        notifier.hold(HOLD_SECONDS)
        time.sleep(max(0.0, started + ROUND_SECONDS - time.monotonic()))
    notifier.release()


def _handle(consumer: Consumer, claimed: Sequence[DeliveryClaim]) -> None:
    events = [claim.event for claim in claimed]
    if not consumer.per_tenant:
        consumer.handler(Batch(tuple(events)))
        return
    by_tenant = sorted(events, key=lambda event: event.tenant_id)
    for tenant_id, own in groupby(by_tenant, key=lambda event: event.tenant_id):
        with tenant_context(tenant_id):
            consumer.handler(Batch(tuple(own)))
