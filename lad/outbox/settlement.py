"""What becomes of a batch: deliveries done are removed, failed ones wait or die, events say what is true of them."""

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from lad.observability import mask_secrets
from lad.outbox.claims import Claim
from lad.outbox.consumers import Consumer
from lad.outbox.sql import execute

MAX_ATTEMPTS: Final = 10
FIRST_DELAY_SECONDS: Final = 2.0
LONGEST_DELAY_SECONDS: Final = 3600.0
ERROR_LENGTH: Final = 2_000

log = structlog.get_logger("lad.outbox")

FAIL = """
UPDATE event_deliveries d
SET attempts = d.attempts + 1, batch_limit = NULL, state = f.state, last_error = f.error,
    next_attempt_at = CASE WHEN f.state = 'waiting' THEN clock_timestamp() + f.delay * interval '1 second' END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::float8[]) AS f(id, state, error, delay)
WHERE d.id = f.id
"""

# In the order of the keys, so that two consumers that fail on the same events do not deadlock.
COUNT_RETRIES = """
UPDATE domain_events e SET retry_count = e.retry_count + 1
FROM (SELECT id FROM domain_events WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) AS failed
WHERE e.id = failed.id
"""

# A row somebody else is marking is left to the sweep.
MARK_PROCESSED = """
UPDATE domain_events SET processed = true, processed_at = clock_timestamp()
WHERE id IN (
    SELECT e.id FROM domain_events e
    WHERE e.id = ANY(%s) AND NOT e.processed AND NOT EXISTS (
        SELECT 1 FROM event_deliveries d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id
    )
    FOR NO KEY UPDATE SKIP LOCKED
)
"""

UNPARK = """
UPDATE event_deliveries SET state = 'ready'
WHERE consumer = %s AND aggregate_id = ANY(%s) AND state = 'waiting' AND next_attempt_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery whose handler raised while it ran alone."""

    claim: Claim
    error: str


@dataclass(slots=True)
class Outcome:
    """How a batch went. ``blocked`` are the aggregates whose later events must wait for a failed one."""

    done: list[Claim] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def blocked(self) -> set[UUID]:
        return {failure.claim.key for failure in self.failed}


def settle(consumer: Consumer, outcome: Outcome) -> None:
    """Write down how the batch went, in the transaction of its effects."""
    if outcome.failed:
        record_failures([(f.claim.delivery_id, f.claim.attempts, f.error) for f in outcome.failed])
        count_retries(failure.claim.event.id for failure in outcome.failed)
        for failure in outcome.failed:
            log.warning(
                "event failed",
                consumer=consumer.name,
                event_id=str(failure.claim.event.id),
                type=failure.claim.event.type,
                attempt=failure.claim.attempts + 1,
                reason=failure.error,
            )
    if outcome.done:
        remove([claim.delivery_id for claim in outcome.done])
        mark_processed([claim.event.id for claim in outcome.done])
        if consumer.ordered:
            unpark(consumer.name, {claim.key for claim in outcome.done} - outcome.blocked)


def describe(error: BaseException) -> str:
    """The error as staff see it, without secrets."""
    text = f"{type(error).__name__}: {error}".strip()[:ERROR_LENGTH]
    return str(mask_secrets(None, "", {"reason": text})["reason"])


def delay_after(attempts: int) -> float:
    """Seconds until the next attempt: full jitter, so that what failed together does not come back together."""
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempts)
    return random.uniform(0, longest)  # noqa: S311  (spreads load, no secret)


def record_failures(failures: Collection[tuple[int, int, str]]) -> None:
    """Count one more attempt of each (delivery id, attempts before, error); the last one makes a dead letter."""
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
    """One more failed attempt for each of the events."""
    execute(COUNT_RETRIES, [list(event_ids)])


def remove(delivery_ids: list[int]) -> None:
    execute("DELETE FROM event_deliveries WHERE id = ANY(%s)", [delivery_ids])


def mark_processed(event_ids: list[UUID]) -> None:
    """Mark the events that have no delivery left."""
    execute(MARK_PROCESSED, [event_ids])


def unpark(consumer: str, aggregates: Collection[UUID]) -> None:
    """Let go what was parked behind deliveries of these aggregates that are done with."""
    if aggregates:
        execute(UNPARK, [consumer, list(aggregates)])
