"""Find the tenants, batches and calls that are due, without reading the ones that are not.

The statements jump from tenant to tenant in the indexes of waiting calls and open batches, and read only the beginning
of what waits in each. A batch of a million entries costs what one of a thousand does.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from lad.db.columns import Columns, read_related
from lad.db.queries import rows
from lad.tenancy.context import current_tenant_id, read_across_tenants
from voice.agents.models import VoiceAgent
from voice.batches.models import CallBatch
from voice.statuses import BATCH_OPEN

# Batches of one tenant that are dialled side by side. Others get their turn as these end.
MAX_BATCHES: Final = 100
BATCH: Final = Columns(CallBatch, "batch")
AGENT: Final = Columns(VoiceAgent, "agent")

_NEXT_TENANT: Final = """
    (SELECT tenant_id FROM {table} WHERE {waits} ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT tenant_id FROM {table} WHERE {waits} AND tenant_id > {name}.tenant_id ORDER BY tenant_id LIMIT 1)
    FROM {name} WHERE {name}.tenant_id IS NOT NULL
"""
_IS_CALLING: Final = "deleted_at IS NULL AND status IN ('queued', 'running') AND paused_at IS NULL"
_HAS_DUE_ENTRIES: Final = """(
    EXISTS (SELECT FROM voice_call_batch_entries entry WHERE entry.tenant_id = batch.tenant_id
        AND entry.batch_id = batch.id AND entry.status = 'queued' AND entry.deleted_at IS NULL
        AND entry.next_attempt_at <= statement_timestamp())
    OR EXISTS (SELECT FROM voice_call_batch_entries entry WHERE entry.tenant_id = batch.tenant_id
        AND entry.batch_id = batch.id AND entry.status = 'queued' AND entry.deleted_at IS NULL
        AND entry.next_attempt_at IS NULL)
)"""
_IS_DUE: Final = f"""
    batch.tenant_id = {{tenant}} AND batch.deleted_at IS NULL AND batch.status IN ('queued', 'running')
        AND batch.paused_at IS NULL AND (batch.scheduled_at IS NULL OR batch.scheduled_at <= statement_timestamp())
        AND {_HAS_DUE_ENTRIES}
"""
# A call of a batch that waits for its turn again waits for the batch too.
_DUE_PLACEMENTS: Final = """
    FROM voice_call_placements placement
    LEFT JOIN voice_call_batches batch ON batch.tenant_id = placement.tenant_id AND batch.id = placement.batch_id
    WHERE placement.tenant_id = {tenant} AND placement.state = 'queued'
        AND placement.due_at <= statement_timestamp() AND batch.paused_at IS NULL
        AND (batch.id IS NULL OR batch.status IN ('queued', 'running'))
"""
DUE_TENANTS: Final = f"""
WITH RECURSIVE waiting AS (
    {_NEXT_TENANT.format(table="voice_call_placements", name="waiting", waits="state = 'queued'")}
),
calling AS ({_NEXT_TENANT.format(table="voice_call_batches", name="calling", waits=_IS_CALLING)})
SELECT tenants.id FROM (SELECT tenant_id FROM waiting UNION SELECT tenant_id FROM calling) AS candidate
JOIN tenants ON tenants.id = candidate.tenant_id
WHERE tenants.deleted_at IS NULL AND tenants.status NOT IN ('suspended', 'cancelled')
    AND (EXISTS (SELECT {_DUE_PLACEMENTS.format(tenant="tenants.id")})
        OR EXISTS (SELECT FROM voice_call_batches batch WHERE {_IS_DUE.format(tenant="tenants.id")}))
ORDER BY random() LIMIT %s
"""
DUE_PLACEMENTS: Final = f"""
SELECT placement.id {_DUE_PLACEMENTS.format(tenant="%(tenant)s")}
    AND (placement.agent_id IS NULL OR placement.agent_id <> ALL(%(agents)s::bigint[]))
ORDER BY placement.due_at, placement.created_at LIMIT %(limit)s
"""
# Whoever pauses, cancels or stops a batch locks it; one that is locked so is not waited for.
LOCK_BATCHES: Final = f"""
SELECT {{batch}}, {{agent}} FROM voice_call_batches batch
LEFT JOIN voice_agents agent ON agent.tenant_id = batch.tenant_id AND agent.id = batch.agent_id
WHERE {_IS_DUE.format(tenant="%(tenant)s")}
ORDER BY batch.started_at NULLS LAST, batch.scheduled_at NULLS FIRST, batch.id LIMIT {MAX_BATCHES}
FOR KEY SHARE OF batch SKIP LOCKED
"""
# The batches take turns, entry by entry. Within one, whoever is called again comes first.
DUE_ENTRIES: Final = """
SELECT due.id FROM unnest(%(batches)s::uuid[], %(limits)s::integer[]) WITH ORDINALITY AS batch (id, most, place)
CROSS JOIN LATERAL (
    SELECT id, row_number() OVER (ORDER BY kind, next_attempt_at) AS turn FROM (
        (SELECT id, next_attempt_at, 1 AS kind FROM voice_call_batch_entries
            WHERE tenant_id = %(tenant)s AND batch_id = batch.id AND status = 'queued' AND deleted_at IS NULL
                AND next_attempt_at <= statement_timestamp()
            ORDER BY next_attempt_at LIMIT batch.most)
        UNION ALL
        (SELECT id, next_attempt_at, 2 FROM voice_call_batch_entries
            WHERE tenant_id = %(tenant)s AND batch_id = batch.id AND status = 'queued' AND deleted_at IS NULL
                AND next_attempt_at IS NULL
            LIMIT batch.most)
    ) AS waiting ORDER BY kind, next_attempt_at LIMIT batch.most
) AS due ORDER BY due.turn, batch.place LIMIT %(limit)s
"""


def due_tenants(*, limit: int) -> list[UUID]:
    """Return tenants with calls that are due, in any order, so that each has its turn."""
    return [row[0] for row in read_across_tenants(DUE_TENANTS, [limit])]


def due_placements(*, limit: int, full_agents: Collection[int] = ()) -> list[UUID]:
    """Return the current tenant's calls that wait for their turn and are due, without those of busy agents."""
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "agents": list(full_agents), "limit": limit}
    return [row[0] for row in rows(DUE_PLACEMENTS, parameters)]


def lock_due_batches() -> list[CallBatch]:
    """Return the current tenant's batches with due entries, which nobody pauses or cancels before the transaction ends.

    Those that began first come first. Each has its agent.
    """
    found = rows(_lock_batches(), {"tenant": current_tenant_id()})
    return [read_related(row, BATCH, "agent", AGENT) for row in found]


@cache
def _lock_batches() -> str:
    return LOCK_BATCHES.format(batch=BATCH, agent=AGENT)


def due_entries(most: Mapping[UUID, int], *, limit: int) -> list[UUID]:
    """Return due entries of batches, by turns, and no more of each than ``most`` says."""
    keys = [key for key, number in most.items() if number > 0]
    if not keys:
        return []
    limits = [min(most[key], limit) for key in keys]
    parameters = {"tenant": current_tenant_id(), "batches": keys, "limits": limits, "limit": limit}
    return [row[0] for row in rows(DUE_ENTRIES, parameters)]


assert BATCH_OPEN == ("queued", "running")  # as the statements say
