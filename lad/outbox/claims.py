"""Choosing what to run next: fair across tenants, in order within an aggregate, never the same thing twice.

Whoever changes the state of a delivery of an ordered consumer holds the lock of its slot; so while a
worker holds a slot, what it sees there stays as it is.
"""

import json
import random
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from uuid import UUID

from lad.outbox.consumers import UNORDERED, Consumer, Event
from lad.outbox.sql import execute, rows

# A worker leaves most slots to the others.
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

# Jumps from tenant to tenant through the index instead of reading the backlog of a noisy one.
PENDING_LANES = """
SELECT s.slot, lane.tenant_id
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
) AS lane
LIMIT %(limit)s
"""

TAKE = """
SELECT d.id, d.attempts, d.batch_limit, d.aggregate_id,
       e.id, e.tenant_id, e.event_type, e.aggregate_type, e.aggregate_id, e.payload, e.metadata, e.created_at
FROM unnest(%(slots)s::int[], %(tenants)s::uuid[]) AS lane(slot, tenant_id) CROSS JOIN LATERAL (
    SELECT id, attempts, batch_limit, aggregate_id, tenant_id, event_id FROM event_deliveries
    WHERE consumer = %(consumer)s AND state = 'ready' AND slot = lane.slot AND tenant_id = lane.tenant_id
    ORDER BY id LIMIT %(quota)s
    FOR UPDATE {skip}
) AS d
JOIN domain_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
"""

PROMOTE_DUE = """
UPDATE event_deliveries SET state = 'ready', next_attempt_at = NULL
WHERE id IN (
    SELECT id FROM event_deliveries
    WHERE consumer = %s AND state = 'waiting' AND next_attempt_at <= statement_timestamp() AND slot = ANY(%s)
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
"""

FIRST_HELD = """
SELECT aggregate_id, min(id) FROM event_deliveries
WHERE consumer = %s AND state <> 'ready' AND aggregate_id = ANY(%s)
GROUP BY aggregate_id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery this transaction has locked, with its event. ``key`` is what it is ordered by."""

    delivery_id: int
    attempts: int
    batch_limit: int | None
    key: UUID
    event: Event


# Where the last claim of this process ended, so that with very many tenants everyone has a turn.
_last_tenant: dict[str, UUID] = {}


def claim(consumer: Consumer) -> list[Claim]:
    """Lock the next batch of the consumer's deliveries, in the order to run them; empty when there is none to take.

    Runs inside the transaction that also applies the effects. What died with its worker comes in smaller batches.
    """
    slots = _lock_slots(consumer) if consumer.ordered else [UNORDERED]
    if not slots:
        return []
    execute(PROMOTE_DUE, [consumer.name, slots, DUE_PER_BATCH])
    while taken := _take(consumer, _lanes(consumer, slots)):
        claims = _without_blocked(consumer, taken) if consumer.ordered else taken
        if claims:
            return _small_enough(claims)
    return []


def lock_slots(consumer: Consumer, slots: set[int]) -> None:
    """Wait for these slots, so that the state of their deliveries may be changed from outside a drain."""
    for slot in sorted(slots):
        execute("SELECT pg_advisory_xact_lock(%s, %s)", [consumer.lock_key, slot])


def _lock_slots(consumer: Consumer) -> list[int]:
    pending = [slot for (slot,) in rows(PENDING_SLOTS, {"consumer": consumer.name})]
    chosen = random.sample(pending, min(len(pending), SLOTS_PER_BATCH))
    query = "SELECT slot FROM unnest(%s::int[]) AS s(slot) WHERE pg_try_advisory_xact_lock(%s, slot)"
    return [slot for (slot,) in rows(query, [chosen, consumer.lock_key])]


def _lanes(consumer: Consumer, slots: list[int]) -> list[tuple[int, UUID]]:
    """Slot and tenant of what is ready, one for each, starting after the tenant that came last."""
    after = _last_tenant.get(consumer.name, NO_TENANT)
    options = {"consumer": consumer.name, "slots": slots, "limit": consumer.batch_size}
    lanes = rows(PENDING_LANES, {**options, "after": after})
    if len(lanes) < consumer.batch_size and after != NO_TENANT:
        from_start = rows(PENDING_LANES, {**options, "after": NO_TENANT})
        lanes = list(dict.fromkeys([*lanes, *from_start]))[: consumer.batch_size]
    if lanes:
        _last_tenant[consumer.name] = max(tenant for _slot, tenant in lanes)
    return lanes


def _take(consumer: Consumer, lanes: list[tuple[int, UUID]]) -> list[Claim]:
    if not lanes:
        return []
    # Nobody but the holder of a slot touches an ordered consumer's rows; skipping one would break the order.
    query = TAKE.format(skip="" if consumer.ordered else "SKIP LOCKED")
    taken = rows(
        query,
        {
            "consumer": consumer.name,
            "slots": [slot for slot, _tenant in lanes],
            "tenants": [tenant for _slot, tenant in lanes],
            "quota": ceil(consumer.batch_size / len(lanes)),
        },
    )
    return sorted((_claim(row) for row in taken), key=lambda claim: claim.delivery_id)


def _claim(row: tuple[Any, ...]) -> Claim:
    delivery_id, attempts, batch_limit, key, *event = row
    event_id, tenant_id, kind, aggregate_type, aggregate_id, payload, metadata, created_at = event
    return Claim(
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


def _without_blocked(consumer: Consumer, claims: list[Claim]) -> list[Claim]:
    """The claims that no earlier delivery of their aggregate holds up; the others are parked.

    Parked rows leave the index of what is ready, so that a long queue behind a dead letter costs
    nothing until the dead letter is dealt with.
    """
    first_held = dict(rows(FIRST_HELD, [consumer.name, list({claim.key for claim in claims})]))
    blocked = {
        claim.delivery_id for claim in claims if claim.key in first_held and first_held[claim.key] < claim.delivery_id
    }
    if blocked:
        execute("UPDATE event_deliveries SET state = 'waiting' WHERE id = ANY(%s)", [list(blocked)])
    return [claim for claim in claims if claim.delivery_id not in blocked]


def _small_enough(claims: list[Claim]) -> list[Claim]:
    """As many from the front as none of them objects to."""
    limit = len(claims)
    for position, claim in enumerate(claims):
        limit = min(limit, claim.batch_limit or limit)
        if position >= limit:
            return claims[:position]
    return claims
