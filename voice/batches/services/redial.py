"""Call the unreached of a batch again, in a batch of their own."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from lad import writes
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.db.queries import execute, rows
from lad.errors import Conflict
from lad.outbox.emission import emit, quiet
from lad.types import Actor
from voice.batches.models import CallBatch
from voice.carriers.outcomes import Outcome
from voice.statuses import BATCH_FINISHED, ENTRY_NOT_REACHED, ENTRY_OPEN, EntryStatus

MAX_NAME: Final = CallBatch._meta.get_field("name").max_length or 0
# Nobody heard from the tenant. Who declined, whose number is wrong, and of whom nothing is known, is left alone.
UNREACHED: Final = (
    Outcome.BUSY,
    Outcome.NO_ANSWER,
    Outcome.VOICEMAIL,
    Outcome.OVER_LIMIT,
    Outcome.CARRIER_FAILED,
    Outcome.AGENT_FAILED,
    Outcome.CANCELLED,
)
KEPT: Final = ("base_context", "llm_provider", "llm_model")
# Entries without an outcome were cancelled before their turn, or their calls were recorded by hand. One that failed
# without a call may not be dialled at all. Numbers that an earlier redial still calls, or has reached, are left out.
INSERT: Final = f"""
INSERT INTO voice_call_batch_entries
    (id, tenant_id, batch_id, lead_id, to_phone, status, retry_count, metadata, created_at, updated_at)
SELECT {TIME_ORDERED_UUID}, tenant_id, %(child)s, lead_id, to_phone, %(queued)s, 0, metadata, clock_timestamp(),
    clock_timestamp()
FROM voice_call_batch_entries AS entries
WHERE tenant_id = %(tenant)s AND batch_id = %(parent)s AND deleted_at IS NULL
    AND (status = ANY(%(missed)s) OR (status = %(completed)s AND outcome = %(voicemail)s))
    AND (outcome = ANY(%(unreached)s) OR (outcome = '' AND (status = %(cancelled)s OR call_log_id IS NOT NULL)))
    AND NOT EXISTS (
        SELECT FROM voice_call_batch_entries AS later
        JOIN voice_call_batches AS redials ON redials.tenant_id = later.tenant_id AND redials.id = later.batch_id
        WHERE redials.tenant_id = %(tenant)s AND redials.parent_batch_id = %(parent)s AND redials.deleted_at IS NULL
            AND later.deleted_at IS NULL AND later.to_phone = entries.to_phone
            AND (later.status = ANY(%(open)s) OR (later.status = %(completed)s AND later.outcome <> %(voicemail)s))
    )
ORDER BY id
"""
COUNT: Final = """
UPDATE voice_call_batches SET total_calls = (
    SELECT count(*) FROM voice_call_batch_entries WHERE tenant_id = %(tenant)s AND batch_id = %(child)s
) WHERE tenant_id = %(tenant)s AND id = %(child)s RETURNING total_calls
"""


class BatchNotOver(Conflict):
    """This batch still calls. Wait until it is over, or stop it."""

    code = "batch_not_over"


class NobodyUnreached(Conflict):
    """Everybody in this batch was reached, declined, or is being called again already."""

    code = "nobody_unreached"


@transaction.atomic
def redial(*, batch: CallBatch, name: str = "", scheduled_at: datetime | None = None, actor: Actor = None) -> CallBatch:
    """Create a queued batch that calls those again whom this one did not reach, and return it.

    It has the agent, the number and the rules of this one. Emits ``voice.call_batch.created``. Raises BatchNotOver,
    NobodyUnreached, and what creating a batch raises.
    """
    parent = CallBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if parent.status not in BATCH_FINISHED:
        raise BatchNotOver
    child = _child(parent, name, scheduled_at, actor)
    execute(INSERT, _parameters(parent, child))
    [(total,)] = rows(COUNT, {"tenant": child.tenant_id, "child": child.pk})
    if not total:
        raise NobodyUnreached
    child.refresh_from_db()
    about = {"agent_id": child.agent_id, "total_calls": total, "refused": 0, "scheduled_at": child.scheduled_at}
    emit("voice.call_batch.created", aggregate=child, payload=about, actor=actor)
    return child


def _child(parent: CallBatch, name: str, scheduled_at: datetime | None, actor: Actor) -> CallBatch:
    about = f"{parent.name or 'Batch'}: again"
    values: dict[str, Any] = {
        "name": (name or about)[:MAX_NAME],
        "parent_batch": parent,
        "scheduled_at": scheduled_at,
        "metadata": {key: value for key, value in parent.metadata.items() if key in KEPT},
    }
    copied = ("agent", "voice", "from_number", "purpose", "max_concurrent", "retry_delays")
    values |= {field: getattr(parent, field) for field in copied}
    with quiet():  # The event of the redial says more.
        return writes.create(CallBatch, values, actor=actor)


def _parameters(parent: CallBatch, child: CallBatch) -> dict[str, Any]:
    return {
        "tenant": parent.tenant_id,
        "parent": parent.pk,
        "child": child.pk,
        "queued": EntryStatus.QUEUED,
        "completed": EntryStatus.COMPLETED,
        "cancelled": EntryStatus.CANCELLED,
        "missed": list(ENTRY_NOT_REACHED),
        "open": list(ENTRY_OPEN),
        "voicemail": Outcome.VOICEMAIL,
        "unreached": list(UNREACHED),
    }
