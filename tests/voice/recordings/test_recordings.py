"""Recordings are fetched once, heard by whoever has a fresh link, and erased for good."""

import hashlib
import wave
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from tenants.teams.models import PlanTier, Tenant
from tests.factories.voice import CallLogFactory, CallPlacementFactory, DialingPolicyFactory
from tests.support.api import problem
from tests.support.events import events
from tests.voice.helpers import create
from tests.voice.recordings.conftest import change, row_of
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import CarrierCall, Presence, Usage
from voice.dialer import hooks
from voice.dialer.facts import recording_of
from voice.dialer.hooks import CallOver, DetailsCame
from voice.dialer.models import CallPlacement
from voice.dialer.reports import take_in
from voice.recordings import services, worker
from voice.recordings.files import NoRecording, Part, RangeRefused, media_type_of, part_of
from voice.recordings.models import CallRecording, RecordingState

LINK = "/api/v1/voice-call-logs/{}/recording/"
ERASE = "/api/v1/voice-call-logs/{}/recording/erase/"
OVER = {"status": "ended", "duration_seconds": 5, "ended_at": timezone.now()}


@pytest.fixture
def stranger(other_tenant, other_owner):
    """Somebody of another tenant that has calls too."""
    with platform_context():
        Tenant.all_objects.filter(pk=other_tenant.pk).update(plan_tier=PlanTier.ENTERPRISE)
    return other_owner


def fetch(call: CallLog) -> CallRecording:
    """Let the workers fetch what waits, as if it were due."""
    change(row_of(call), next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert worker.run_due()
    return row_of(call)


def kept_for(row: CallRecording) -> timedelta:
    assert row.erase_at is not None and row.stored_at is not None
    return row.erase_at - row.stored_at


def heard(client, url, **headers):
    answer = client.get(url, **headers)
    return answer, b"".join(answer.streaming_content) if answer.streaming else b""


@pytest.mark.parametrize("protocol", ["livekit", "vapi"])
def test_a_recording_is_fetched_and_heard(protocol, recorded, files, api, member, viewer, stranger):
    line, call = recorded(protocol)
    row = fetch(call)
    assert (row.state, row.media_type, row.attempts) == (RecordingState.STORED, "audio/wav", 1)
    assert files() == [f"{call.tenant_id}/recordings/{row.pk}-1.wav"] == [row.file_key]
    assert kept_for(row) == timedelta(days=90)
    # Nothing is left to do.
    assert worker.run_due() and len(files()) == 1

    answer = api(member).get(LINK.format(call.pk)).json()
    found, content = heard(api(), answer["url"])
    assert (found.status_code, found["content-type"], int(found["content-length"])) == (200, "audio/wav", row.size)
    assert hashlib.sha256(content).hexdigest() == row.checksum == answer["checksum"]
    with wave.open(BytesIO(content)) as sound:
        assert abs(sound.getnframes() / sound.getframerate() - line.real(call)["seconds"]) < 1
    found, content_of_part = heard(api(), answer["url"], HTTP_RANGE="bytes=100-299")
    assert (found.status_code, found["content-range"]) == (206, f"bytes 100-299/{row.size}")
    assert content_of_part == content[100:300]
    assert api().get(answer["url"], HTTP_RANGE=f"bytes={row.size}-").status_code == 416
    assert problem(api(stranger).get(LINK.format(call.pk)))[:2] == (404, "no_such_recording")
    assert api(viewer).get(LINK.format(call.pk)).status_code == 200


def test_a_link_is_for_one_recording_and_for_a_while(recorded, api, member, settings):
    _line, call = recorded()
    row = fetch(call)
    url = api(member).get(LINK.format(call.pk)).json()["url"]
    assert problem(api().get(url.replace("token=", "token=x")))[:2] == (404, "link_invalid")
    assert problem(api().get(url.replace(str(row.pk), str(call.pk))))[:2] == (404, "link_invalid")
    settings.VOICE_RECORDING_LINK_LIFETIME = timedelta(seconds=-1)
    url = api(member).get(LINK.format(call.pk)).json()["url"]
    assert problem(api().get(url))[:2] == (403, "link_expired")


def test_the_recordings_of_a_suspended_tenant_are_not_heard(tenant, recorded, api, member):
    _line, call = recorded()
    fetch(call)
    url = api(member).get(LINK.format(call.pk)).json()["url"]
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="suspended")
    assert problem(api().get(url))[:2] == (403, "tenant_suspended")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", Part(0, 999, 1000)),
        ("bytes=0-0", Part(0, 0, 1000)),
        ("bytes=990-2000", Part(990, 999, 1000)),
        ("bytes=-10", Part(990, 999, 1000)),
        ("bytes=-5000", Part(0, 999, 1000)),
        ("bytes = 5-9", Part(5, 9, 1000)),
        ("bytes=9-5", None),
        ("bytes=0-1,5-9", None),
        ("seconds=0-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=²-", None),
        ("bytes=1000-", RangeRefused),
        ("bytes=-0", RangeRefused),
    ],
)
def test_parts_of_a_recording(header, part):
    if part is RangeRefused:
        with pytest.raises(RangeRefused):
            part_of(header, 1000)
    else:
        assert part_of(header, 1000) == part


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF....WAVEfmt ", "audio/wav"),
        (b"OggS............", "audio/ogg"),
        (b"ID3.............", "audio/mpeg"),
        (b"\xff\xfb............", "audio/mpeg"),
        (b"....ftypM4A ....", "audio/mp4"),
        (b"fLaC............", "audio/flac"),
        (b"\x1aE\xdf\xa3........", "audio/webm"),
        (b"<html><script>..", None),
        (b'{"error": "gone"}', None),
        (b"", None),
    ],
)
def test_what_a_recording_is_comes_from_its_content(head, kind):
    if kind is None:
        with pytest.raises(NoRecording):
            media_type_of(BytesIO(head))
    else:
        assert media_type_of(BytesIO(head)) == kind


