"""Turn writes (``lad.writes``) into events."""

from collections.abc import Sequence
from typing import Any, cast

from lad.db.models import LadModel
from lad.outbox.catalogue import change_type_name, is_announced
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import current_scope
from lad.writes import Announcement, Change


def emit_changes(announcements: Sequence[Announcement], /) -> None:
    """Emit ``<app>.<entity>.<verb>`` for rows that were written, and the table's own events, in one statement.

    The payload of the plain event names fields, never values. Use the current tenant for rows without one; emit
    no plain event outside a tenant, nor where ``announced`` is None.
    """
    events: list[NewEvent] = []
    for each in announcements:
        events += [] if each.announced is None else _plain_events(each.change, each.announced)
        events += cast("Sequence[NewEvent]", each.events)
    if events:
        emit_many(events)


def _plain_events(change: Change[Any], announced: Sequence[str]) -> list[NewEvent]:
    row, scope = change.row, current_scope()
    if not isinstance(row, LadModel) or not is_announced(type(row)):
        return []
    tenant_id = row.owning_tenant_id or (scope.tenant_id if scope else None)
    if tenant_id is None:
        return []
    payload = {"changed": sorted(announced)} if change.verb == "updated" else {}
    return [NewEvent(change_type_name(type(row), change.verb), row, payload, change.actor, tenant_id)]
