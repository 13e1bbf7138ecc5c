"""Keep recordings of calls: queue them when a call is over, link to them, and erase them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import Conflict, NotFound
from lad.notifier import WorkerNotifier
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context
from lad.types import Actor
from leads.contacts.models import Lead
from leads.files.links import SignedLink
from leads.files.storage import store
from tenants.teams.models import Tenant
from tenants.teams.status import closed_reason
from voice.calls.models import CallLog
from voice.dialer.facts import FACTS, recording_of
from voice.dialer.hooks import CallOver, DetailsCame, when_details_came, when_over
from voice.dialer.models import CallPlacement, DialingPolicy
from voice.recordings import links
from voice.recordings.files import EXTENSIONS
from voice.recordings.models import CallRecording, RecordingState

TASK: Final = "voice.fetch_recordings"
notifier: Final = WorkerNotifier(TASK)
# Carriers make a recording ready within seconds of the end.
FIRST_LOOK_AFTER: Final = timedelta(seconds=10)
PURGE_SIZE: Final = 200
KEPT_LONG_ENOUGH: Final = "Kept for as long as the rules of dialling say"
OPEN: Final = (RecordingState.QUEUED, RecordingState.FETCHING)


class NoSuchRecording(NotFound):
    """This call has no recording."""

    code = "no_such_recording"


class RecordingErased(Conflict):
    """This recording was erased. It cannot be brought back."""

    code = "recording_erased"


@dataclass(frozen=True, slots=True)
class Playable:
    """The content of a recording, or the storage's address to fetch it from."""

    recording: CallRecording
    content: File | None
    address: str = ""

    @property
    def name(self) -> str:
        """Return the name of the downloaded file."""
        extension = EXTENSIONS.get(self.recording.media_type, "bin")
        return f"call-{self.recording.call_log_id}.{extension}"


@when_over
def _over(over: CallOver) -> None:
    """Queue the recording of a call that somebody answered, if the tenant records calls."""
    if over.call.duration_seconds and _records_calls():
        want(over.call, over.placement)


@when_details_came
def _details_came(came: DetailsCame) -> None:
    """Fetch a recording at once whose place has become known."""
    facts = came.placement.facts if came.placement is not None else came.call.metadata.get("facts", {})
    if recording_of(facts) is None:
        return
    erased = CallRecording.objects.filter(call_log=came.call, state=RecordingState.ERASED).first()
    if erased is not None:
        _forget_place(erased)
        return
    waiting = CallRecording.objects.filter(call_log=came.call, state=RecordingState.QUEUED)
    if waiting.update(next_attempt_at=came.at):
        notifier.notify_on_commit()
    else:
        missing = CallRecording.objects.filter(call_log=came.call, state=RecordingState.MISSING, attempts__lt=50)
        if missing.update(state=RecordingState.QUEUED, next_attempt_at=came.at):
            notifier.notify_on_commit()


def want(call: CallLog, placement: CallPlacement | None, *, now: datetime | None = None) -> None:
    """Let the workers fetch the recording of a call. One that is queued, stored or erased already stays as it is."""
    account_id = placement.carrier_account_id if placement is not None else None
    if account_id is None and call.from_number is not None:
        account_id = call.from_number.carrier_account_id
    row = CallRecording(
        id=uuid7(),
        tenant_id=current_tenant_id(),
        call_log_id=call.pk,
        carrier_account_id=account_id,
        next_attempt_at=(now or timezone.now()) + FIRST_LOOK_AFTER,
    )
    CallRecording.objects.bulk_create([row], ignore_conflicts=True)


def _records_calls() -> bool:
    chosen = DialingPolicy.objects.order_by().values_list("record_calls", flat=True)[:1]
    return bool(chosen[0]) if chosen else DialingPolicy().record_calls


def recording_of_call(call: CallLog) -> CallRecording | None:
    """Return the recording of a call, in whatever state."""
    row: CallRecording | None = CallRecording.objects.filter(call_log=call).first()
    return row


def link_to_call(call: CallLog, *, now: datetime | None = None) -> SignedLink | None:
    """Return a link to the stored recording of a call, or None. Anybody who has it can listen: check rights first."""
    row = recording_of_call(call)
    return link_to(row, now=now or timezone.now()) if row is not None and row.is_stored else None


