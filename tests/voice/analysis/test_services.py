"""Analysing a call: what is recorded, announced, kept and skipped."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from lad.llm.services import complete
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.factories.voice import CallLogFactory, VoiceAgentFactory
from tests.lad.llm.conftest import connect  # noqa: F401  (a fixture)
from tests.support.api import problem
from tests.support.events import events
from tests.support.jobs import run_jobs
from tests.voice.analysis.helpers import talk
from voice.agents.models import VoiceAgent
from voice.analysis import queue, services
from voice.analysis.models import CallAnalysis, CallAnalysisRequest, CallAnalysisVersion, RequestState
from voice.analysis.reading import reader
from voice.analysis.services import CallNotOver, analyse
from voice.calls.models import CallLog
from voice.calls.services import record_call_details

pytestmark = pytest.mark.django_db(transaction=True)

# A Tuesday, 11:20 in London, where the factory's numbers are.
BEGAN = datetime(2026, 11, 24, 11, 20, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "properties": {
        "team_size": {"type": "integer", "description": "How many people work in the team"},
        "uses_crm": {"type": "boolean", "title": "Uses a CRM"},
    },
}
BOOKED = talk(
    "A: Hi, how many people work in your team?",
    "P: About twelve.",
    "A: Would a short demo suit you?",
    "P: Sounds great. Tuesday at three?",
    "A: Tuesday at three, I will send an invite.",
    "P: Perfect, thank you.",
)


@pytest.fixture
def calls(tenant: Tenant) -> Callable[..., CallLog]:
    """``calls(transcript)`` is a call of 90 seconds that has ended."""

    def make(transcript: list[dict[str, Any]], **values: Any) -> CallLog:
        over = {"status": "ended", "started_at": BEGAN, "ended_at": BEGAN + timedelta(seconds=90)}
        with platform_context(tenant_id=tenant.pk):
            agent = VoiceAgentFactory.create(analysis_fields=SCHEMA)
            known = {"agent": agent, "duration_seconds": 90, "transcripts": transcript, **over, **values}
            return CallLogFactory.create(**known)

    return make


def test_a_call_is_analysed_and_announced_without_a_word_of_it(calls: Any, tenant: Tenant, member: User) -> None:
    call = calls(BOOKED)
    row = analyse(call, actor=member)
    assert (row.outcome, row.disposition, row.lead_category) == (
        "meeting_booked",
        "PROCEED IMMEDIATELY",
        "Hot Lead",
    )
    # In the zone of the person who was called: the number is a British one.
    assert (row.follow_up_at, row.follow_up_zone) == (datetime(2026, 12, 1, 15, tzinfo=UTC), "Europe/London")
    assert row.lead_extraction == {"team_size": 12}
    assert row.stages_reached == ["contacted", "follow-up scheduled", "booking made"]
    assert (row.version, row.analyser_version, row.model) == (1, reader.VERSION, "")
    assert row.reason == "No language model is switched on, so the embedded assistant answers."
    by_name = {each["name"]: each for each in row.evidence}
    assert by_name["fields.team_size"] | {"confidence": 0} == {
        "name": "fields.team_size", "value": 12, "turn": 1, "words": "twelve", "confidence": 0, "source": "embedded",
    }  # fmt: skip
    for each in row.evidence:
        assert 0 < each["confidence"] <= 1
        assert each["turn"] is None or each["words"] in BOOKED[each["turn"]]["text"]
    [event] = events("voice.call.analysed", tenant.pk)
    assert event.payload == {
        "call_log_id": str(call.pk), "lead_id": str(call.lead_id), "outcome": "meeting_booked", "answered_by": "human",
        "do_not_call": False, "follow_up_at": "2026-12-01T15:00:00Z", "sentiment": "positive",
        "lead_category": "Hot Lead", "disposition": "PROCEED IMMEDIATELY", "skipped_reason": None, "version": 1,
        "again": False,
    }  # fmt: skip


def test_analysing_again_makes_a_version_and_keeps_the_old(calls: Any, tenant: Tenant, member: User) -> None:
    call = calls(talk("A: Hi.", "P: Not interested, thanks."))
    first = analyse(call)
    with tenant_context(tenant.pk):
        record_call_details(call=call, transcripts=BOOKED)
    second = analyse(call, actor=member)
    assert (second.pk, second.version, second.outcome) == (first.pk, 2, "meeting_booked")
    third = analyse(call)
    with tenant_context(tenant.pk):
        kept = list(CallAnalysisVersion.objects.order_by("number"))
        assert CallAnalysis.objects.count() == 1
    assert [(each.number, each.content["outcome"], each.analyser_version) for each in kept] == [
        (1, "not_interested", reader.VERSION),
        (2, "meeting_booked", reader.VERSION),
    ]
    assert kept[0].replaced_by_user_id == member.pk
    assert kept[1].content["lead_extraction"] == {"team_size": 12}
    assert [each.payload["again"] for each in events("voice.call.analysed", tenant.pk)] == [False, True, True]
    assert third.version == 3


SKIPPED = [
    ([], {}, "no_transcript", None, False),
    (talk("S: The call was connected."), {}, "no_transcript", None, False),
    (talk("P: Hello?", "A: Hi, this is Max."), {}, "too_short", "no_conversation", False),
    (BOOKED, {"metadata": {"analysis_consent": False}}, "no_consent", None, False),
    (talk("A: Hi.", "P: I do not consent to being recorded."), {}, "no_consent", None, False),
    # A wish not to be called is heard all the same.
    (
        talk("A: Hi.", "P: Stop calling me."),
        {"metadata": {"analysis_consent": False}},
        "no_consent",
        "do_not_call",
        True,
    ),
    (talk("P: Stop calling."), {}, None, "do_not_call", True),
]


@pytest.mark.parametrize(("transcript", "values", "reason", "outcome", "refused"), SKIPPED)
def test_what_is_skipped_says_why(calls, transcript, values, reason, outcome, refused):
    row = analyse(calls(transcript, **values))
    assert (row.skipped_reason, row.outcome, row.do_not_call) == (reason, outcome, refused)
    if reason == "no_consent":
        assert not any(each["words"] for each in row.evidence)
        assert (row.summary, row.key_points, row.lead_extraction, row.follow_up_at) == ("", [], {}, None)


def test_a_call_that_goes_on_is_not_analysed(calls, tenant):
    call = calls(BOOKED, status="ongoing", ended_at=None, duration_seconds=0)
    with pytest.raises(CallNotOver):
        analyse(call)
    with tenant_context(tenant.pk):
        assert not CallAnalysis.objects.exists()


def test_requested_analyses_are_made_once_and_survive_their_worker(calls, tenant, member):
    call, open_call = calls(BOOKED), calls(BOOKED, status="ongoing", ended_at=None, duration_seconds=0)
    with tenant_context(tenant.pk):
        assert queue.request_analyses([call.pk, open_call.pk], actor=member) == 1
        assert queue.request_analyses([call.pk], actor=member) == 1
    claimed = queue.queue.claim()
    assert claimed is not None
    assert queue.run_due()
    with platform_context(tenant_id=tenant.pk):
        # Its worker has it, and dies.
        assert CallAnalysisRequest.objects.get().state == RequestState.WORKING
        assert not CallAnalysis.objects.exists()
        assert not queue.has_work()
    two_minutes_later(tenant)
    with platform_context():
        assert queue.has_work()
    assert queue.run_due()
    with platform_context(tenant_id=tenant.pk):
        assert not CallAnalysisRequest.objects.exists()
        assert CallAnalysis.objects.get().outcome == "meeting_booked"


def test_an_analysis_that_waits_for_a_model_is_not_made_twice(calls, tenant, connect, monkeypatch):  # noqa: F811
    connect(seconds_per_call=60)
    call = calls(BOOKED)

    def wait(question, **values):
        assert question.connection.seconds_per_call == 60
        two_minutes_later(tenant)
        with platform_context():
            assert not queue.has_work()
        assert queue.run_due()
        return complete(question, **values)

    monkeypatch.setattr(services, "complete", wait)
    with tenant_context(tenant.pk):
        queue.request_analyses([call.pk])
    assert queue.run_due()
    with platform_context(tenant_id=tenant.pk):
        assert (CallAnalysis.objects.get().version, CallAnalysis.objects.get().model) == (1, "sandbox-good")
        assert not CallAnalysisRequest.objects.exists()


def test_a_worker_that_was_held_up_asks_no_model(calls, tenant, connect, sandbox, monkeypatch):  # noqa: F811
    connect()
    call, read = calls(BOOKED), reader.read
    before = len(sandbox.log("model_call"))

    def held_up(transcript, **values):
        monkeypatch.undo()
        two_minutes_later(tenant)
        assert queue.run_due()
        return read(transcript, **values)

    monkeypatch.setattr(reader, "read", held_up)
    with tenant_context(tenant.pk):
        queue.request_analyses([call.pk])
    assert queue.run_due()
    assert len(sandbox.log("model_call")) == before + 1
    with platform_context(tenant_id=tenant.pk):
        assert CallAnalysis.objects.get().version == 1


def two_minutes_later(tenant: Tenant) -> None:
    """Let the leases of the tenant's requests be two minutes older."""
    with platform_context(tenant_id=tenant.pk):
        CallAnalysisRequest.objects.update(lease_until=F("lease_until") - timedelta(minutes=2, seconds=1))


