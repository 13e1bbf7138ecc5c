"""End the entries of a batch that was cancelled or stopped: a few thousand at once, the rest by workers."""

from typing import Final

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from lad.notifier import WorkerNotifier
from lad.tenancy.context import platform_context, tenant_context
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.progress import update_progress
from voice.calls.models import CallLog
from voice.carriers.outcomes import STATES
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.services import cancel_calls
from voice.statuses import CALL_FINISHED, BatchStatus, EntryStatus, entry_status_for

# More would keep the person waiting who cancels, and whoever records the end of a call.
AT_ONCE: Final = 2_000
ENDED: Final = (BatchStatus.CANCELLED, BatchStatus.STOPPED)
# An entry that waits for another attempt is over with what its last call came to.
LAST_RESULT: Final = [
    When(outcome=outcome, then=Value(entry_status_for(state).value)) for outcome, state in STATES.items()
]

notifier: Final = WorkerNotifier("voice.end_entries")


def end_waiting(batch: CallBatch) -> bool:
    """End entries of a cancelled or stopped batch that wait, AT_ONCE of them. Return whether none is left.

    One that was called before ends with what that call came to. One whose call goes on ends with its call. A stopped
    batch keeps the entries that somebody marked as begun by hand.
    """
    begun = Q(status__in=[EntryStatus.RUNNING, EntryStatus.DISPATCHED])
    going = CallLog.objects.filter(pk=OuterRef("call_log")).exclude(status__in=CALL_FINISHED)
    waiting = Q(status=EntryStatus.QUEUED)
    if batch.status == BatchStatus.CANCELLED:
        waiting |= begun & ~Q(Exists(going))
    rows = CallBatchEntry.objects.filter(waiting, batch=batch)
    keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    sentence = f"The batch was {batch.get_status_display().lower()}."
    CallBatchEntry.objects.filter(waiting, pk__in=keys).update(
        status=Case(*LAST_RESULT, default=Value(EntryStatus.CANCELLED.value)),
        next_attempt_at=None,
        decision={
            "verdict": "refuse",
            "reasons": [{"code": f"batch_{batch.status}", "detail": ""}],
            "sentence": sentence,
        },
        error_message=sentence,
    )
    return len(keys) < AT_ONCE


def has_rest() -> bool:
    """Return whether entries or calls of ended batches still wait. Needs a platform scope."""
    return bool(_with_rest().exists())


def end_rest() -> int:
    """End the waiting entries of all ended batches, in parts, and count each batch once. Return how many batches.

    Calls that came back to the queue after their batch had ended, because no carrier had taken them, are cancelled.
    """
    with platform_context():
        found = list(_with_rest().values_list("pk", "tenant_id"))
    for key, tenant_id in found:
        with tenant_context(tenant_id):
            cancel_calls(CallLog.objects.filter(placements__batch=key, placements__state=PlacementState.QUEUED))
        done = False
        while not done:
            with tenant_context(tenant_id), transaction.atomic():
                batch = CallBatch.objects.select_for_update(no_key=True).filter(pk=key, status__in=ENDED).first()
                done = batch is None or end_waiting(batch)
                if done:
                    update_progress(batch_id=key, now=timezone.now())
    return len(found)


def _with_rest() -> QuerySet[CallBatch]:
    own = {"tenant": OuterRef("tenant"), "batch": OuterRef("pk")}
    entries = CallBatchEntry.objects.filter(**own, status=EntryStatus.QUEUED)
    calls = CallPlacement.objects.filter(**own, state=PlacementState.QUEUED)
    uncounted = Q(total_calls__gt=F("completed_calls") + F("failed_calls"))
    rows: QuerySet[CallBatch] = CallBatch.objects.filter(uncounted, status__in=ENDED)
    return rows.filter(Exists(entries) | Exists(calls))
