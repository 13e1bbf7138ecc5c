"""Recover the batches of workers that were killed.

Before a handler runs, a row that names the batch is committed through a second connection. It is removed
in the transaction of the effects, which holds an advisory lock on the row's id. A row whose lock is free
therefore belongs to a worker that died. Its deliveries run again in smaller batches; a delivery that was
alone in its batch has a failed attempt counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import structlog
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from lad.db.queries import execute, rows
from lad.outbox import settlement
from lad.outbox.claims import batch_lock
from lad.outbox.consumers import Consumer
from lad.tenancy.context import PLATFORM_ROLE, platform_context

# A batch of 200 shrinks to one delivery in three crashes.
SHRINK_FACTOR: Final = 8
ONE_AT_A_TIME: Final = 1
KILLED: Final = "WorkerLost: the worker died while it ran this event alone."

log = structlog.get_logger("lad.outbox")


class InFlightBatches:
    """Records the batches that one drain is running."""

    def __init__(self, second_connection: BaseDatabaseWrapper | None) -> None:
        self._connection = second_connection

    def record(self, batch_id: UUID, consumer: Consumer, delivery_ids: list[int]) -> None:
        """Commit a row for the batch that the current transaction is about to run. It holds the batch's lock.

        The row is removed with the effects of the batch.
        """
        if self._connection is None:
            return
        with self._connection.cursor() as cursor:
            # One round trip. Only the platform role may write here, not the login itself. A crash of PostgreSQL
            # rolls the batch back as well, so the commit need not wait for the disk.
            cursor.execute(
                f"BEGIN; SET LOCAL ROLE {PLATFORM_ROLE}; SET LOCAL synchronous_commit = off;"
                "INSERT INTO event_batches (id, consumer, delivery_ids) VALUES (%s, %s, %s::bigint[]); COMMIT",
                [batch_id, consumer.name, delivery_ids],
            )


@contextmanager
def in_flight_batches() -> Iterator[InFlightBatches]:
    """Record batches while a drain runs. Inside the caller's transaction nothing is recorded: it rolls back as one."""
    if connection.in_atomic_block:
        yield InFlightBatches(None)
        return
    second_connection = connection.copy()
    try:
        yield InFlightBatches(second_connection)
    finally:
        second_connection.close()


def recover() -> int:
    """Release the batches of workers that died and return how many there were."""
    with platform_context():
        lost = [
            (consumer, ids)
            for batch_id, consumer, ids in rows("SELECT id, consumer, delivery_ids FROM event_batches", [])
            if rows("SELECT pg_try_advisory_xact_lock(%s)", [batch_lock(batch_id)]) == [(True,)]
            # No row any more: the batch finished between the two queries.
            and rows("DELETE FROM event_batches WHERE id = %s RETURNING id", [batch_id])
        ]
        for consumer, ids in lost:
            log.warning("batch lost its worker", consumer=consumer, deliveries=len(ids))
            _limit_batches(ids)
    return len(lost)


def _limit_batches(delivery_ids: list[int]) -> None:
    """Run the deliveries in smaller batches. Count a failed attempt for one that was alone."""
    if len(delivery_ids) > 1:
        smaller = max(len(delivery_ids) // SHRINK_FACTOR, ONE_AT_A_TIME)
        execute("UPDATE event_deliveries SET batch_limit = %s WHERE id = ANY(%s)", [smaller, delivery_ids])
        return
    found = rows(
        "SELECT id, attempts, event_id FROM event_deliveries WHERE id = ANY(%s) AND state <> 'dead' FOR UPDATE",
        [delivery_ids],
    )
    for delivery_id, attempts, event_id in found:
        settlement.record_failures([(delivery_id, attempts, KILLED)])
        settlement.count_retries([event_id])
        # It stays alone: beside other deliveries it would kill their batch too.
        execute("UPDATE event_deliveries SET batch_limit = %s WHERE id = %s", [ONE_AT_A_TIME, delivery_id])