def test_an_analysis_that_is_requested_while_one_is_made_is_made_too(calls, tenant, monkeypatch):
    call = calls(BOOKED)

    def request() -> None:
        with tenant_context(tenant.pk):
            queue.request_analyses([call.pk])

    def analyse_and_request(call, **values):
        monkeypatch.undo()
        request()
        return analyse(call, **values)

    monkeypatch.setattr(queue, "analyse", analyse_and_request)
    request()
    assert queue.run_due()
    with tenant_context(tenant.pk):
        assert CallAnalysis.objects.get().version == 2


def test_a_call_that_cannot_be_analysed_waits_and_holds_back_no_other(calls, tenant, monkeypatch):
    bad, good = calls(BOOKED), calls(BOOKED)
    real = reader.read

    def read(transcript, **values):
        if transcript and transcript[0]["text"] == "boom":
            raise RuntimeError("boom")
        return real(transcript, **values)

    monkeypatch.setattr(reader, "read", read)
    with platform_context(tenant_id=tenant.pk):
        CallLog.objects.filter(pk=bad.pk).update(transcripts=[{"role": "agent", "text": "boom"}])
    with tenant_context(tenant.pk):
        queue.request_analyses([bad.pk, good.pk])
    assert queue.run_due()
    with platform_context(tenant_id=tenant.pk):
        assert CallAnalysis.objects.get().call_log_id == good.pk
        waiting = CallAnalysisRequest.objects.get()
    assert (waiting.call_log_id, waiting.state, waiting.error) == (bad.pk, RequestState.QUEUED, queue.UNEXPECTED)
    assert waiting.next_attempt_at > waiting.created_at


