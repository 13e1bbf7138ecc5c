"""Run waiting deliveries: one transaction claims a batch, applies its effects and removes its deliveries."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from django.db import connection

from lad.batches import BatchOutcome, apply_batch
from lad.notifier import WorkerNotifier
from lad.outbox import claims, crashes
from lad.outbox.claims import DeliveryClaim
from lad.outbox.consumers import Batch, Consumer, consumers
from lad.outbox.settlement import settle
from lad.tenancy.context import platform_context, tenant_context

DRAIN_SECONDS: Final = 20.0
# After a small batch a drain waits until so long after its start, so that events gather.
ROUND_SECONDS: Final = 0.01
# A drain that is busy for longer lets notifications start another one.
HOLD_SECONDS: Final = 0.2
RECOVER_EVERY_SECONDS: Final = 1.0

CONSUMERS_WITH_WORK = """
SELECT name FROM unnest(%s::text[]) AS consumer(name)
WHERE EXISTS (SELECT 1 FROM event_deliveries WHERE consumer = name AND state = 'ready')
   OR EXISTS (SELECT 1 FROM event_deliveries
              WHERE consumer = name AND state = 'waiting' AND next_attempt_at <= statement_timestamp())
"""


@dataclass(slots=True)
class DrainReport:
    """How many deliveries one drain ran. ``finished`` is false if time ran out first."""

    done: int = 0
    failed: int = 0
    finished: bool = True


@dataclass(slots=True)
class _Round:
    """How many deliveries one round ran, and whether a batch was full, so that more are likely."""

    handled: int = 0
    full: bool = False


def has_work() -> bool:
    """Return whether a delivery is due. Needs a platform scope."""
    return bool(_with_work(consumers()))


def drain(
    *, seconds: float = DRAIN_SECONDS, only: Collection[str] | None = None, notifier: WorkerNotifier | None = None
) -> DrainReport:
    """Run deliveries until none can be claimed or the time is up.

    ``only`` names the consumers to run. Any number of drains may run concurrently, in any process. A drain
    that is killed leaves no partial effects. With ``notifier`` the drain looks again for events that are
    committed while it runs, instead of having a run queued for them, and asks for help with a backlog.
    """
    report = DrainReport()
    deadline = time.monotonic() + seconds
    chosen = [consumer for consumer in consumers() if only is None or consumer.name in only]
    recovered_at = -RECOVER_EVERY_SECONDS
    worked = _Round()
    with crashes.in_flight_batches() as in_flight:
        while True:
            started = time.monotonic()
            if started - recovered_at >= RECOVER_EVERY_SECONDS:
                crashes.recover()
                recovered_at = started
            busy = _with_work(chosen)
            held = notifier is not None and worked.handled > 0 and bool(busy)
            if notifier is not None and held:
                notifier.hold(HOLD_SECONDS)
            worked = _run_round(busy, in_flight, report, deadline)
            if notifier is not None and (held or worked.handled):
                _gather(notifier, worked, started)
            # Nothing is waiting, or other workers have claimed all of it, or time is up.
            if not report.finished or not (worked.handled or held):
                return report


def run_batch(consumer: Consumer, in_flight: crashes.InFlightBatches) -> BatchOutcome[DeliveryClaim]:
    """Claim and run one batch. The outcome is empty if nothing could be claimed.

    If time runs out in the middle of a batch, its deliveries run in smaller batches, as after a crash.
    """
    with platform_context():
        claimed = claims.claim(consumer)
        if not claimed:
            return BatchOutcome()
        batch_id = in_flight.record(consumer, [claim.delivery_id for claim in claimed])
        outcome = apply_batch(
            claimed,
            lambda part: _handle(consumer, part),
            order_key=(lambda claim: claim.key) if consumer.ordered else None,
        )
        settle(consumer, outcome)
        in_flight.remove(batch_id)
    return outcome


def _run_round(
    busy: list[Consumer], in_flight: crashes.InFlightBatches, report: DrainReport, deadline: float
) -> _Round:
    """Run one batch of each consumer."""
    worked = _Round()
    for consumer in busy:
        outcome = run_batch(consumer, in_flight)
        count = len(outcome.done) + len(outcome.failed)
        worked.handled += count
        worked.full |= count >= consumer.batch_size
        report.done += len(outcome.done)
        report.failed += len(outcome.failed)
        if time.monotonic() >= deadline:
            report.finished = False
            break
    return worked


def _gather(notifier: WorkerNotifier, worked: _Round, started: float) -> None:
    """Ask for help with a backlog, or let events gather for the next round. Then look for notified work again."""
    if worked.full:
        notifier.ask_for_help()
    elif worked.handled:
        notifier.hold(HOLD_SECONDS)
        time.sleep(max(0.0, started + ROUND_SECONDS - time.monotonic()))
    notifier.release()


def _with_work(chosen: list[Consumer]) -> list[Consumer]:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute(CONSUMERS_WITH_WORK, [[consumer.name for consumer in chosen]])
        busy = {name for (name,) in cursor.fetchall()}
    return [consumer for consumer in chosen if consumer.name in busy]


def _handle(consumer: Consumer, claimed: Sequence[DeliveryClaim]) -> None:
    events = [claim.event for claim in claimed]
    if not consumer.per_tenant:
        consumer.handler(Batch(tuple(events)))
        return
    by_tenant = sorted(events, key=lambda event: event.tenant_id)
    for tenant_id, own in groupby(by_tenant, key=lambda event: event.tenant_id):
        with tenant_context(tenant_id):
            consumer.handler(Batch(tuple(own)))
