"""Report on the outbox: how far each consumer is behind, what is dead and why, what an event waits for.

Functions read in the caller's scope: the platform sees all tenants, a tenant its own events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lad.db.queries import rows
from lad.outbox.consumers import consumer_named, consumers
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.outbox.settlement import MAX_ATTEMPTS
from lad.tenancy.context import require_scope
from lad.times import DATE_AND_SECONDS, written


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """One consumer's queue. ``lag`` is the age of the oldest delivery that could run now, or None.

    ``ready`` deliveries can run, ``retrying`` ones wait for the next attempt, ``parked`` ones wait behind a
    failed event of the same aggregate, ``dead`` ones need a person. ``registered`` is false for a consumer
    that the code no longer has.
    """

    name: str
    description: str
    registered: bool
    ordered: bool
    ready: int
    retrying: int
    parked: int
    dead: int
    lag: timedelta | None


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Dead letters of one consumer with the same error, apart from numbers and ids in its text."""

    consumer: str
    error: str
    event_types: Sequence[str]
    count: int
    first_at: datetime
    last_at: datetime
    delivery_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The state of one event for one consumer. ``blocked_by`` is the delivery it is parked behind."""

    delivery_id: int
    consumer: str
    state: str
    attempts: int
    max_attempts: int
    next_attempt_at: datetime | None
    last_error: str
    blocked_by: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxOverview:
    """Totals for the dashboard. ``oldest_lag`` is that of the slowest consumer; ``running`` counts batches."""

    ready: int
    retrying: int
    parked: int
    dead: int
    oldest_lag: timedelta | None
    running: int


STATUS = """
SELECT consumer,
       count(*) FILTER (WHERE state = 'ready'),
       count(*) FILTER (WHERE state = 'waiting' AND next_attempt_at IS NOT NULL),
       count(*) FILTER (WHERE state = 'waiting' AND next_attempt_at IS NULL),
       count(*) FILTER (WHERE state = 'dead'),
       clock_timestamp() - min(CASE
           WHEN state = 'ready' THEN created_at
           WHEN state = 'waiting' AND next_attempt_at <= clock_timestamp() THEN next_attempt_at
       END)
FROM event_deliveries GROUP BY consumer
"""

# Dead letters of one cause differ in numbers, ids and quoted values.
FINGERPRINT = r"""regexp_replace(d.last_error, '[0-9a-f]{8}-[0-9a-f-]{27}|\d+|''[^'']*''', '…', 'g')"""

DEAD_GROUPS = f"""
SELECT d.consumer, {FINGERPRINT} AS error, array_agg(DISTINCT e.event_type ORDER BY e.event_type), count(*),
       min(e.created_at), max(e.created_at), array_agg(d.id ORDER BY d.id)
FROM event_deliveries d JOIN domain_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.state = 'dead'
GROUP BY d.consumer, error ORDER BY count(*) DESC, d.consumer
"""


def consumer_statuses() -> list[ConsumerStatus]:
    """Return every consumer that is registered or still has deliveries, sorted by name."""
    counted = {name: figures for name, *figures in rows(STATUS)}
    names = sorted({consumer.name for consumer in consumers()} | set(counted))
    return [_status(name, counted.get(name) or [0, 0, 0, 0, None]) for name in names]


def overview() -> OutboxOverview:
    """Return the totals over all consumers."""
    statuses = consumer_statuses()
    [(running,)] = rows("SELECT count(*) FROM event_batches") if require_scope().platform else [(0,)]
    return OutboxOverview(
        ready=sum(status.ready for status in statuses),
        retrying=sum(status.retrying for status in statuses),
        parked=sum(status.parked for status in statuses),
        dead=sum(status.dead for status in statuses),
        oldest_lag=max((status.lag for status in statuses if status.lag is not None), default=None),
        running=running,
    )


def dead_groups() -> list[DeadGroup]:
    """Return dead letters grouped by consumer and error, largest group first."""
    return [DeadGroup(*row) for row in rows(DEAD_GROUPS)]


def why_waiting(event_id: UUID) -> list[DeliveryStatus]:
    """Return the event's open deliveries and what each waits for."""
    return [
        _delivery_status(delivery) for delivery in EventDelivery.objects.filter(event_id=event_id).order_by("consumer")
    ]


def explain(delivery: EventDelivery) -> DeliveryStatus:
    """Return the state of one delivery and what it waits for."""
    return _delivery_status(delivery)


def timeline(aggregate_id: UUID, *, limit: int = 100) -> list[DomainEvent]:
    """Return the latest events of one aggregate, newest first."""
    return list(DomainEvent.objects.filter(aggregate_id=aggregate_id).order_by("-created_at", "-id")[:limit])


def _status(name: str, figures: Sequence[Any]) -> ConsumerStatus:
    consumer = consumer_named(name)
    ready, retrying, parked, dead, lag = figures
    return ConsumerStatus(
        name=name,
        description=consumer.description if consumer else "",
        registered=consumer is not None,
        ordered=bool(consumer and consumer.ordered),
        ready=ready,
        retrying=retrying,
        parked=parked,
        dead=dead,
        lag=lag,
    )


def _delivery_status(delivery: EventDelivery) -> DeliveryStatus:
    blocked_by = _blocked_by(delivery)
    return DeliveryStatus(
        delivery_id=delivery.pk,
        consumer=delivery.consumer,
        state=delivery.state,
        attempts=delivery.attempts,
        max_attempts=MAX_ATTEMPTS,
        next_attempt_at=delivery.next_attempt_at,
        last_error=delivery.last_error,
        blocked_by=blocked_by,
        reason=_reason(delivery, blocked_by),
    )


def _blocked_by(delivery: EventDelivery) -> int | None:
    """Return the aggregate's first open delivery if it precedes this one."""
    consumer = consumer_named(delivery.consumer)
    if consumer is None or not consumer.ordered:
        return None
    first = (
        EventDelivery.objects.filter(consumer=delivery.consumer, aggregate_id=delivery.aggregate_id, pk__lt=delivery.pk)
        .order_by("pk")
        .values_list("pk", flat=True)
        .first()
    )
    return int(first) if first is not None else None


def _reason(delivery: EventDelivery, blocked_by: int | None) -> str:
    if consumer_named(delivery.consumer) is None:
        return f"The consumer {delivery.consumer} is not registered: deploy it or discard the delivery."
    if delivery.state == DeliveryState.DEAD:
        return f"Gave up after {delivery.attempts} attempts: {delivery.last_error}"
    if blocked_by is not None:
        return f"Waits for delivery {blocked_by}, an earlier event of the same {delivery.event.aggregate_type}."
    if delivery.next_attempt_at is not None:
        moment = written(delivery.next_attempt_at, DATE_AND_SECONDS)
        return f"Attempt {delivery.attempts} failed ({delivery.last_error}); the next is due at {moment}."
    if delivery.batch_limit is not None:
        return f"Its worker died. Ready to run again in a batch of at most {delivery.batch_limit}."
    return "Ready: the next free worker runs it."
