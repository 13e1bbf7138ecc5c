"""Recording the analysis of a call."""

from collections.abc import Callable
from typing import Any

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import CallAnalysisFactory, CallLogFactory
from tests.support.events import events
from voice.analysis.models import CallAnalysis, Disposition, LeadCategory, Sentiment
from voice.analysis.recording import record_analysis, sentiment_for_score
from voice.calls.models import CallLog


@pytest.fixture
def call(tenant: Tenant) -> CallLog:
    with platform_context(tenant_id=tenant.pk):
        return CallLogFactory.create(status="ended")


def record(tenant: Tenant, call: CallLog, **values: Any) -> CallAnalysis:
    with tenant_context(tenant.pk):
        return record_analysis(call=call, values=values)


def test_an_analysis_takes_the_calls_lead_and_recognises_choices_in_any_spelling(tenant: Tenant, call: CallLog) -> None:
    row = record(
        tenant,
        call,
        summary="Agreed to a demo.",
        sentiment="Very Interested",
        lead_category="hot",
        disposition="don't pursue",
        engagement_level="HIGH",
        key_points=["Has a budget"],
    )
    assert row.lead_id == call.lead_id
    assert (row.sentiment, row.lead_category) == (Sentiment.VERY_INTERESTED, LeadCategory.HOT)
    assert (row.disposition, row.engagement_level) == (Disposition.DROP, "high")
    [event] = events("voice.call.analysed", tenant.pk)
    assert event.payload == {
        "call_log_id": str(call.pk),
        "lead_id": str(call.lead_id),
        "outcome": None,
        "answered_by": None,
        "do_not_call": False,
        "follow_up_at": None,
        "skipped_reason": None,
        "version": 1,
        "sentiment": "very_interested",
        "lead_category": "Hot Lead",
        "disposition": "DON'T PURSUE",
        "again": False,
    }


def test_a_second_analysis_is_the_next_version(tenant: Tenant, call: CallLog) -> None:
    first = record(tenant, call, summary="Warm.", sentiment="positive", key_points=["One"], disposition="nurture")
    second = record(tenant, call, summary="Cold after all.", sentiment="negative")
    assert second.pk == first.pk
    assert (second.summary, second.key_points, second.disposition) == ("Cold after all.", [], None)
    assert [event.payload["again"] for event in events("voice.call.analysed", tenant.pk)] == [False, True]
    with platform_context():
        assert CallAnalysis.objects.filter(call_log=call).count() == 1


def test_text_that_matches_no_choice_goes_to_the_raw_analysis(tenant: Tenant, call: CallLog) -> None:
    row = record(tenant, call, sentiment="The caller was rather pleased.", raw_analysis={"score": 71})
    assert row.sentiment is None
    assert row.raw_analysis == {"score": 71, "sentiment": "The caller was rather pleased."}


@pytest.mark.parametrize(
    "values", [{"call_log": "other"}, {"no_such": 1}, {"key_points": "One"}, {"cost": -1}], ids=str
)
def test_invalid_fields_are_refused(tenant: Tenant, call: CallLog, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as error:
        record(tenant, call, **values)
    assert error.value.errors
    with platform_context():
        assert not CallAnalysis.objects.exists()


@pytest.mark.parametrize(
    ("score", "sentiment"), [(100, "positive"), (60, "positive"), (59.9, "neutral"), (40, "neutral"), (39, "negative")]
)
def test_a_score_gives_a_sentiment(score: float, sentiment: str) -> None:
    assert sentiment_for_score(score) == sentiment


def test_an_analysis_cannot_move_to_another_call(tenant: Tenant, call: CallLog) -> None:
    row = record(tenant, call, summary="Fine.")
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid):
        writes.update(row, {"call_log": CallLogFactory.create()})


def test_a_call_is_read_with_its_analysis(tenant: Tenant, viewer: User, api: Callable[..., Any], call: CallLog) -> None:
    url = f"/api/v1/voice-call-logs/{call.pk}/"
    assert api(viewer).get(url, {"include": "analysis"}).json()["analysis"] is None
    with platform_context(tenant_id=tenant.pk):
        CallAnalysisFactory.create(call_log=call, summary="Fine.")
    assert api(viewer).get(url, {"include": "analysis"}).json()["analysis"]["summary"] == "Fine."


def test_a_list_of_calls_leaves_out_transcripts(
    tenant: Tenant, viewer: User, api: Callable[..., Any], call: CallLog
) -> None:
    with platform_context():
        CallLog.objects.filter(pk=call.pk).update(transcripts=[{"role": "agent", "text": "Hello"}])
    [listed] = api(viewer).get("/api/v1/voice-call-logs/").json()["results"]
    assert "transcripts" not in listed
    assert listed["to_phone"].startswith("+44")
    assert api(viewer).get(f"/api/v1/voice-call-logs/{call.pk}/").json()["transcripts"] == [
        {"role": "agent", "text": "Hello"}
    ]