def test_the_api_analyses_one_call_and_many(calls, tenant, member, viewer, other_owner, api):
    call, other = calls(BOOKED), calls(talk("A: Hi.", "P: Wrong number, sorry."))
    url = f"/api/v1/voice-call-logs/{call.pk}/analyse/"
    assert problem(api(viewer).post(url))[0] == 403
    assert problem(api(other_owner).post(url))[0] in (403, 404)
    answer = api(member).post(url)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["version"]) == (200, "meeting_booked", 1)
    many = "/api/v1/voice-call-logs/analyse/"
    assert problem(api(member).post(many, {}, format="json")) == (400, "invalid")
    assert problem(api(viewer).post(many, {"calls": [str(call.pk)]}, format="json"))[0] == 403
    started = api(member).post(many, {"ended_after": BEGAN.isoformat()}, format="json")
    assert started.status_code == 202, started.content
    run_jobs()
    assert queue.run_due()
    listed = api(viewer).get("/api/v1/voice-call-analysis/").json()["results"]
    assert {each["call_log"]: (each["outcome"], each["version"]) for each in listed} == {
        str(call.pk): ("meeting_booked", 2),
        str(other.pk): ("wrong_person", 1),
    }


def test_the_calls_page_has_the_words_and_the_button(calls, tenant, member, viewer, admin_of):
    call = calls(BOOKED)
    browser = admin_of(member)
    page = f"/admin/voice/calllog/{call.pk}/change/"
    assert "Analyse again" in browser.get(page).content.decode()
    assert "Analyse again" not in admin_of(viewer).get(page).content.decode()
    done = browser.post(f"/admin/voice/calllog/{call.pk}/analyse_again/", {}, follow=True).content.decode()
    assert "The call was analysed: Meeting booked." in done
    assert "Team size: 12" in done
    assert "“twelve”" in done
    assert "Tuesday, 1 December 2026, 15:00 (Europe/London)" in done
    assert "Version 1, read by LAD&#x27;s own reader." in done


def test_an_agents_fields_are_written_as_lines(tenant, owner, admin_of):
    with platform_context(tenant_id=tenant.pk):
        agent = VoiceAgentFactory.create()
    browser = admin_of(owner)
    url = f"/admin/voice/voiceagent/{agent.pk}/change/"
    form = untouched(browser.get(url), VoiceAgent)
    lines = "team_size | whole number | How many people\nplan | one of basic, pro | The plan"
    saved = browser.post(url, {**form, "analysis_fields": lines}, follow=True)
    with platform_context(tenant_id=tenant.pk):
        fields = VoiceAgent.objects.get(pk=agent.pk).analysis_fields
    assert fields == {
        "type": "object",
        "properties": {
            "team_size": {"type": "integer", "description": "How many people"},
            "plan": {"enum": ["basic", "pro"], "description": "The plan"},
        },
    }, saved.content.decode()[:500]
    assert "team_size | whole number | How many people" in browser.get(url).content.decode()
    wrong = browser.post(url, {**form, "analysis_fields": "Team | colour"}).content.decode()
    assert "write a name of its own in small letters" in wrong
