"""Settle the credits of messages whose end was recorded without it, and of messages that were deleted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from billing.usage.services import held
from campaigns.charging.services import FEATURE_KEY, NOT_SENT
from campaigns.messages.models import MessageState
from lad.tenancy.context import read_across_tenants, tenant_context

# The result of a message is written at once; what is older was missed.
MISSED_AFTER: Final = timedelta(minutes=10)
BATCH_SIZE: Final = 200
# A use that is held is pending and has no time of its next charge.
MISSED: Final = """
SELECT event.tenant_id, event.external_reference_id, message.state = 'sent'
FROM billing_usage_events AS event
LEFT JOIN messages AS message
    ON message.tenant_id = event.tenant_id AND message.id = event.external_reference_id::uuid
WHERE event.status = 'pending' AND event.next_charge_at IS NULL
    AND event.feature_key = %s AND event.idempotency_key LIKE 'held:%%' AND event.created_at < %s
    AND (message.id IS NULL OR message.state = ANY(%s))
ORDER BY event.created_at LIMIT %s
"""
ENDED: Final = (MessageState.SENT, MessageState.FAILED, MessageState.CANCELLED)


def settle_missed(*, now: datetime | None = None) -> int:
    """Charge or release the credits of messages that have ended, if that was missed. Return how many there were.

    Call it outside any scope. Several may run at once.
    """
    now = now or timezone.now()
    total = 0
    while True:
        found = read_across_tenants(MISSED, [FEATURE_KEY, now - MISSED_AFTER, list(ENDED), BATCH_SIZE])
        for tenant_id, sent, unsent in _by_tenant(found):
            with tenant_context(tenant_id):
                held.settle_many(used=sent, unused=unsent, reason=NOT_SENT, now=now)
        total += len(found)
        if len(found) < BATCH_SIZE:
            return total


def _by_tenant(rows: list[tuple[UUID, str, bool | None]]) -> Iterator[tuple[UUID, set[str], set[str]]]:
    for tenant_id in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == tenant_id]
        yield tenant_id, {row[1] for row in mine if row[2]}, {row[1] for row in mine if not row[2]}
