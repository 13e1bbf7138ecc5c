"""The statuses of calls, batches and entries, and the words that providers use for them."""

from typing import Final

from django.db import models

from lad.errors import Invalid


class CallStatus(models.TextChoices):
    """The progress of a call."""

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
    """The progress of a batch. A ``stopped`` batch dials nobody else, but its started calls continue."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    STOPPED = "stopped", "Stopped"


class EntryStatus(models.TextChoices):
    """The progress of one entry of a batch."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DISPATCHED = "dispatched", "Dispatched"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"


CALL_ORDER: Final = {CallStatus.PENDING: 0, CallStatus.RINGING: 1, CallStatus.ONGOING: 2}
CALL_FINISHED: Final = (CallStatus.ENDED, CallStatus.DECLINED, CallStatus.CANCELLED, CallStatus.FAILED)
BATCH_OPEN: Final = (BatchStatus.QUEUED, BatchStatus.RUNNING)
BATCH_FINISHED: Final = (BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.CANCELLED, BatchStatus.STOPPED)
ENTRY_OPEN: Final = (EntryStatus.QUEUED, EntryStatus.RUNNING, EntryStatus.DISPATCHED)
# A batch counts declined and cancelled entries as failed too.
ENTRY_NOT_REACHED: Final = (EntryStatus.FAILED, EntryStatus.DECLINED, EntryStatus.CANCELLED)

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
    """This call status is not known."""

    code = "unknown_status"


def parse_call_status(word: str) -> CallStatus:
    """Return the call status for the word of a provider, worker or older client. Raise UnknownStatus."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in CallStatus.values:
        return CallStatus(plain)
    if plain in _SYNONYMS:
        return _SYNONYMS[plain]
    known = ", ".join(sorted({*CallStatus.values, *_SYNONYMS}))
    raise UnknownStatus(errors={"status": [f"“{word}” is not a call status. Use one of: {known}."]})


def entry_status_for(call: str) -> EntryStatus:
    """Return the status of the batch entry whose call has this status. An unfinished call is dispatched."""
    return _ENTRY_OF_CALL.get(CallStatus(call), EntryStatus.DISPATCHED)
