"""Claim the deliveries to run next: fair across tenants, in order within an aggregate, each by one worker.

Aggregates of an ordered consumer are hashed into slots. Only the holder of a slot's advisory lock changes
the state of its deliveries, so a worker that holds a slot sees a stable state.
"""

import json
import random
from dataclasses import dataclass
from math import ceil
from typing import Final
from uuid import UUID

from lad.db.queries import SqlRow, execute, rows
from lad.outbox.consumers import UNORDERED, Consumer, Event

# A worker leaves most of the slots to other workers.
SLOTS_PER_BATCH: Final = 16
DUE_PER_BATCH: Final = 1_000
NO_TENANT: Final = UUID(int=0)

PENDING_SLOTS = """
WITH RECURSIVE pending(slot) AS (
    (SELECT slot FROM event_deliveries WHERE consumer = %(consumer)s AND state = 'ready' ORDER BY slot LIMIT 1)
    UNION ALL
    SELECT (SELECT d.slot FROM event_deliveries d
            WHERE d.consumer = %(consumer)s AND d.state = 'ready' AND d.slot > pending.slot ORDER BY d.slot LIMIT 1)
    FROM pending WHERE pending.slot IS NOT NULL
)
SELECT slot FROM pending WHERE slot IS NOT NULL
UNION
SELECT slot FROM event_deliveries
WHERE consumer = %(consumer)s AND state = 'waiting' AND next_attempt_at <= statement_timestamp()
"""

# One row per slot and tenant with ready deliveries. The recursion skips from tenant to tenant through the
# index instead of reading a large backlog.
TENANT_QUEUES = """
SELECT s.slot, queue.tenant_id
FROM unnest(%(slots)s::int[]) AS s(slot) CROSS JOIN LATERAL (
    WITH RECURSIVE pending(tenant_id) AS (
        (SELECT tenant_id FROM event_deliveries
         WHERE consumer = %(consumer)s AND state = 'ready' AND slot = s.slot AND tenant_id > %(after)s
         ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.tenant_id FROM event_deliveries d
                WHERE d.consumer = %(consumer)s AND d.state = 'ready' AND d.slot = s.slot
                  AND d.tenant_id > pending.tenant_id
                ORDER BY d.tenant_id LIMIT 1)
        FROM pending WHERE pending.tenant_id IS NOT NULL
    )
    SELECT tenant_id FROM pending WHERE tenant_id IS NOT NULL LIMIT %(limit)s
) AS queue
LIMIT %(limit)s
"""

# The subquery runs once and takes the lock of the batch in the same round trip.
TAKE = """
SELECT d.id, d.attempts, d.batch_limit, d.aggregate_id,
       e.id, e.tenant_id, e.event_type, e.aggregate_type, e.aggregate_id, e.payload, e.metadata, e.created_at
FROM unnest(%(slots)s::int[], %(tenants)s::uuid[]) AS queue(slot, tenant_id) CROSS JOIN LATERAL (
    SELECT id, attempts, batch_limit, aggregate_id, tenant_id, event_id FROM event_deliveries
    WHERE consumer = %(consumer)s AND state = 'ready' AND slot = queue.slot AND tenant_id = queue.tenant_id
    ORDER BY id LIMIT %(quota)s
    FOR UPDATE {skip}
) AS d
JOIN domain_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE (SELECT pg_advisory_xact_lock(%(batch_lock)s) IS NOT NULL)
"""

PROMOTE_DUE = """
WITH due AS MATERIALIZED (
    SELECT id FROM event_deliveries
    WHERE consumer = %s AND state = 'waiting' AND next_attempt_at <= statement_timestamp() AND slot = ANY(%s)
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE event_deliveries delivery SET state = 'ready', next_attempt_at = NULL FROM due WHERE delivery.id = due.id
"""

