"""Running what is waiting: one transaction claims a batch, applies its effects and removes its deliveries."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from lad.outbox import claims, crashes
from lad.outbox.claims import Claim
from lad.outbox.consumers import Batch, Consumer, consumers
from lad.outbox.settlement import Failure, Outcome, describe, settle
from lad.tenancy.context import platform_context, tenant_context

DRAIN_SECONDS: Final = 20.0
RECOVER_EVERY_SECONDS: Final = 1.0

WITH_WORK = """
SELECT name FROM unnest(%s::text[]) AS consumer(name)
WHERE EXISTS (SELECT 1 FROM event_deliveries WHERE consumer = name AND state = 'ready')
   OR EXISTS (SELECT 1 FROM event_deliveries
              WHERE consumer = name AND state = 'waiting' AND next_attempt_at <= statement_timestamp())
"""


@dataclass(slots=True)
class DrainReport:
    """What one drain did. ``finished`` is false when time ran out first."""

    done: int = 0
    failed: int = 0
    finished: bool = True


def drain(*, seconds: float = DRAIN_SECONDS, only: Collection[str] | None = None) -> DrainReport:
    """Run deliveries until none is left to take or the time is up.

    ``only`` names the consumers to run. Any number of drains may run at once, in any process; one
    that is killed leaves nothing half done.
    """
    report = DrainReport()
    deadline = time.monotonic() + seconds
    chosen = [consumer for consumer in consumers() if only is None or consumer.name in only]
    recovered_at = -RECOVER_EVERY_SECONDS
    with crashes.batch_marks() as marks:
        while True:
            if time.monotonic() - recovered_at >= RECOVER_EVERY_SECONDS:
                crashes.recover()
                recovered_at = time.monotonic()
            handled = 0
            for consumer in _with_work(chosen):
                outcome = run_batch(consumer, marks)
                handled += len(outcome.done) + len(outcome.failed)
                report.done += len(outcome.done)
                report.failed += len(outcome.failed)
                if time.monotonic() >= deadline:
                    report.finished = False
                    return report
            # Nothing handled: nothing is there, or other workers hold all of it.
            if not handled:
                return report


def run_batch(consumer: Consumer, marks: crashes.BatchMarks) -> Outcome:
    """Claim and run one batch; the outcome is empty when there was nothing to take."""
    outcome = Outcome()
    with platform_context():
        claimed = claims.claim(consumer)
        if claimed:
            mark = marks.put(consumer, [claim.delivery_id for claim in claimed])
            _run(consumer, claimed, outcome)
            settle(consumer, outcome)
            marks.clear(mark)
    return outcome


def _with_work(chosen: list[Consumer]) -> list[Consumer]:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute(WITH_WORK, [[consumer.name for consumer in chosen]])
        busy = {name for (name,) in cursor.fetchall()}
    return [consumer for consumer in chosen if consumer.name in busy]


def _run(consumer: Consumer, claimed: list[Claim], outcome: Outcome) -> None:
    """Run the claims together; when that fails, halve them until only the poison is left out."""
    if consumer.ordered:
        claimed = [claim for claim in claimed if claim.key not in outcome.blocked]
    if not claimed:
        return
    try:
        with transaction.atomic():
            _handle(consumer, claimed)
            # Keys checked at commit would fail there, where nothing can be told apart any more.
            _check_keys()
    except Exception as error:
        if _is_disconnected():
            raise
        if len(claimed) == 1:
            outcome.failed.append(Failure(claimed[0], describe(error)))
            return
        if isinstance(error, SoftTimeLimitExceeded):
            # No time to halve: as after a crash, its deliveries will run in smaller batches.
            raise
        middle = len(claimed) // 2
        _run(consumer, claimed[:middle], outcome)
        _run(consumer, claimed[middle:], outcome)
    else:
        outcome.done += claimed


def _handle(consumer: Consumer, claimed: list[Claim]) -> None:
    events = [claim.event for claim in claimed]
    if not consumer.per_tenant:
        consumer.handler(Batch(tuple(events)))
        return
    by_tenant = sorted(events, key=lambda event: event.tenant_id)
    for tenant_id, own in groupby(by_tenant, key=lambda event: event.tenant_id):
        with tenant_context(tenant_id):
            consumer.handler(Batch(tuple(own)))


def _check_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _is_disconnected() -> bool:
    return connection.connection is None or connection.connection.closed or not connection.in_atomic_block