def test_only_calls_that_somebody_answered_are_recorded_and_only_if_the_tenant_wants_it(tenant, recorded):
    recorded(behaviour="busy")
    call = create(tenant, CallLogFactory, **OVER)
    placement = create(tenant, CallPlacementFactory, call_log=call)
    policy = create(tenant, DialingPolicyFactory, record_calls=False, tenant_id=tenant.pk)
    with tenant_context(tenant.pk):
        assert not CallRecording.objects.exists()
        hooks.tell(CallOver(call, placement, Outcome.ANSWERED, timezone.now()))
        assert not CallRecording.objects.exists()
        type(policy).objects.update(record_calls=True)
        for _time in range(2):
            hooks.tell(CallOver(call, placement, Outcome.ANSWERED, timezone.now()))
        assert CallRecording.objects.get().state == RecordingState.QUEUED


def test_a_recording_whose_place_is_told_later_is_fetched_then(tenant, recorded, files):
    _line, call = recorded()
    with tenant_context(tenant.pk):
        placement = CallPlacement.objects.get(call_log=call)
        facts = placement.facts
        CallPlacement.objects.update(facts={"usage": []})
    row = fetch(call)
    assert (row.state, row.attempts, files()) == (RecordingState.QUEUED, 1, [])
    assert "did not say where" in row.error and row.next_attempt_at and row.next_attempt_at > timezone.now()
    with tenant_context(tenant.pk):
        CallPlacement.objects.update(facts=facts)
        placement.refresh_from_db()
        hooks.tell_details(DetailsCame(call, placement, timezone.now() - timedelta(seconds=1)))
    assert worker.run_due()
    assert row_of(call).state == RecordingState.STORED


def test_a_recording_that_is_gone_is_asked_for_some_times_and_then_missing(tenant, recorded, api, member):
    line, call = recorded()
    with tenant_context(tenant.pk):
        CallPlacement.objects.update(facts={"recording": {"location": f"{line.sandbox.url}/voice/recordings/no.wav"}})
    attempts = 0
    while row_of(call).state == RecordingState.QUEUED:
        attempts += 1
        fetch(call)
    assert (attempts, row_of(call).state) == (12, RecordingState.MISSING)
    assert problem(api(member).get(LINK.format(call.pk)))[:2] == (404, "no_such_recording")


def test_a_worker_that_dies_is_followed_by_another_and_leaves_no_file(recorded, files):
    _line, call = recorded()
    change(row_of(call), next_attempt_at=timezone.now() - timedelta(seconds=1))
    first = worker.queue.claim()
    assert first is not None
    assert worker.run_due() and files() == []
    # It stored the file, and died before it could say so.
    with platform_context():
        assert worker.queue.write_back(first, lease_until=timezone.now() - timedelta(seconds=1))
    worker.store.put(f"{call.tenant_id}/recordings/{first.pk}-1.wav", BytesIO(b"half a recording"))
    assert worker.run_due()
    row = row_of(call)
    assert (row.state, row.attempts, files()) == (RecordingState.STORED, 2, [row.file_key])
    # The first one was only slow: what it brings is not kept.
    worker._run(first)
    assert (row_of(call).file_key, files()) == (row.file_key, [row.file_key])


def test_erasing_leaves_the_hash_and_the_reason(
    tenant, recorded, files, api, member, viewer, django_capture_on_commit_callbacks
):
    _line, call = recorded()
    before = fetch(call)
    url = api(member).get(LINK.format(call.pk)).json()["url"]
    assert problem(api(viewer).post(ERASE.format(call.pk), {}, format="json"))[0] == 403
    assert len(files()) == 1
    with django_capture_on_commit_callbacks(execute=True):
        for _time in range(2):
            answer = api(member).post(ERASE.format(call.pk), {"reason": "They asked for it"}, format="json")
            assert (answer.status_code, answer.json()["state"]) == (200, "erased")
    row = row_of(call)
    assert (row.checksum, row.file_key, files()) == (before.checksum, "", [])
    assert (row.erased_reason, row.erased_by_user_id) == ("They asked for it", member.pk)
    assert problem(api().get(url))[:2] == (404, "no_such_recording")
    assert problem(api(member).get(LINK.format(call.pk)))[:2] == (409, "recording_erased")
    with tenant_context(tenant.pk):
        assert "recording" not in CallPlacement.objects.get(call_log=call).facts
        assert CallLog.objects.get(pk=call.pk).recording_url == ""
    assert len(events("voice.call_recording.erased", about=row.pk)) == 1


