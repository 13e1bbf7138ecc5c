"""Deliver finished events again, and retry or discard dead letters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Final
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import QuerySet

from lad.outbox import settlement
from lad.outbox.claims import lock_slots
from lad.outbox.consumers import Consumer, consumer_named, consumers
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.outbox.notifier import drain_notifier
from lad.tenancy.context import platform_context

EVENTS_PER_TRANSACTION: Final = 1_000

log = structlog.get_logger("lad.outbox")

DELIVER_AGAIN = """
INSERT INTO event_deliveries (event_id, tenant_id, consumer, aggregate_id, slot, created_at)
SELECT event_id, tenant_id, consumer, aggregate_id, slot, clock_timestamp()
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::int[]) WITH ORDINALITY
    AS delivery(event_id, tenant_id, consumer, aggregate_id, slot, position)
ORDER BY position
ON CONFLICT (tenant_id, event_id, consumer) DO NOTHING
RETURNING event_id
"""


class UnknownConsumer(LookupError):
    """No consumer of this name is registered."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to replay: those that meet all conditions. A ``type_prefix`` is ``tenants.invitation.``, say."""

    ids: tuple[UUID, ...] = ()
    type_prefix: str = ""
    tenant_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def apply(self, rows: QuerySet[DomainEvent]) -> QuerySet[DomainEvent]:
        """Return the rows that meet the conditions."""
        if self.ids:
            rows = rows.filter(pk__in=self.ids)
        if self.type_prefix:
            rows = rows.filter(event_type__startswith=self.type_prefix)
        if self.tenant_id:
            rows = rows.filter(tenant_id=self.tenant_id)
        if self.since:
            rows = rows.filter(created_at__gte=self.since)
        if self.until:
            rows = rows.filter(created_at__lt=self.until)
        return rows


def replay(events: EventFilter | Iterable[UUID], *, consumer: str | None = None, dry_run: bool = False) -> int:
    """Deliver the events again, to one consumer or to all subscribers. Return the number of deliveries.

    An open delivery is left alone and a dead one is retried, so that replaying twice equals replaying once.
    Each transaction takes a thousand events, oldest first. Raises UnknownConsumer.
    """
    chosen = _chosen(consumer)
    wanted = events if isinstance(events, EventFilter) else EventFilter(ids=tuple(events))
    with platform_context():
        # UUIDv7 keys are in the order of creation.
        keys = list(wanted.apply(DomainEvent.objects.all()).order_by("pk").values_list("pk", flat=True))
    if not isinstance(events, EventFilter) and not wanted.ids:
        return 0
    count = 0
    for chunk in _chunks(keys):
        with platform_context():
            count += _replay(chunk, chosen, dry_run=dry_run)
    if count and not dry_run:
        log.info("events replayed", deliveries=count, consumer=consumer or "all")
    return count


def retry_dead(deliveries: Iterable[int]) -> int:
    """Give dead letters a fresh set of attempts. Return how many were retried."""
    with platform_context():
        rows = list(_dead(deliveries))
        for name, own in _by_consumer(rows):
            _lock(name, own)
        count: int = EventDelivery.objects.filter(pk__in=[row.pk for row in rows], state=DeliveryState.DEAD).update(
            state=DeliveryState.READY, attempts=0, next_attempt_at=None
        )
        drain_notifier.notify_on_commit()
    return count


def discard_dead(deliveries: Iterable[int]) -> int:
    """Discard dead letters for good and release what waited behind them. Return how many were discarded."""
    with platform_context():
        rows = list(_dead(deliveries))
        for name, own in _by_consumer(rows):
            _lock(name, own)
            settlement.finish([row.pk for row in own], event_ids=[row.event_id for row in own])
            settlement.unpark(name, {row.aggregate_id for row in own})
            log.warning("dead letters discarded", consumer=name, events=[str(row.event_id) for row in own])
        drain_notifier.notify_on_commit()
    return len(rows)


def _chosen(name: str | None) -> list[Consumer]:
    if name is None:
        return consumers()
    consumer = consumer_named(name)
    if consumer is None:
        known = ", ".join(each.name for each in consumers())
        raise UnknownConsumer(f"There is no consumer {name!r}. Consumers: {known}.")
    return [consumer]


def _chunks(keys: list[UUID]) -> Iterator[list[UUID]]:
    rest = iter(keys)
    while chunk := list(islice(rest, EVENTS_PER_TRANSACTION)):
        yield chunk


def _replay(keys: list[UUID], chosen: list[Consumer], *, dry_run: bool) -> int:
    events = DomainEvent.objects.filter(pk__in=keys).order_by("pk")
    pairs = [(event, consumer) for event in events for consumer in chosen if consumer.wants(event.event_type)]
    if dry_run:
        return len(pairs)
    dead = EventDelivery.objects.filter(
        event_id__in=keys, consumer__in=[consumer.name for consumer in chosen], state=DeliveryState.DEAD
    )
    retried = retry_dead(dead.values_list("pk", flat=True))
    keyed = [(event, consumer, event.aggregate_id or event.pk) for event, consumer in pairs]
    with connection.cursor() as cursor:
        cursor.execute(
            DELIVER_AGAIN,
            [
                [event.pk for event, _consumer, _key in keyed],
                [event.tenant_id for event, _consumer, _key in keyed],
                [consumer.name for _event, consumer, _key in keyed],
                [key for _event, _consumer, key in keyed],
                [consumer.slot(key) for _event, consumer, key in keyed],
            ],
        )
        again = [event_id for (event_id,) in cursor.fetchall()]
    DomainEvent.objects.filter(pk__in=again).update(processed=False, processed_at=None)
    drain_notifier.notify_on_commit()
    return retried + len(again)


def _dead(deliveries: Iterable[int]) -> QuerySet[EventDelivery]:
    return EventDelivery.objects.filter(pk__in=list(deliveries), state=DeliveryState.DEAD).order_by("consumer", "pk")


def _by_consumer(rows: list[EventDelivery]) -> Iterator[tuple[str, list[EventDelivery]]]:
    for name, own in groupby(rows, key=lambda row: row.consumer):
        yield name, list(own)


def _lock(name: str, rows: list[EventDelivery]) -> None:
    consumer = consumer_named(name)
    if consumer is not None and consumer.ordered:
        lock_slots(consumer, {row.slot for row in rows})
