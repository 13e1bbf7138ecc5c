"""Admin pages of calls, batches, agents and numbers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import faults, untouched
from tests.factories.leads import LeadFactory
from tests.factories.voice import (
    CallAnalysisFactory,
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    VoiceAgentFactory,
    VoiceFactory,
    VoiceNumberFactory,
)
from tests.voice.helpers import create
from voice import formatting
from voice.batches.models import CallBatch, CallBatchEntry
from voice.statuses import BatchStatus, CallStatus, EntryStatus

INLINE = "voice_call_batch_entries"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def change(kind: str, row: Any, action: str = "change") -> str:
    return f"/admin/voice/{kind}/{row.pk}/{action}/"


def test_a_call_page_shows_the_conversation_recording_analysis_and_cost(tenant: Tenant, root: Client) -> None:
    call = create(
        tenant,
        CallLogFactory,
        status="ended",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=65),
        duration_seconds=65,
        recording_url="https://recordings.example/one.mp3?sig=<x>",
        transcripts=[
            {"role": "agent", "text": "Is this a <good> moment?", "start": 0.4},
            {"role": "person", "text": "It is.", "start": 62.0},
        ],
        cost=Decimal("0.0120"),
        cost_breakdown=[
            {"component": "tts", "provider": "cartesia", "amount": 300, "rate": "0.00004", "cost": "0.012"}
        ],
    )
    create(tenant, CallAnalysisFactory, call_log=call, summary="They want a demo.", recommended_action="Send a date.")
    page = root.get(change("calllog", call)).content.decode()
    assert 'class="voice-turn voice-turn-agent"' in page
    assert "Is this a &lt;good&gt; moment?" in page
    assert 'data-seek="62' in page and ">1:02</button>" in page
    assert 'preload="none" src="https://recordings.example/one.mp3?sig=&lt;x&gt;" data-player>' in page
    assert "They want a demo." in page
    assert "Send a date." in page
    assert 'Total <span class="lad-hint">in USD</span>' in page
    assert "Cartesia" in page


def test_a_call_without_a_transcript_says_so(tenant: Tenant, root: Client) -> None:
    ended = {"status": CallStatus.ENDED, "ended_at": timezone.now()}
    page = root.get(change("calllog", create(tenant, CallLogFactory, **ended))).content.decode()
    assert "No transcript" in page
    assert "has not been analysed" in page
    assert "<audio" not in page


@pytest.mark.parametrize("address", ["", "gs://bucket/one.wav", "javascript:alert(1)", "data:audio/wav;base64,AA"])
def test_only_http_urls_get_an_audio_player(address: str) -> None:
    assert "<audio" not in formatting.audio_player(address)
    assert address not in formatting.audio_player(address) or not address


def test_a_call_is_found_by_its_number_in_any_notation(tenant: Tenant, root: Client) -> None:
    call = create(tenant, CallLogFactory, to_country_code="+39", to_base_number=655501234, to_leading_zeros=1)
    create(tenant, CallLogFactory)
    for term in ("+390655501234", "+39 06 5550 1234", "0039 06 55501234", "655501234", "06 5550 1234", str(call.pk)):
        response = root.get("/admin/voice/calllog/", {"q": term})
        assert [row.pk for row in response.context["cl"].result_list] == [call.pk], term
    for term in ("+39", "nobody", "999", "+" + "9" * 40, "9" * 40):
        assert not root.get("/admin/voice/calllog/", {"q": term}).context["cl"].result_list


def test_a_list_of_calls_shows_sentiments_without_a_query_per_call(
    tenant: Tenant, root: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        create(tenant, CallAnalysisFactory, sentiment="negative")
    with django_assert_max_num_queries(20):
        page = root.get("/admin/voice/calllog/").content.decode()
    assert page.count("Negative") >= 3


def test_a_batch_is_cancelled_with_a_reason(tenant: Tenant, member: User, admin_of: Callable[..., Client]) -> None:
    batch = create(tenant, CallBatchFactory, total_calls=2, status=BatchStatus.RUNNING, started_at=NOW)
    for status in (EntryStatus.COMPLETED, EntryStatus.QUEUED):
        create(tenant, CallBatchEntryFactory, batch=batch, status=status)
    browser = admin_of(member)
    page = browser.get(change("callbatch", batch)).content.decode()
    assert '<progress max="2" value="0">' in page
    assert browser.post(change("callbatch", batch, "cancel"), {"reason": ""}).status_code == 200
    assert browser.post(change("callbatch", batch, "cancel"), {"reason": "Wrong list"}).status_code == 302
    with platform_context():
        batch.refresh_from_db()
    assert (batch.status, batch.completed_calls, batch.failed_calls) == (BatchStatus.CANCELLED, 1, 1)
    assert "2 of 2 finished, 1 reached" in browser.get(change("callbatch", batch)).content.decode()


def test_a_viewer_cannot_cancel_a_batch(tenant: Tenant, viewer: User, admin_of: Callable[..., Client]) -> None:
    batch = create(tenant, CallBatchFactory)
    browser = admin_of(viewer)
    assert "/cancel/" not in browser.get(change("callbatch", batch)).content.decode()
    assert browser.post(change("callbatch", batch, "cancel"), {"reason": "No"}).status_code == 403
    with platform_context():
        assert CallBatch.objects.get(pk=batch.pk).status == BatchStatus.QUEUED


def test_entries_are_added_on_the_page_of_a_queued_batch(
    tenant: Tenant, member: User, admin_of: Callable[..., Client]
) -> None:
    batch = create(tenant, CallBatchFactory)
    browser = admin_of(member)
    form = untouched(browser.get(change("callbatch", batch)), CallBatch)
    lead = create(tenant, LeadFactory, phone="+971505550142")
    form |= {
        f"{INLINE}-TOTAL_FORMS": "2",
        f"{INLINE}-0-to_phone": "+39 06 5550 1234",
        f"{INLINE}-1-lead": str(lead.pk),
    }
    response = browser.post(change("callbatch", batch), form)
    assert response.status_code == 302, faults(response)
    with platform_context():
        entries = CallBatchEntry.objects.filter(batch=batch).order_by("pk")
        assert [entry.to_phone for entry in entries] == ["+390655501234", "+971505550142"]
        batch.refresh_from_db()
        assert (batch.total_calls, batch.status) == (2, BatchStatus.QUEUED)


def test_an_invalid_number_is_refused_next_to_its_field(
    tenant: Tenant, member: User, admin_of: Callable[..., Client]
) -> None:
    batch = create(tenant, CallBatchFactory)
    browser = admin_of(member)
    form = untouched(browser.get(change("callbatch", batch)), CallBatch)
    response = browser.post(
        change("callbatch", batch), {**form, f"{INLINE}-TOTAL_FORMS": "1", f"{INLINE}-0-to_phone": "12"}
    )
    assert response.status_code == 200
    assert "is not a phone number" in response.content.decode()


def test_a_started_batch_takes_no_entries(tenant: Tenant, member: User, admin_of: Callable[..., Client]) -> None:
    batch = create(tenant, CallBatchFactory, status=BatchStatus.RUNNING, started_at=NOW)
    page = admin_of(member).get(change("callbatch", batch))
    assert f"{INLINE}-0-to_phone" not in page.content.decode()
    assert "_save" not in untouched(page, CallBatch)


def test_an_agents_page_plays_its_voice_sample(tenant: Tenant, root: Client) -> None:
    voice = create(tenant, VoiceFactory, voice_sample_url="https://samples.voices.example/a.mp3")
    page = root.get(change("voiceagent", create(tenant, VoiceAgentFactory, voice=voice))).content.decode()
    assert 'src="https://samples.voices.example/a.mp3"' in page


def test_a_number_is_shown_in_international_notation(tenant: Tenant, root: Client) -> None:
    number = create(tenant, VoiceNumberFactory, base_number=655501234)
    assert "+39 06 5550 1234" in root.get(change("voicenumber", number)).content.decode()
    assert "+39 06 5550 1234" in root.get("/admin/voice/voicenumber/").content.decode()
