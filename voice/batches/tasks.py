"""Regular work on batches."""

from datetime import timedelta

from lad.schedule import regular_task
from lad.tenancy.context import platform_context
from voice.batches.models import CallBatch
from voice.batches.services import ending, pausing
from voice.batches.services.filling import settle_filled
from voice.statuses import BATCH_OPEN


def _has_work() -> bool:
    rows = CallBatch.objects.filter(status__in=BATCH_OPEN, paused_at__isnull=False, pause_reason=pausing.FILLING)
    return bool(rows.exists())


@regular_task("voice.settle_filled_batches", every=timedelta(minutes=1), has_work=_has_work)
def settle_filled_batches() -> None:
    """Settle the batches whose job ended before everybody was added."""
    with platform_context():
        settle_filled()


@regular_task("voice.end_entries", every=timedelta(minutes=1), has_work=ending.has_rest)
def end_entries() -> None:
    """End the entries that still wait in batches that were cancelled or stopped."""
    ending.end_rest()
