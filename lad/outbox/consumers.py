"""Register consumers of events, and the types their handlers receive."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

from lad.outbox.catalogue import event_type

# Aggregates of an ordered consumer are hashed into slots; a worker locks a slot to run its deliveries.
SLOTS: Final = 64
UNORDERED: Final = -1
# Larger batches are hardly faster, and after a crash take longer to narrow down to one delivery.
BATCH_SIZE: Final = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a consumer sees it."""

    id: UUID
    tenant_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID | None
    payload: dict[str, Any]
    metadata: dict[str, Any]
    created_at: datetime

    @property
    def actor_id(self) -> UUID | None:
        """Return the user on whose behalf it happened, if any."""
        actor = self.metadata.get("actor_id")
        return UUID(actor) if actor else None


@dataclass(frozen=True, slots=True)
class Batch:
    """Events for one call of a handler. Events of one aggregate are in the order they happened."""

    events: tuple[Event, ...]

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    @property
    def event_ids(self) -> list[UUID]:
        return [event.id for event in self.events]

    @property
    def aggregate_ids(self) -> list[UUID]:
        """Return each aggregate once."""
        return list(dict.fromkeys(event.aggregate_id for event in self.events if event.aggregate_id))

    @property
    def tenant_ids(self) -> list[UUID]:
        """Return each tenant once."""
        return list(dict.fromkeys(event.tenant_id for event in self.events))


Handler = Callable[[Batch], None]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A handler and the options it was registered with."""

    name: str
    patterns: tuple[str, ...]
    handler: Handler = field(compare=False)
    ordered: bool = False
    per_tenant: bool = False
    feed_only: bool = False
    batch_size: int = BATCH_SIZE

    @property
    def lock_key(self) -> int:
        """Return the first half of the keys of the slots' advisory locks: the name as a signed 32-bit number."""
        return zlib.crc32(self.name.encode()) - 2**31

    @property
    def description(self) -> str:
        """Return the first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    def wants(self, type_name: str) -> bool:
        """Return whether the consumer subscribes to the event type."""
        if self.feed_only and not event_type(type_name).in_feed:
            return False
        return any(fnmatchcase(type_name, pattern) for pattern in self.patterns)

    def slot(self, aggregate_id: UUID) -> int:
        """Return the slot of an aggregate, or UNORDERED."""
        return zlib.crc32(aggregate_id.bytes) % SLOTS if self.ordered else UNORDERED


_consumers: dict[str, Consumer] = {}


def consumes(
    types: str | Iterable[str],
    *,
    name: str,
    order: Literal["none", "aggregate"] = "none",
    scope: Literal["platform", "tenant"] = "platform",
    feed_only: bool = False,
    batch_size: int = BATCH_SIZE,
) -> Callable[[Handler], Handler]:
    """Register the function as a consumer of the types. ``*`` in a type stands for anything.

    The handler gets a Batch in the transaction that removes the deliveries: its writes happen exactly once,
    and it must have no effect outside the database. With ``order="aggregate"`` the events of an aggregate
    run in order, and one that keeps failing blocks the later ones. With ``scope="tenant"`` each call gets
    the events of one tenant and runs inside it. With ``feed_only`` it gets only types that appear in the
    activity feed.
    """
    patterns = (types,) if isinstance(types, str) else tuple(types)

    def register(handler: Handler) -> Handler:
        if name in _consumers:
            raise ValueError(f"The consumer {name} is registered twice.")
        _consumers[name] = Consumer(
            name, patterns, handler, order == "aggregate", scope == "tenant", feed_only, batch_size
        )
        subscribers.cache_clear()
        return handler

    return register


def unregister(name: str) -> None:
    """Remove a consumer. Its deliveries stay."""
    _consumers.pop(name, None)
    subscribers.cache_clear()


def consumers() -> list[Consumer]:
    """Return every consumer, sorted by name."""
    return [_consumers[name] for name in sorted(_consumers)]


def consumer_named(name: str) -> Consumer | None:
    """Return the consumer of this name, or None."""
    return _consumers.get(name)


@cache
def subscribers(type_name: str) -> tuple[Consumer, ...]:
    """Return the consumers that subscribe to the event type."""
    return tuple(consumer for consumer in consumers() if consumer.wants(type_name))
