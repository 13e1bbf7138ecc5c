"""The states of calls, batches and their entries, and the words of the outside world that mean them."""

from typing import Final

from django.db import models

from lad.errors import Invalid


class CallStatus(models.TextChoices):
    """Where a call stands."""

    PENDING = "pending", "Pending"
    RINGING = "ringing", "Ringing"
    ONGOING = "ongoing", "Ongoing"
    ENDED = "ended", "Ended"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class Direction(models.TextChoices):
    """Who called whom."""

    OUTBOUND = "outbound", "Outbound"
    INBOUND = "inbound", "Inbound"


class BatchStatus(models.TextChoices):
    """Where a batch stands. ``stopped``: nothing more is dialled, what was under way finished by itself."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    STOPPED = "stopped", "Stopped"


class EntryStatus(models.TextChoices):
    """Where one target of a batch stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DISPATCHED = "dispatched", "Dispatched"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"


CALL_ORDER: Final = {CallStatus.PENDING: 0, CallStatus.RINGING: 1, CallStatus.ONGOING: 2}
CALL_OVER: Final = (CallStatus.ENDED, CallStatus.DECLINED, CallStatus.CANCELLED, CallStatus.FAILED)
BATCH_OPEN: Final = (BatchStatus.QUEUED, BatchStatus.RUNNING)
BATCH_OVER: Final = (BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.CANCELLED, BatchStatus.STOPPED)
ENTRY_OPEN: Final = (EntryStatus.QUEUED, EntryStatus.RUNNING, EntryStatus.DISPATCHED)
# A batch counts whoever was not reached as failed, whether they declined or the call was cancelled.
ENTRY_MISSED: Final = (EntryStatus.FAILED, EntryStatus.DECLINED, EntryStatus.CANCELLED)
ENTRY_OVER: Final = (EntryStatus.COMPLETED, *ENTRY_MISSED)

_SYNONYMS: Final = {
    "in_queue": CallStatus.PENDING,
    "queue": CallStatus.PENDING,
    "queued": CallStatus.PENDING,
    "initiated": CallStatus.PENDING,
    "calling": CallStatus.RINGING,
    "in_progress": CallStatus.ONGOING,
    "running": CallStatus.ONGOING,
    "started": CallStatus.ONGOING,
    "answered": CallStatus.ONGOING,
    "completed": CallStatus.ENDED,
    "rejected": CallStatus.DECLINED,
    "no_answer": CallStatus.DECLINED,
    "busy": CallStatus.DECLINED,
    "canceled": CallStatus.CANCELLED,
    "error": CallStatus.FAILED,
    "not_reachable": CallStatus.FAILED,
}

_ENTRY_OF_CALL: Final = {
    CallStatus.ENDED: EntryStatus.COMPLETED,
    CallStatus.DECLINED: EntryStatus.DECLINED,
    CallStatus.CANCELLED: EntryStatus.CANCELLED,
    CallStatus.FAILED: EntryStatus.FAILED,
}


class UnknownStatus(Invalid):
    """The status is in no list."""

    code = "unknown_status"


def call_status(word: str) -> CallStatus:
    """The call status that a provider, worker or older client means by its word. Raises UnknownStatus."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in CallStatus.values:
        return CallStatus(plain)
    if plain in _SYNONYMS:
        return _SYNONYMS[plain]
    known = ", ".join(sorted({*CallStatus.values, *_SYNONYMS}))
    raise UnknownStatus(errors={"status": [f"“{word}” is no call status. Known: {known}."]})


def entry_status(call: str) -> EntryStatus:
    """What a call's status makes of the batch entry it was dialled for; a call not over leaves it dispatched."""
    return _ENTRY_OF_CALL.get(CallStatus(call), EntryStatus.DISPATCHED)
