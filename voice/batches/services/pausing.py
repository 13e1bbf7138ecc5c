"""Pause batches and let them go on. A paused batch dials nobody else; calls that have begun continue.

The dialer, the breaker and charging pause batches too, so this module stands below them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from lad import writes
from lad.outbox.emission import NewEvent, emit_many
from lad.types import Actor
from voice.batches.models import CallBatch
from voice.statuses import BATCH_OPEN

# The reason of a batch that a job still fills. It goes on by itself when everybody is in it.
FILLING: Final = "People are still being added to the batch."


@writes.in_transaction
def pause(batch_ids: Collection[UUID], *, reason: str, now: datetime, actor: Actor = None) -> list[UUID]:
    """Pause the open batches of the current scope and return the ids of those that were not paused.

    ``reason`` is a sentence for people. A batch that is paused already keeps its reason. Emits
    ``voice.call_batch.paused``.
    """
    rows = CallBatch.objects.filter(pk__in=batch_ids, status__in=BATCH_OPEN, paused_at__isnull=True)
    # A full lock, so that a claim that is going on ends first.
    chosen = list(rows.select_for_update().order_by("pk"))
    CallBatch.objects.filter(pk__in=[row.pk for row in chosen]).update(paused_at=now, pause_reason=reason)
    emit_many(NewEvent("voice.call_batch.paused", row, {"reason": reason}, actor) for row in chosen)
    return [row.pk for row in chosen]


@writes.in_transaction
def resume(batch_ids: Collection[UUID], *, reason: str | None = None, actor: Actor = None) -> list[UUID]:
    """Let the paused batches of the current scope go on and return their ids. Wake the dialer afterwards.

    With ``reason`` only those that were paused for it. Emits ``voice.call_batch.resumed``.
    """
    rows = CallBatch.objects.filter(pk__in=batch_ids, status__in=BATCH_OPEN, paused_at__isnull=False)
    if reason is not None:
        rows = rows.filter(pause_reason=reason)
    chosen = list(rows.select_for_update(no_key=True).order_by("pk"))
    CallBatch.objects.filter(pk__in=[row.pk for row in chosen]).update(paused_at=None, pause_reason="")
    emit_many(NewEvent("voice.call_batch.resumed", row, {}, actor) for row in chosen)
    return [row.pk for row in chosen]
