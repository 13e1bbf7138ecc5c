"""What staff ask about the outbox: how far behind is it, what is dead and why, why has this not happened yet?

Every function reads inside the caller's scope: the platform's sees all tenants, a tenant's its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from lad.outbox.consumers import consumer_named, consumers
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.outbox.settlement import MAX_ATTEMPTS
from lad.outbox.sql import rows
from lad.tenancy.context import require_scope


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """One consumer's queue. ``lag`` is the age of the oldest delivery it could take now; None when it is up to date.

    ``ready`` can be taken, ``retrying`` waits out a back-off, ``parked`` waits behind a failed event of
    the same aggregate, ``dead`` needs a person. ``registered`` is false for one the code no longer has.
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
    """Dead letters of one consumer that died of the same error, numbers and ids in it aside."""

    consumer: str
    error: str
    event_types: Sequence[str]
    count: int
    first_at: datetime
    last_at: datetime
    delivery_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """Where one event stands with one consumer, and why. ``blocked_by`` is the delivery it is parked behind."""

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
    """The dashboard's figures. ``oldest_lag`` is the worst consumer's; ``running`` are batches in progress."""

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

# Numbers, ids and quoted values differ between letters that died of one cause.
FINGERPRINT = r"""regexp_replace(d.last_error, '[0-9a-f]{8}-[0-9a-f-]{27}|\d+|''[^'']*''', '…', 'g')"""

DEAD_GROUPS = f"""
SELECT d.consumer, {FINGERPRINT} AS error, array_agg(DISTINCT e.event_type ORDER BY e.event_type), count(*),
       min(e.created_at), max(e.created_at), array_agg(d.id ORDER BY d.id)
FROM event_deliveries d JOIN domain_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.state = 'dead'
GROUP BY d.consumer, error ORDER BY count(*) DESC, d.consumer
"""


def consumer_statuses() -> list[ConsumerStatus]:
    """Every consumer that is registered or still has deliveries, by name."""
    counted = {name: figures for name, *figures in rows(STATUS)}
    names = sorted({consumer.name for consumer in consumers()} | set(counted))
    return [_status(name, counted.get(name) or [0, 0, 0, 0, None]) for name in names]


def overview() -> OutboxOverview:
    """The sums over all consumers."""
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
    """Dead letters by consumer and error, the biggest first; retry_dead and discard_dead take ``delivery_ids``."""
    return [DeadGroup(*row) for row in rows(DEAD_GROUPS)]


def why_waiting(event_id: UUID) -> list[DeliveryStatus]:
    """Each consumer that has not finished with the event, and what it waits for. Empty: nobody is left."""
    return [
        _delivery_status(delivery) for delivery in EventDelivery.objects.filter(event_id=event_id).order_by("consumer")
    ]


def explain(delivery: EventDelivery) -> DeliveryStatus:
    """The same for one delivery."""
    return _delivery_status(delivery)


def timeline(aggregate_id: UUID, *, limit: int = 100) -> list[DomainEvent]:
    """The latest events of one aggregate, newest first."""
    return list(DomainEvent.objects.filter(aggregate_id=aggregate_id).order_by("-created_at", "-id")[:limit])


def _status(name: str, figures: list[Any]) -> ConsumerStatus:
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
    """The first unfinished delivery of the aggregate, when it comes before this one."""
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
        return f"No code consumes it: {delivery.consumer} is not registered. Deploy it or discard the delivery."
    if delivery.state == DeliveryState.DEAD:
        return f"Given up after {delivery.attempts} attempts: {delivery.last_error}"
    if blocked_by is not None:
        return f"Waits for delivery {blocked_by}, an earlier event of the same {delivery.event.aggregate_type}."
    if delivery.next_attempt_at is not None:
        moment = timezone.localtime(delivery.next_attempt_at).strftime("%Y-%m-%d %H:%M:%S")
        return f"Attempt {delivery.attempts} failed ({delivery.last_error}); the next is due at {moment}."
    if delivery.batch_limit is not None:
        return f"A worker died with it in its batch: it is ready to run, at most {delivery.batch_limit} at a time."
    return "Ready: a worker takes it as soon as one is free."
