"""Who acts on events, and what they are handed."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal
from uuid import UUID

from lad.outbox.catalogue import event_type

# Consumers that keep order work on an aggregate only while they hold the lock of its slot.
SLOTS = 64
UNORDERED = -1
# About where a bigger batch stops being faster, and how much one crash makes run singly.
BATCH_SIZE = 200


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
        """The user on whose behalf it happened, if any."""
        actor = self.metadata.get("actor_id")
        return UUID(actor) if actor else None


@dataclass(frozen=True, slots=True)
class Batch:
    """Events handed to a handler at once, in the order they happened within each aggregate."""

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
        """Each aggregate once."""
        return list(dict.fromkeys(event.aggregate_id for event in self.events if event.aggregate_id))

    @property
    def tenant_ids(self) -> list[UUID]:
        """Each tenant once."""
        return list(dict.fromkeys(event.tenant_id for event in self.events))


Handler = Callable[[Batch], None]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A handler and how it wants its events."""

    name: str
    patterns: tuple[str, ...]
    handler: Handler = field(compare=False)
    ordered: bool = False
    per_tenant: bool = False
    told_only: bool = False
    batch_size: int = BATCH_SIZE

    @property
    def lock_key(self) -> int:
        """First half of the advisory locks of its slots: the name as a signed 32-bit number."""
        return zlib.crc32(self.name.encode()) - 2**31

    @property
    def description(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    def wants(self, type_name: str) -> bool:
        if self.told_only and not event_type(type_name).told:
            return False
        return any(fnmatchcase(type_name, pattern) for pattern in self.patterns)

    def slot(self, aggregate_id: UUID) -> int:
        return zlib.crc32(aggregate_id.bytes) % SLOTS if self.ordered else UNORDERED


_consumers: dict[str, Consumer] = {}


def consumes(
    types: str | Iterable[str],
    *,
    name: str,
    order: Literal["none", "aggregate"] = "none",
    scope: Literal["platform", "tenant"] = "platform",
    told_only: bool = False,
    batch_size: int = BATCH_SIZE,
) -> Callable[[Handler], Handler]:
    """Register the function as a consumer of the types; ``*`` in a type stands for anything.

    It is called with a Batch inside the transaction that removes the deliveries: what it writes to
    the database happens exactly once, and nothing it does may reach outside the database. With
    ``order="aggregate"`` events of one aggregate come one after the other, and one that keeps failing
    holds up the later ones of its aggregate. With ``scope="tenant"`` each call sees one tenant. With
    ``told_only`` types that are defined as no news stay out.
    """
    patterns = (types,) if isinstance(types, str) else tuple(types)

    def register(handler: Handler) -> Handler:
        if name in _consumers:
            raise ValueError(f"There are two consumers called {name}.")
        _consumers[name] = Consumer(
            name, patterns, handler, order == "aggregate", scope == "tenant", told_only, batch_size
        )
        subscribers.cache_clear()
        return handler

    return register


def unregister(name: str) -> None:
    """Forget a consumer; what is still to be delivered to it stays."""
    _consumers.pop(name, None)
    subscribers.cache_clear()


def consumers() -> list[Consumer]:
    """Every consumer by name."""
    return [_consumers[name] for name in sorted(_consumers)]


def consumer_named(name: str) -> Consumer | None:
    return _consumers.get(name)


@cache
def subscribers(type_name: str) -> tuple[Consumer, ...]:
    """Who gets events of the type."""
    return tuple(consumer for consumer in consumers() if consumer.wants(type_name))
