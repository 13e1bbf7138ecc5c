"""Fetch recordings from carriers into LAD's storage, under a lease, outside any transaction.

Fetching changes nothing at the carrier, so a row whose worker died is simply due again.
"""

import tempfile
from datetime import timedelta
from typing import IO, Any, BinaryIO, Final, cast

import structlog
from django.utils import timezone

from lad.errors import DomainError
from lad.jobs.leases import Backoff, LeaseQueue
from lad.observability import mask_text
from lad.tenancy.context import platform_context, tenant_context
from leads.files.storage import store
from voice.calls.models import CallLog
from voice.carriers.connecting import connect
from voice.carriers.errors import RecordingMissing
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import Recording
from voice.dialer.facts import facts_of, recording_of
from voice.dialer.models import CallPlacement, DialingPolicy
from voice.recordings.files import NoRecording, key_of, media_type_of
from voice.recordings.models import CallRecording, RecordingState

# Recordings that one run of the task fetches, before others get their turn.
RUN_SIZE: Final = 20
IN_MEMORY: Final = 4_000_000
NOT_TOLD: Final = "The carrier did not say where the recording is."
NO_ACCOUNT: Final = "The carrier account of this call is gone."
UNEXPECTED: Final = "LAD failed to store this recording. It tries again."
queue: Final = LeaseQueue(
    CallRecording,
    # Twelve attempts in about a day: a carrier may be slow with a recording.
    backoff=Backoff(timedelta(seconds=15), timedelta(hours=6), 12),
    # Longer than the longest recording may take.
    lease=timedelta(minutes=10),
    waiting=RecordingState.QUEUED,
    working=RecordingState.FETCHING,
    unknown=RecordingState.MISSING,
)

log = structlog.get_logger("voice.recordings")


def has_work() -> bool:
    """Return whether a recording is to be fetched. Needs a platform scope."""
    return queue.has_work()


def run_due(*, most: int = RUN_SIZE) -> bool:
    """Fetch recordings that wait. Return whether none is left that is due."""
    with platform_context():
        queue.requeue(queue.expired())
    for _number in range(most):
        row = queue.claim()
        if row is None:
            return True
        _run(row)
    return False


def _run(row: CallRecording) -> None:
    try:
        account, recording = _place_of(row)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            connect(account).fetch_recording(recording, cast(BinaryIO, file))
            _keep(row, recording, file)
    except (RecordingMissing, NoRecording) as error:
        # It may not be ready yet.
        _retry(row, error.detail)
    except DomainError as error:
        _retry(row, error.detail)
    except Exception as error:
        log.exception("recording not fetched", call=str(row.call_log_id), error=mask_text(type(error).__name__))
        _retry(row, UNEXPECTED)


def _place_of(row: CallRecording) -> tuple[CarrierAccount, Recording]:
    """Return where the recording is. Raises RecordingMissing while nobody said so."""
    with tenant_context(row.tenant_id):
        call = CallLog.objects.get(pk=row.call_log_id)
        placement = CallPlacement.objects.filter(call_log=call).first()
        account = CarrierAccount.all_objects.filter(pk=row.carrier_account_id).first()
    recording = recording_of(facts_of(call, placement))
    if recording is None:
        raise RecordingMissing(NOT_TOLD)
    if account is None:
        raise RecordingMissing(NO_ACCOUNT)
    return account, recording


def _keep(row: CallRecording, recording: Recording, file: IO[bytes]) -> None:
    """Store the file, and say so if the row is still this attempt's. A file that nobody wants is removed."""
    kind, digest = media_type_of(file), store.digest(file)
    key = key_of(tenant_id=row.tenant_id, recording_id=row.pk, attempt=row.attempts, media_type=kind)
    store.put(key, file)
    now = timezone.now()
    with platform_context():
        policy = DialingPolicy.objects.filter(tenant=row.tenant_id).first() or DialingPolicy()
        values: dict[str, Any] = {
            "state": RecordingState.STORED,
            "file_key": key,
            "media_type": kind,
            "size": digest.size,
            "checksum": digest.checksum,
            "duration_seconds": round(recording.duration_seconds) if recording.duration_seconds else None,
            "stored_at": now,
            "erase_at": now + timedelta(days=policy.recording_days),
            "next_attempt_at": None,
            "lease_until": None,
        }
        kept = queue.write_back(row, **values)
    if not kept:
        store.remove(key)
    elif row.attempts > 1:
        _remove_earlier(row, kind)


def _remove_earlier(row: CallRecording, media_type: str) -> None:
    """Remove what attempts left that died before they could say so."""
    for attempt in range(1, row.attempts):
        store.remove(key_of(tenant_id=row.tenant_id, recording_id=row.pk, attempt=attempt, media_type=media_type))


def _retry(row: CallRecording, error: str) -> None:
    with platform_context():
        queue.write_back(row, **queue.retry_values(row, error, failed=RecordingState.MISSING))