def test_a_recording_that_is_erased_before_it_is_fetched_never_is(tenant, recorded, files):
    _line, call = recorded()
    change(row_of(call), next_attempt_at=timezone.now() - timedelta(seconds=1))
    claimed = worker.queue.claim()
    assert claimed is not None
    with tenant_context(tenant.pk):
        services.erase(recording=row_of(call))
    worker._run(claimed)
    assert (row_of(call).state, files()) == (RecordingState.ERASED, [])


def test_a_late_report_does_not_bring_back_where_an_erased_recording_is(tenant, recorded, files):
    _line, call = recorded()
    fetch(call)
    now = timezone.now()
    with tenant_context(tenant.pk):
        placement = CallPlacement.objects.get(call_log=call)
        place = recording_of(placement.facts)
        assert place is not None
        services.erase(recording=row_of(call))
        told = CarrierCall(Presence.PLACED, recording=place, usage=(Usage("model", "tokens", Decimal(7)),))
        take_in(placement, told, at=now, now=now)
        facts = CallPlacement.objects.get(call_log=call).facts
    assert facts["usage"] and "recording" not in facts
    assert row_of(call).state == RecordingState.ERASED


def test_erasing_forgets_where_the_recording_of_a_call_that_came_in_is(tenant):
    place = {"location": "https://carrier.example/1.wav", "duration_seconds": 5}
    call = create(tenant, CallLogFactory, metadata={"facts": {"recording": place, "duration_seconds": 5}}, **OVER)
    with tenant_context(tenant.pk):
        services.want(call, None)
        services.erase(recording=row_of(call))
        assert CallLog.objects.get(pk=call.pk).metadata == {"facts": {"duration_seconds": 5}}


def test_everything_that_a_lead_said_is_erased_with_it(
    tenant, recorded, files, api, member, stranger, django_capture_on_commit_callbacks
):
    _line, call = recorded()
    fetch(call)
    with platform_context(tenant_id=tenant.pk):
        lead = Lead.objects.get(pk=call.lead_id)
    other = create(tenant, CallLogFactory, **OVER)
    nothing = dict.fromkeys(("campaign", "campaign_lead", "campaign_step"))
    mine = create(tenant, CallLogFactory, lead=lead, **nothing, **OVER)
    with tenant_context(tenant.pk):
        for each in (other, mine):
            services.want(each, None)
    url = f"/api/v1/leads/{lead.pk}/erase-recordings/"
    assert problem(api(stranger).post(url, {}, format="json"))[0] == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert api(member).post(url, {"reason": "Erasure"}, format="json").json() == {"erased": 2}
    assert (row_of(call).state, row_of(mine).state, row_of(other).state) == ("erased", "erased", "queued")
    assert files() == []


def test_recordings_are_kept_for_as_long_as_the_tenant_wants(
    tenant, recorded, files, django_capture_on_commit_callbacks
):
    create(tenant, DialingPolicyFactory, tenant_id=tenant.pk, recording_days=7)
    _line, call = recorded()
    row = fetch(call)
    until = row.erase_at
    assert kept_for(row) == timedelta(days=7) and until is not None
    assert services.purge(now=until - timedelta(seconds=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert services.purge(now=until) == 1
    assert (row_of(call).state, files()) == (RecordingState.ERASED, [])
    assert row_of(call).erased_reason.startswith("Kept for as long")


def test_the_pages_let_people_listen_and_erase(recorded, admin_of, member, viewer):
    _line, call = recorded()
    row = fetch(call)
    page = reverse("admin:voice_callrecording_change", args=(row.pk,))
    button = reverse("admin:voice_callrecording_erase", args=(row.pk,))
    client = admin_of(viewer)
    assert "<audio" in client.get(page).content.decode()
    assert client.post(button, {"reason": "no"}).status_code == 403
    client = admin_of(member)
    assert client.post(button, {"reason": "Asked for"}).status_code == 302
    assert row_of(call).state == RecordingState.ERASED
    assert "<audio" not in client.get(page).content.decode()


def test_the_lead_page_erases(recorded, admin_of, member):
    _line, call = recorded()
    fetch(call)
    client = admin_of(member)
    address = reverse("admin:leads_lead_erase_recordings", args=(call.lead_id,))
    assert client.post(address, {"reason": "Asked for"}).status_code == 302
    assert row_of(call).state == RecordingState.ERASED
