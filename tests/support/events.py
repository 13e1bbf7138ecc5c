"""Read the domain events that the code under test emitted."""

from typing import Any
from uuid import UUID

from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context


def events(event_type: str, tenant_id: UUID | None = None, about: UUID | None = None) -> list[DomainEvent]:
    """Return the events of one type, the oldest first; optionally of one tenant or about one row."""
    with platform_context():
        found = DomainEvent.objects.filter(event_type=event_type)
        if tenant_id is not None:
            found = found.filter(tenant=tenant_id)
        if about is not None:
            found = found.filter(aggregate_id=about)
        return list(found.order_by("created_at", "id"))


def payloads(event_type: str, about: UUID | None = None) -> list[dict[str, Any]]:
    """Return the payloads of the events of one type, the oldest first."""
    return [event.payload for event in events(event_type, about=about)]
