"""Writing events: with the change they tell of, or not at all."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from lad.db.identifiers import as_uuid, uuid7
from lad.observability import SECRET_NAME
from lad.outbox import notifier as hints
from lad.outbox.catalogue import EventType, entity_of, event_type
from lad.outbox.consumers import subscribers
from lad.tenancy.context import NoTenant, current_request_id, current_scope, current_user_id

MAX_PAYLOAD_BYTES: Final = 16_384
EVENTS_PER_STATEMENT: Final = 1_000

# Event and deliveries in one statement. Deliveries are numbered in the order of the events.
INSERT = """
WITH written AS (
    INSERT INTO domain_events
        (id, tenant_id, event_type, aggregate_type, aggregate_id, payload, metadata,
         processed, processed_at, created_at)
    SELECT id, tenant_id, event_type, aggregate_type, aggregate_id, payload::jsonb, metadata::jsonb,
           NOT wanted, CASE WHEN NOT wanted THEN clock_timestamp() END, clock_timestamp()
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::bool[])
        AS event(id, tenant_id, event_type, aggregate_type, aggregate_id, payload, metadata, wanted)
)
INSERT INTO event_deliveries (event_id, tenant_id, consumer, aggregate_id, slot, created_at)
SELECT event_id, tenant_id, consumer, aggregate_id, slot, clock_timestamp()
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::int[]) WITH ORDINALITY
    AS delivery(event_id, tenant_id, consumer, aggregate_id, slot, position)
ORDER BY position
"""


_quiet: ContextVar[bool] = ContextVar("lad_outbox_quiet", default=False)


class NotInTransaction(RuntimeError):
    """An event was emitted outside a transaction, where it could be lost or told of a change that never was."""


class InvalidPayload(ValueError):
    """The payload does not hold what its event type says, or holds what no event may."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written. ``aggregate`` is the row it is about; without a row give type and id, or neither.

    The tenant is ``tenant_id``, else the aggregate's, else the current one. ``actor`` is a user or their
    id, by default the current scope's.
    """

    type: str
    aggregate: Any = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    actor: Any = None
    tenant_id: UUID | None = None
    aggregate_type: str = ""
    aggregate_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    tenant_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID | None
    payload: str
    metadata: str


@contextmanager
def quiet() -> Iterator[None]:
    """Write no events inside: for a history that is written after it happened, and is no news."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def emit(
    type: str,
    *,
    aggregate: Any = None,
    payload: Mapping[str, Any] | None = None,
    actor: Any = None,
    tenant_id: UUID | None = None,
    aggregate_type: str = "",
    aggregate_id: UUID | None = None,
) -> UUID:
    """Write one event and its deliveries inside the caller's transaction; returns the event's id.

    Lock or write the aggregate's row first: that is what puts its events in order. Raises
    NotInTransaction, NoTenant, UnknownEventType or InvalidPayload.
    """
    event = NewEvent(type, aggregate, payload or {}, actor, tenant_id, aggregate_type, aggregate_id)
    return emit_many([event])[0]


def emit_many(events: Iterable[NewEvent]) -> list[UUID]:
    """Write many events, in their order, in as few statements as their size allows."""
    if not connection.in_atomic_block:
        raise NotInTransaction("emit() was called outside a transaction: call it where the change is made.")
    if current_scope() is None:
        raise NoTenant("emit() was called outside a scope: enter tenant_context() or platform_context() first.")
    if _quiet.get():
        return [_row(event).id for event in events]
    written: list[UUID] = []
    for rows in _chunks(_row(event) for event in events):
        _insert(rows)
        written += [row.id for row in rows]
    if written:
        transaction.on_commit(hints.ring, robust=True)
    return written


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    while chunk := list(islice(rows, EVENTS_PER_STATEMENT)):
        yield chunk


def _row(event: NewEvent) -> _Row:
    kind = event_type(event.type)
    aggregate = event.aggregate
    return _Row(
        id=uuid7(),
        tenant_id=_tenant_id(event),
        type=kind.name,
        aggregate_type=event.aggregate_type or (entity_of(aggregate.__class__) if aggregate is not None else ""),
        aggregate_id=event.aggregate_id or _key_of(aggregate),
        payload=_payload(kind, event.payload),
        metadata=json.dumps(_metadata(kind, event.actor)),
    )


def _tenant_id(event: NewEvent) -> UUID:
    scope = current_scope()
    owner = event.aggregate.owning_tenant_id if event.aggregate is not None else None
    tenant_id = event.tenant_id or owner or (scope.tenant_id if scope else None)
    if tenant_id is None:
        raise NoTenant(f"{event.type} belongs to no tenant: pass tenant_id=….")
    return tenant_id


def _metadata(kind: EventType, actor: Any) -> dict[str, Any]:
    actor_key = getattr(actor, "pk", actor)
    actor_id = actor_key if isinstance(actor_key, UUID) else current_user_id()
    return {
        "version": kind.version,
        "actor_id": str(actor_id) if actor_id else None,
        "request_id": current_request_id() or None,
    }


def _key_of(aggregate: Any) -> UUID | None:
    key = getattr(aggregate, "pk", None)
    return None if key is None else as_uuid(key)


def _payload(kind: EventType, payload: Mapping[str, Any]) -> str:
    missing = set(kind.fields) - set(payload)
    unknown = set(payload) - set(kind.fields) - set(kind.optional)
    if missing or unknown:
        raise InvalidPayload(
            f"{kind.name} has a payload of ({', '.join(kind.fields + kind.optional)}); "
            f"missing: {', '.join(sorted(missing)) or 'none'}, unknown: {', '.join(sorted(unknown)) or 'none'}."
        )
    _refuse_secrets(kind, payload)
    text = json.dumps(dict(payload), cls=DjangoJSONEncoder)
    if len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise InvalidPayload(f"{kind.name} has a payload over {MAX_PAYLOAD_BYTES} bytes: send ids instead of content.")
    return text


def _refuse_secrets(kind: EventType, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if SECRET_NAME.search(str(name)):
                raise InvalidPayload(f"{kind.name} would store {name!r}, which is named like a secret.")
            _refuse_secrets(kind, item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_secrets(kind, item)


def _insert(rows: Sequence[_Row]) -> None:
    deliveries = [(row, consumer) for row in rows for consumer in subscribers(row.type)]
    # An event without an aggregate is in order with nothing but itself.
    keys = [row.aggregate_id or row.id for row, _consumer in deliveries]
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                [row.id for row in rows],
                [row.tenant_id for row in rows],
                [row.type for row in rows],
                [row.aggregate_type for row in rows],
                [row.aggregate_id for row in rows],
                [row.payload for row in rows],
                [row.metadata for row in rows],
                [bool(subscribers(row.type)) for row in rows],
                [row.id for row, _consumer in deliveries],
                [row.tenant_id for row, _consumer in deliveries],
                [consumer.name for _row, consumer in deliveries],
                keys,
                [consumer.slot(key) for (_row, consumer), key in zip(deliveries, keys, strict=True)],
            ],
        )