def link_to(recording: CallRecording, *, now: datetime) -> SignedLink:
    """Return a link to a stored recording. Raises NoSuchRecording and RecordingErased."""
    if recording.state == RecordingState.ERASED:
        raise RecordingErased
    if not recording.is_stored:
        raise NoSuchRecording(recording.error or "The recording is not there yet.")
    return links.make_link(tenant_id=recording.tenant_id, recording_id=recording.pk, now=now)


def open_link(token: str, *, recording_id: UUID, now: datetime) -> Playable:
    """Return the recording behind a link, which works until it expires or the recording is erased.

    Raises LinkInvalid, LinkExpired, TenantClosed, NoSuchRecording, FileMissing and StorageUnavailable.
    """
    claim = links.read_link(token, recording_id=recording_id, now=now)
    with platform_context():
        tenant = Tenant.all_objects.filter(pk=claim.tenant_id).first()
    if tenant is None:
        raise NoSuchRecording
    closed = closed_reason(tenant, now)
    if closed is not None:
        raise closed
    with tenant_context(claim.tenant_id):
        row = CallRecording.objects.filter(pk=claim.recording_id, state=RecordingState.STORED).first()
    if row is None:
        raise NoSuchRecording("This recording was erased.")
    sign = getattr(store.storage(), "signed_link", None)
    if sign is None:
        return Playable(row, store.get(row.file_key))
    name = Playable(row, None).name
    return Playable(row, None, sign(row.file_key, name=name, media_type=row.media_type))


@transaction.atomic
def erase(*, recording: CallRecording, reason: str = "", actor: Actor = None, now: datetime | None = None) -> None:
    """Erase a recording for good, and where the carrier keeps it. Idempotent. One that is to be fetched never is.

    Emits ``voice.call_recording.erased``.
    """
    row = CallRecording.objects.select_for_update(no_key=True).get(pk=recording.pk)
    if row.state == RecordingState.ERASED:
        return
    now, key = now or timezone.now(), row.file_key
    CallRecording.objects.filter(pk=row.pk).update(
        state=RecordingState.ERASED,
        file_key="",
        erased_at=now,
        erased_by_user_id=actor.pk if actor is not None else None,
        erased_reason=reason[:200],
        next_attempt_at=None,
        lease_until=None,
    )
    _forget_place(row)
    emit("voice.call_recording.erased", aggregate=row, payload={"call_id": row.call_log_id}, actor=actor)
    if key:
        transaction.on_commit(partial(store.remove, key))


@transaction.atomic
def erase_of_lead(*, lead: Lead, reason: str = "", actor: Actor = None) -> int:
    """Erase the recordings of all calls with a lead, also those that are not fetched yet. Return how many."""
    rows = CallRecording.objects.filter(call_log__lead=lead).exclude(state=RecordingState.ERASED)
    found = list(rows.order_by("pk"))
    for row in found:
        erase(recording=row, reason=reason, actor=actor)
    return len(found)


def purge(*, now: datetime) -> int:
    """Erase recordings whose time is up, a batch of each tenant's. Return how many. Call it outside any scope."""
    with platform_context():
        due = CallRecording.objects.filter(state=RecordingState.STORED, erase_at__lte=now)
        found = list(due.order_by("erase_at").values_list("tenant_id", "pk")[:PURGE_SIZE])
    for tenant_id, key in found:
        with tenant_context(tenant_id):
            rows = CallRecording.objects.filter(pk=key, state=RecordingState.STORED)
            for row in rows.select_for_update(no_key=True, skip_locked=True):
                erase(recording=row, reason=KEPT_LONG_ENOUGH, now=now)
    return len(found)


def _forget_place(row: CallRecording) -> None:
    """Remove where the carrier keeps the recording, so that nobody plays it from there."""
    call = CallLog.objects.select_for_update(no_key=True).get(pk=row.call_log_id)
    metadata = call.metadata
    if FACTS in metadata:
        metadata = {**metadata, FACTS: _without_place(metadata[FACTS])}
    CallLog.objects.filter(pk=call.pk).update(recording_url="", metadata=metadata)
    placements: Sequence[CallPlacement] = CallPlacement.objects.filter(call_log=row.call_log_id).select_for_update()
    for placement in placements:
        CallPlacement.objects.filter(pk=placement.pk).update(facts=_without_place(placement.facts))


def _without_place(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "recording"}
