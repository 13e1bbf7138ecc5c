"""Finish batches that have nobody left to call, whatever was lost on the way."""

from typing import Final

from django.utils import timezone

from lad.tenancy.context import read_across_tenants, tenant_context
from voice.batches.services.progress import update_progress

# A batch whose last entry was left out by a worker that died before it counted it.
LEFT_OVER: Final = """
SELECT batch.tenant_id, batch.id FROM voice_call_batches batch
WHERE batch.deleted_at IS NULL AND batch.status IN ('queued', 'running') AND batch.total_calls > 0
    AND batch.created_at < statement_timestamp() - interval '1 minute'
    AND NOT EXISTS (SELECT FROM voice_call_batch_entries entry WHERE entry.tenant_id = batch.tenant_id
        AND entry.batch_id = batch.id AND entry.deleted_at IS NULL
        AND entry.status IN ('queued', 'running', 'dispatched'))
LIMIT 100
"""


def finish_batches() -> int:
    """Recount the batches without an open entry, which completes them. Return how many there were."""
    found = read_across_tenants(LEFT_OVER, [])
    for tenant_id, batch_id in found:
        with tenant_context(tenant_id):
            update_progress(batch_id=batch_id, now=timezone.now())
    return len(found)
