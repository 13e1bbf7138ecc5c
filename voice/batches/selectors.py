"""What open batches still need."""

from typing import Any

from lad.errors import Conflict
from voice.batches.models import CallBatch
from voice.statuses import BATCH_OPEN


class StillCalling(Conflict):
    """A batch that is not over needs it: cancel the batch first."""

    code = "still_calling"


def require_no_open_batch(**target: Any) -> None:
    """Raise StillCalling if an open batch calls with this agent or from this number."""
    if CallBatch.objects.filter(status__in=BATCH_OPEN, **target).exists():
        raise StillCalling
