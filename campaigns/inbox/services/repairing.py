"""Recompute conversations from their messages, for rows that were written without LAD's services."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from campaigns.inbox.services import keeping
from campaigns.messages.models import Message
from lad.tenancy.context import tenant_context

LEADS_AT_ONCE: Final = 1_000


def repair(tenant_id: UUID) -> int:
    """Recompute all conversations of a tenant, many leads in one transaction. Return how many there are.

    What people have decided stays: assignment, snooze, closing and labels.
    """
    count = 0
    for keys in _leads(tenant_id):
        with tenant_context(tenant_id):
            count += keeping.repeat(tenant_id=tenant_id, lead_ids=keys)
    with tenant_context(tenant_id):
        return count + keeping.repeat_strangers(tenant_id=tenant_id)


def _leads(tenant_id: UUID) -> Iterator[list[UUID]]:
    """Yield the leads with messages, some at a time, in the order of their keys."""
    last: UUID | None = None
    while True:
        with tenant_context(tenant_id):
            rows = Message.objects.filter(lead__isnull=False)
            rows = rows.filter(lead__gt=last) if last is not None else rows
            keys = list(rows.order_by("lead").values_list("lead", flat=True).distinct()[:LEADS_AT_ONCE])
        if not keys:
            return
        yield keys
        last = keys[-1]
