"""Settle the credits of calls whose end was recorded without it, and of those whose usage nobody told in time."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from billing.usage.services import held
from lad.tenancy.context import read_across_tenants, tenant_context
from voice.calls.models import CallLog
from voice.charging import services, settling
from voice.dialer.models import CallPlacement, PlacementState
from voice.features import VOICE_AGENT
from voice.statuses import CALL_FINISHED

# The agent's report and the carrier's price come within so long after the end.
USAGE_COMES_WITHIN: Final = timedelta(minutes=3)
# A call that waits so long is held again before it is placed.
WAITS_TOO_LONG: Final = timedelta(minutes=10)
BATCH_SIZE: Final = 200
# A use that is held is pending and has no time of its next charge.
MISSED: Final = """
WITH held AS MATERIALIZED (
    SELECT tenant_id, substr(external_reference_id, 6)::uuid AS call_id, created_at FROM billing_usage_events
    WHERE status = 'pending' AND next_charge_at IS NULL AND feature_key = %s
        AND idempotency_key LIKE 'held:call:%%' AND created_at < %s
)
SELECT held.tenant_id, held.call_id FROM held LEFT JOIN voice_call_placements AS placement
    ON placement.tenant_id = held.tenant_id AND placement.call_log_id = held.call_id
LEFT JOIN voice_call_logs AS call ON call.tenant_id = placement.tenant_id AND call.id = placement.call_log_id
WHERE (placement.id IS NULL AND held.created_at < %s)
    OR (placement.state = 'settled' AND placement.updated_at < %s AND call.status = ANY(%s))
    OR (placement.state = 'queued' AND placement.updated_at < %s)
ORDER BY held.created_at LIMIT %s
"""


def settle_missed(*, now: datetime | None = None) -> int:
    """Charge or release what is still held for calls that are over or wait. Return how many there were.

    Call it outside any scope. Several may run at once.
    """
    now = now or timezone.now()
    late, long_ago = now - USAGE_COMES_WITHIN, now - WAITS_TOO_LONG
    total = 0
    while True:
        values = [VOICE_AGENT, late, long_ago, late, list(CALL_FINISHED), long_ago, BATCH_SIZE]
        found = read_across_tenants(MISSED, values)
        settled = 0
        for tenant_id, call_id in found:
            with tenant_context(tenant_id):
                settled += _settle(call_id, now)
        total += settled
        if len(found) < BATCH_SIZE or not settled:
            return total


def _settle(call_id: UUID, now: datetime) -> bool:
    """Settle one call, unless somebody else is busy with it."""
    call = CallLog.objects.filter(pk=call_id).first()
    rows = CallPlacement.objects.filter(call_log=call_id)
    placement = rows.select_for_update(no_key=True, skip_locked=True).first()
    if placement is None and rows.exists():
        return False
    if call is None or placement is None:
        held.settle_many(used=[], unused=[settling.reference_of(call_id)], reason=services.NOT_PLACED, now=now)
        return True
    if placement.state == PlacementState.QUEUED:
        services.release([placement], now=now)
    elif placement.state == PlacementState.SETTLED and call.is_finished:
        services.settle(call, placement, now=now)
    else:
        return False
    return True