FIRST_HELD = """
SELECT aggregate_id, min(id) FROM event_deliveries
WHERE consumer = %s AND state <> 'ready' AND aggregate_id = ANY(%s)
GROUP BY aggregate_id
"""


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A delivery that this transaction has locked, with its event. Deliveries of equal ``key`` run in order."""

    delivery_id: int
    attempts: int
    batch_limit: int | None
    key: UUID
    event: Event


# The last tenant claimed by this process. The next claim starts after it, so that every tenant has a turn.
_last_tenant: dict[str, UUID] = {}


def batch_lock(batch_id: UUID) -> int:
    """Return the key of the advisory lock that a transaction holds while it runs the batch."""
    return int.from_bytes(batch_id.bytes[8:], signed=True)


def claim(consumer: Consumer, *, batch_id: UUID, retries: bool) -> list[DeliveryClaim]:
    """Lock and return the consumer's next batch of deliveries in the order to run them.

    Call it in the transaction that applies the effects; it then also holds the lock of the batch. The list is
    empty if nothing can be claimed. With ``retries`` those that are due take part. Deliveries whose worker died
    come in smaller batches.
    """
    slots = _lock_slots(consumer) if consumer.ordered else [UNORDERED]
    if not slots:
        return []
    if retries:
        execute(PROMOTE_DUE, [consumer.name, slots, DUE_PER_BATCH])
    while taken := _take(consumer, _tenant_queues(consumer, slots), batch_lock(batch_id)):
        claims = _without_blocked(consumer, taken) if consumer.ordered else taken
        if claims:
            return _within_batch_limits(claims)
    return []


def lock_slots(consumer: Consumer, slots: set[int]) -> None:
    """Wait for the locks of these slots. Code outside a drain needs them to change a delivery's state."""
    for slot in sorted(slots):
        execute("SELECT pg_advisory_xact_lock(%s, %s)", [consumer.lock_key, slot])


def _lock_slots(consumer: Consumer) -> list[int]:
    pending = [slot for (slot,) in rows(PENDING_SLOTS, {"consumer": consumer.name})]
    chosen = random.sample(pending, min(len(pending), SLOTS_PER_BATCH))
    query = "SELECT slot FROM unnest(%s::int[]) AS s(slot) WHERE pg_try_advisory_xact_lock(%s, slot)"
    return [slot for (slot,) in rows(query, [chosen, consumer.lock_key])]


def _tenant_queues(consumer: Consumer, slots: list[int]) -> list[tuple[int, UUID]]:
    """Return slot and tenant of the queues with ready deliveries, those after the last claimed tenant first."""
    after = _last_tenant.get(consumer.name, NO_TENANT)
    options = {"consumer": consumer.name, "slots": slots, "limit": consumer.batch_size}
    queues = rows(TENANT_QUEUES, {**options, "after": NO_TENANT})
    if len(queues) == consumer.batch_size and after != NO_TENANT:
        # More queues than a batch holds: read on after the last tenant.
        later = rows(TENANT_QUEUES, {**options, "after": after})
        queues = list(dict.fromkeys([*later, *queues]))[: consumer.batch_size]
    if queues:
        _last_tenant[consumer.name] = max(tenant for _slot, tenant in queues)
    return queues


def _take(consumer: Consumer, queues: list[tuple[int, UUID]], lock: int) -> list[DeliveryClaim]:
    if not queues:
        return []
    # Rows of an ordered consumer are never locked by others: the slot is ours. Skipping one would break the order.
    query = TAKE.format(skip="" if consumer.ordered else "SKIP LOCKED")
    taken = rows(
        query,
        {
            "consumer": consumer.name,
            "slots": [slot for slot, _tenant in queues],
            "tenants": [tenant for _slot, tenant in queues],
            "batch_lock": lock,
            "quota": ceil(consumer.batch_size / len(queues)),
        },
    )
    return sorted((_claim(row) for row in taken), key=lambda claim: claim.delivery_id)


def _claim(row: SqlRow) -> DeliveryClaim:
    delivery_id, attempts, batch_limit, key, *event = row
    event_id, tenant_id, kind, aggregate_type, aggregate_id, payload, metadata, created_at = event
    return DeliveryClaim(
        delivery_id,
        attempts,
        batch_limit,
        key,
        Event(
            event_id,
            tenant_id,
            kind,
            aggregate_type,
            aggregate_id,
            json.loads(payload),
            json.loads(metadata),
            created_at,
        ),
    )


def _without_blocked(consumer: Consumer, claims: list[DeliveryClaim]) -> list[DeliveryClaim]:
    """Return the claims without those that must wait for an earlier delivery of their aggregate; park those.

    Parked rows leave the index of ready deliveries, so that a long queue behind a dead letter costs
    nothing until the dead letter is retried or discarded.
    """
    held = rows(FIRST_HELD, [consumer.name, list({claim.key for claim in claims})])
    first_held: dict[UUID, int] = dict(held)
    blocked = {
        claim.delivery_id for claim in claims if claim.key in first_held and first_held[claim.key] < claim.delivery_id
    }
    if blocked:
        execute("UPDATE event_deliveries SET state = 'waiting' WHERE id = ANY(%s)", [list(blocked)])
    return [claim for claim in claims if claim.delivery_id not in blocked]


def _within_batch_limits(claims: list[DeliveryClaim]) -> list[DeliveryClaim]:
    """Return the longest start of the list that exceeds the batch limit of none of its deliveries."""
    limit = len(claims)
    for position, claim in enumerate(claims):
        limit = min(limit, claim.batch_limit or limit)
        if position >= limit:
            return claims[:position]
    return claims
