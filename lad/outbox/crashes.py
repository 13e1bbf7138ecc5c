"""What a worker leaves behind when it is killed in the middle of a batch.

Before a handler runs, a row naming the batch is committed through a second connection, and removed in
the transaction of the effects. That transaction holds an advisory lock named after the row, so a row
whose lock is free belongs to a worker that died. Deliveries that died in company run in ever smaller
batches; one that died alone is to blame and has an attempt counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from lad.db.identifiers import uuid7
from lad.outbox import settlement
from lad.outbox.consumers import Consumer
from lad.outbox.sql import execute, rows
from lad.tenancy.context import PLATFORM_ROLE, platform_context

# How much smaller the next batch is: a batch of 200 comes down to one in three crashes.
SHRINK_BY = 8
ONE_AT_A_TIME = 1
KILLED = "WorkerLost: the worker died while it ran this event alone."

log = structlog.get_logger("lad.outbox")


class BatchMarks:
    """Writes the marks of one drain."""

    def __init__(self, aside: Any) -> None:
        self._aside = aside

    def put(self, consumer: Consumer, delivery_ids: list[int]) -> UUID | None:
        """Commit a mark for the batch that the current transaction is about to run."""
        if self._aside is None:
            return None
        mark = uuid7()
        execute("SELECT pg_advisory_xact_lock(%s)", [_lock_key(mark)])
        with self._aside.cursor() as cursor:
            # One round trip; the login itself may write nothing.
            cursor.execute(
                f"BEGIN; SET LOCAL ROLE {PLATFORM_ROLE};"
                "INSERT INTO event_batches (id, consumer, delivery_ids) VALUES (%s, %s, %s::bigint[]); COMMIT",
                [mark, consumer.name, delivery_ids],
            )
        return mark

    def clear(self, mark: UUID | None) -> None:
        """Remove the mark together with the effects, when the current transaction commits."""
        if mark is not None:
            execute("DELETE FROM event_batches WHERE id = %s", [mark])


@contextmanager
def batch_marks() -> Iterator[BatchMarks]:
    """Marks for as long as a drain runs. Inside somebody's own transaction there is no worker to lose, hence none."""
    if connection.in_atomic_block:
        yield BatchMarks(None)
        return
    aside = connection.copy()
    try:
        yield BatchMarks(aside)
    finally:
        aside.close()


def recover() -> int:
    """Deal with the batches of workers that died; returns how many there were."""
    with platform_context():
        lost = [
            (mark, consumer, ids)
            for mark, consumer, ids in rows("SELECT id, consumer, delivery_ids FROM event_batches", [])
            if rows("SELECT pg_try_advisory_xact_lock(%s)", [_lock_key(mark)]) == [(True,)]
            # Finished between the two looks: then the batch went well.
            and rows("DELETE FROM event_batches WHERE id = %s RETURNING id", [mark])
        ]
        for _mark, consumer, ids in lost:
            log.warning("batch lost its worker", consumer=consumer, deliveries=len(ids))
            _blame(ids)
    return len(lost)


def _blame(delivery_ids: list[int]) -> None:
    if len(delivery_ids) > 1:
        smaller = max(len(delivery_ids) // SHRINK_BY, ONE_AT_A_TIME)
        execute("UPDATE event_deliveries SET batch_limit = %s WHERE id = ANY(%s)", [smaller, delivery_ids])
        return
    found = rows(
        "SELECT id, attempts, event_id FROM event_deliveries WHERE id = ANY(%s) AND state <> 'dead' FOR UPDATE",
        [delivery_ids],
    )
    for delivery_id, attempts, event_id in found:
        settlement.record_failures([(delivery_id, attempts, KILLED)])
        settlement.count_retries([event_id])
        # It keeps running alone: beside others it would take them along.
        execute("UPDATE event_deliveries SET batch_limit = %s WHERE id = %s", [ONE_AT_A_TIME, delivery_id])


def _lock_key(mark: UUID) -> int:
    return int.from_bytes(mark.bytes[8:], signed=True)
