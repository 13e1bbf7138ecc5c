"""Record how a batch went: remove finished deliveries, reschedule failed ones, update events."""

import random
from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

import structlog

from lad.batches import BatchOutcome
from lad.db.queries import execute, rows
from lad.observability import mask_text
from lad.outbox.claims import DeliveryClaim
from lad.outbox.consumers import Consumer

MAX_ATTEMPTS: Final = 10
FIRST_DELAY_SECONDS: Final = 2.0
MAX_DELAY_SECONDS: Final = 3600.0
MAX_ERROR_LENGTH: Final = 2_000

log = structlog.get_logger("lad.outbox")

FAIL = """
UPDATE event_deliveries d
SET attempts = d.attempts + 1, batch_limit = NULL, state = f.state, last_error = f.error,
    next_attempt_at = CASE WHEN f.state = 'waiting' THEN clock_timestamp() + f.delay * interval '1 second' END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::float8[]) AS f(id, state, error, delay)
WHERE d.id = f.id
"""

# Locked in key order, so that two consumers that fail on the same events do not deadlock.
COUNT_RETRIES = """
UPDATE domain_events e SET retry_count = e.retry_count + 1
FROM (SELECT id FROM domain_events WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) AS failed
WHERE e.id = failed.id
"""

# One statement. Its DELETE is not visible to its UPDATE, which therefore leaves out the deliveries it removes.
# Events that another transaction is marking are skipped. A subquery with locks runs once only if it is materialized:
# with outdated statistics the planner would run it for each event again.
FINISH = """
WITH batch AS (
    DELETE FROM event_batches WHERE id = %(batch)s
), finished AS (
    DELETE FROM event_deliveries WHERE id = ANY(%(deliveries)s)
), complete AS MATERIALIZED (
    SELECT e.id FROM domain_events e
    WHERE e.id = ANY(%(events)s) AND NOT e.processed AND NOT EXISTS (
        SELECT 1 FROM event_deliveries d
        WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id AND d.id <> ALL(%(deliveries)s)
    )
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE domain_events event SET processed = true, processed_at = clock_timestamp()
FROM complete WHERE event.id = complete.id
RETURNING event.id
"""

UNPARK = """
UPDATE event_deliveries SET state = 'ready'
WHERE consumer = %s AND aggregate_id = ANY(%s) AND state = 'waiting' AND next_attempt_at IS NULL
"""


def settle(
    consumer: Consumer, outcome: BatchOutcome[DeliveryClaim], *, batch_id: UUID, unmarked: Collection[UUID] = ()
) -> set[UUID]:
    """Record how the batch went, in the transaction of its effects. Return its events that are not processed yet.

    ``unmarked`` are those of the batch before: if their other consumers have finished since, mark them now.
    """
    if outcome.failed:
        _settle_failed(consumer, outcome)
    done = {claim.event.id for claim in outcome.done}
    marked = finish(
        [claim.delivery_id for claim in outcome.done], event_ids=[*done, *(set(unmarked) - done)], batch_id=batch_id
    )
    if outcome.done and consumer.ordered:
        blocked = {failure.item.key for failure in outcome.failed}
        unpark(consumer.name, {claim.key for claim in outcome.done} - blocked)
    return done - marked


def finish(delivery_ids: list[int], *, event_ids: list[UUID], batch_id: UUID | None = None) -> set[UUID]:
    """Delete deliveries that are finished or discarded, and the row of their batch.

    Mark those of the events that have no other delivery, and return them.
    """
    return {
        event_id for (event_id,) in rows(FINISH, {"deliveries": delivery_ids, "events": event_ids, "batch": batch_id})
    }


def _settle_failed(consumer: Consumer, outcome: BatchOutcome[DeliveryClaim]) -> None:
    failures = [(failure.item, describe(failure.error)) for failure in outcome.failed]
    record_failures([(claim.delivery_id, claim.attempts, reason) for claim, reason in failures])
    count_retries(claim.event.id for claim, _reason in failures)
    for claim, reason in failures:
        log.warning(
            "event failed",
            consumer=consumer.name,
            event_id=str(claim.event.id),
            type=claim.event.type,
            attempt=claim.attempts + 1,
            reason=reason,
        )


def describe(error: BaseException) -> str:
    """Return the error as text for staff, without secrets."""
    text = f"{type(error).__name__}: {error}".strip()[:MAX_ERROR_LENGTH]
    return mask_text(text)


def delay_after(attempts: int) -> float:
    """Return the seconds until the next attempt. Full jitter spreads deliveries that failed together."""
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempts)
    return random.uniform(0, longest)  # noqa: S311  (spreads load, no secret)


def record_failures(failures: Collection[tuple[int, int, str]]) -> None:
    """Count an attempt of each (delivery id, earlier attempts, error). The last attempt makes a dead letter."""
    states = ["dead" if attempts + 1 >= MAX_ATTEMPTS else "waiting" for _id, attempts, _error in failures]
    execute(
        FAIL,
        [
            [delivery_id for delivery_id, _attempts, _error in failures],
            states,
            [error for _id, _attempts, error in failures],
            [delay_after(attempts) for _id, attempts, _error in failures],
        ],
    )


def count_retries(event_ids: Iterable[UUID]) -> None:
    """Count one failed attempt of each event."""
    execute(COUNT_RETRIES, [list(event_ids)])


def unpark(consumer: str, aggregates: Collection[UUID]) -> None:
    """Make parked deliveries of these aggregates ready again."""
    if aggregates:
        execute(UNPARK, [consumer, list(aggregates)])
