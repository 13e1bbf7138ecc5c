"""Calls on their way: reports in any order, and what follows from them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, CampaignStepFactory
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory
from tests.tenants.helpers import events
from voice.calls.models import CallLog
from voice.calls.services import CallIsOver, Report, record_call_details, record_call_status
from voice.statuses import BatchStatus, CallStatus, EntryStatus, UnknownStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def call(tenant: Tenant) -> CallLog:
    with platform_context(tenant_id=tenant.pk):
        return CallLogFactory.create()


def report(tenant: Tenant, call: CallLog, status: str, *, now: datetime = NOW, **known: Any) -> CallLog:
    with tenant_context(tenant.pk):
        return record_call_status(call=call, status=status, report=Report(**known), now=now)


def test_a_call_rings_is_answered_and_ends(tenant: Tenant, call: CallLog) -> None:
    assert report(tenant, call, "ringing").status == CallStatus.RINGING
    assert report(tenant, call, "in_progress", now=NOW + timedelta(seconds=5)).started_at == NOW + timedelta(seconds=5)
    over = report(tenant, call, "completed", now=NOW + timedelta(seconds=65))
    assert (over.status, over.duration_seconds) == (CallStatus.ENDED, 60)
    assert over.ended_at == NOW + timedelta(seconds=65)
    [started] = events("voice.call.started", tenant.pk)
    [ended] = events("voice.call.ended", tenant.pk)
    assert started.aggregate_id == ended.aggregate_id == call.pk
    assert ended.payload["duration_seconds"] == 60
    assert ended.payload["lead_id"] == str(call.lead_id)


@pytest.mark.parametrize("late", ["ringing", "ongoing", "ended", "failed", "cancelled"])
def test_a_call_that_is_over_stays_as_it_was(tenant: Tenant, call: CallLog, late: str) -> None:
    report(tenant, call, "busy")
    told = len(events("voice.call.ended", tenant.pk))
    again = report(tenant, call, late, now=NOW + timedelta(hours=1))
    assert again.status == CallStatus.DECLINED
    assert again.ended_at == NOW
    assert len(events("voice.call.ended", tenant.pk)) == told
    assert events("voice.call.started", tenant.pk) == events("voice.call.failed", tenant.pk) == []


def test_a_call_does_not_go_back(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing")
    assert report(tenant, call, "ringing").status == CallStatus.ONGOING
    assert report(tenant, call, "started", now=NOW + timedelta(minutes=1)).started_at == NOW
    assert len(events("voice.call.started", tenant.pk)) == 1


def test_a_failed_call_says_why(tenant: Tenant, call: CallLog) -> None:
    failed = report(tenant, call, "not_reachable", reason="The number is not in service.")
    assert failed.duration_seconds == 0
    assert failed.metadata == {"provider_status": "not_reachable", "reason": "The number is not in service."}
    [event] = events("voice.call.failed", tenant.pk)
    assert event.payload["reason"] == "The number is not in service."
    assert events("voice.call.ended", tenant.pk) == []


def test_what_the_carrier_measured_counts_but_never_more_than_the_time_between(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing")
    over = report(tenant, call, "ended", ended_at=NOW + timedelta(seconds=30), duration_seconds=45)
    assert over.duration_seconds == 30


def test_a_call_known_only_by_its_end_and_length_gets_its_start(tenant: Tenant, call: CallLog) -> None:
    over = report(tenant, call, "ended", ended_at=NOW, duration_seconds=90)
    assert over.started_at == NOW - timedelta(seconds=90)
    assert len(events("voice.call.started", tenant.pk)) == 1


def test_clocks_that_disagree_do_not_lose_the_report(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing", at=NOW + timedelta(seconds=3))
    over = report(tenant, call, "ended", ended_at=NOW)
    assert over.started_at == over.ended_at == NOW
    assert over.duration_seconds == 0


def test_an_unknown_status_changes_nothing(tenant: Tenant, call: CallLog) -> None:
    with pytest.raises(UnknownStatus):
        report(tenant, call, "teleported")
    with platform_context():
        assert CallLog.objects.get(pk=call.pk).status == CallStatus.PENDING


def test_details_come_after_the_end_and_may_come_twice(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ended")
    with tenant_context(tenant.pk):
        for _ in range(2):
            row = record_call_details(
                call=call,
                recording_url="https://recordings.example/1.mp3?sig=abc",
                transcripts={"messages": [{"role": "bot", "message": "Hello"}]},
                cost=Decimal("0.12"),
                cost_breakdown=[{"component": "tts", "amount": 12, "rate": "0.01", "cost": "0.12"}],
            )
    assert row.transcripts == [{"role": "agent", "text": "Hello"}]
    assert row.cost == Decimal("0.12")
    assert row.status == CallStatus.ENDED


@pytest.mark.parametrize("address", ["gs://bucket/recording.wav", "javascript:alert(1)", "ftp://files.example/a.mp3"])
def test_a_recording_has_an_address_a_browser_may_follow(tenant: Tenant, call: CallLog, address: str) -> None:
    with tenant_context(tenant.pk), pytest.raises(Invalid) as refusal:
        record_call_details(call=call, recording_url=address)
    assert "recording_url" in refusal.value.errors


def test_no_event_tells_where_a_recording_is_or_what_was_said(tenant: Tenant, call: CallLog) -> None:
    with tenant_context(tenant.pk):
        record_call_details(call=call, recording_url="https://recordings.example/x?sig=abc", transcripts="Agent: Psst")
    report(tenant, call, "ended")
    told = "".join(str(event.payload) for kind in ("started", "ended") for event in events(f"voice.call.{kind}"))
    assert told
    assert "recordings.example" not in told
    assert "Psst" not in told


def test_the_entry_and_its_batch_follow_the_call(tenant: Tenant, call: CallLog) -> None:
    with platform_context(tenant_id=tenant.pk):
        batch = CallBatchFactory.create(total_calls=2)
        entry = CallBatchEntryFactory.create(batch=batch, call_log=call, status=EntryStatus.DISPATCHED)
        other = CallBatchEntryFactory.create(batch=batch)
    report(tenant, call, "ringing")
    with platform_context():
        batch.refresh_from_db()
        assert (batch.status, batch.started_at) == (BatchStatus.RUNNING, NOW)
    report(tenant, call, "no_answer")
    report(tenant, call, "no_answer")
    with platform_context():
        batch.refresh_from_db()
        entry.refresh_from_db()
        assert (batch.total_calls, batch.completed_calls, batch.failed_calls) == (2, 0, 1)
        assert entry.status == EntryStatus.DECLINED
    with platform_context(tenant_id=tenant.pk):
        last = CallLogFactory.create()
        type(other).objects.filter(pk=other.pk).update(call_log=last, status=EntryStatus.DISPATCHED)
    report(tenant, last, "ended", now=NOW + timedelta(minutes=9))
    with platform_context():
        batch.refresh_from_db()
    assert (batch.status, batch.completed_calls, batch.failed_calls) == (BatchStatus.COMPLETED, 1, 1)
    assert batch.finished_at == NOW + timedelta(minutes=9)
    [completed] = events("voice.call_batch.completed", tenant.pk)
    assert completed.payload == {"total_calls": 2, "completed_calls": 1, "failed_calls": 1}
    assert len(events("voice.call_batch.started", tenant.pk)) == 1


def test_staff_correct_a_call_forward_only(tenant: Tenant, call: CallLog) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = writes.update(call, {"status": CallStatus.ENDED})
        assert row.status == CallStatus.ENDED
        with pytest.raises(CallIsOver):
            writes.update(CallLog.objects.get(pk=call.pk), {"status": CallStatus.ONGOING})
    assert len(events("voice.call.ended", tenant.pk)) == 1


def test_a_call_belongs_to_one_campaign(tenant: Tenant, call: CallLog) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = CampaignFactory.create()
        for values in (
            {"campaign_lead": CampaignLeadFactory.create(campaign=other)},
            {"campaign_step": CampaignStepFactory.create(campaign=other)},
        ):
            with pytest.raises(Invalid) as refusal:
                writes.update(call, values)
            assert set(refusal.value.errors) == set(values)
