"""Recording call statuses in any order, and their effects on batches and events."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, CampaignStepFactory
from tests.factories.leads import LeadFactory
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory
from tests.support.database import refuses
from tests.support.events import events
from voice.calls.models import CallLog
from voice.calls.services import CallFinished, CallReport, record_call_details, record_call_status
from voice.statuses import BatchStatus, CallStatus, EntryStatus, UnknownStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def call(tenant: Tenant) -> CallLog:
    with platform_context(tenant_id=tenant.pk):
        return CallLogFactory.create()


def report(tenant: Tenant, call: CallLog, status: str, *, now: datetime = NOW, **known: Any) -> CallLog:
    with tenant_context(tenant.pk):
        return record_call_status(call=call, status=status, report=CallReport(**known), now=now)


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
def test_a_finished_call_ignores_later_reports(tenant: Tenant, call: CallLog, late: str) -> None:
    report(tenant, call, "busy")
    count = len(events("voice.call.ended", tenant.pk))
    again = report(tenant, call, late, now=NOW + timedelta(hours=1))
    assert again.status == CallStatus.DECLINED
    assert again.ended_at == NOW
    assert len(events("voice.call.ended", tenant.pk)) == count
    assert events("voice.call.started", tenant.pk) == events("voice.call.failed", tenant.pk) == []


def test_a_call_never_goes_back(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing")
    assert report(tenant, call, "ringing").status == CallStatus.ONGOING
    assert report(tenant, call, "started", now=NOW + timedelta(minutes=1)).started_at == NOW
    assert len(events("voice.call.started", tenant.pk)) == 1


def test_a_failed_call_stores_the_reason(tenant: Tenant, call: CallLog) -> None:
    failed = report(tenant, call, "not_reachable", reason="The number is not in service.")
    assert failed.duration_seconds == 0
    assert failed.metadata == {"provider_status": "not_reachable", "reason": "The number is not in service."}
    [event] = events("voice.call.failed", tenant.pk)
    assert event.payload["reason"] == "The number is not in service."
    assert events("voice.call.ended", tenant.pk) == []


def test_the_carriers_duration_is_cut_to_the_time_from_start_to_end(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing")
    over = report(tenant, call, "ended", ended_at=NOW + timedelta(seconds=30), duration_seconds=45)
    assert over.duration_seconds == 30


def test_a_call_reported_with_its_end_and_duration_gets_a_start(tenant: Tenant, call: CallLog) -> None:
    over = report(tenant, call, "ended", ended_at=NOW, duration_seconds=90)
    assert over.started_at == NOW - timedelta(seconds=90)
    assert len(events("voice.call.started", tenant.pk)) == 1


def test_a_report_that_ends_before_the_start_is_still_recorded(tenant: Tenant, call: CallLog) -> None:
    report(tenant, call, "ongoing", at=NOW + timedelta(seconds=3))
    over = report(tenant, call, "ended", ended_at=NOW)
    assert over.started_at == over.ended_at == NOW
    assert over.duration_seconds == 0


def test_an_unknown_status_changes_nothing(tenant: Tenant, call: CallLog) -> None:
    with pytest.raises(UnknownStatus):
        report(tenant, call, "teleported")
    with platform_context():
        assert CallLog.objects.get(pk=call.pk).status == CallStatus.PENDING


def test_details_may_arrive_after_the_end_and_twice(tenant: Tenant, call: CallLog) -> None:
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
def test_a_recording_url_must_be_http_or_https(tenant: Tenant, call: CallLog, address: str) -> None:
    with tenant_context(tenant.pk), pytest.raises(Invalid) as error:
        record_call_details(call=call, recording_url=address)
    assert "recording_url" in error.value.errors


def test_no_event_holds_a_recording_url_or_a_transcript(tenant: Tenant, call: CallLog) -> None:
    with tenant_context(tenant.pk):
        record_call_details(call=call, recording_url="https://recordings.example/x?sig=abc", transcripts="Agent: Psst")
    report(tenant, call, "ended")
    payloads = "".join(str(event.payload) for kind in ("started", "ended") for event in events(f"voice.call.{kind}"))
    assert payloads
    assert "recordings.example" not in payloads
    assert "Psst" not in payloads


def test_a_call_updates_its_entry_and_batch(tenant: Tenant, call: CallLog) -> None:
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


def test_staff_can_only_move_a_call_forward(tenant: Tenant, call: CallLog) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = writes.update(call, {"status": CallStatus.ENDED})
        assert row.status == CallStatus.ENDED
        with refuses(CallFinished):
            writes.update(CallLog.objects.get(pk=call.pk), {"status": CallStatus.ONGOING})
    assert len(events("voice.call.ended", tenant.pk)) == 1


def test_the_enrolment_and_step_must_belong_to_the_calls_campaign(tenant: Tenant, call: CallLog) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = CampaignFactory.create()
        for values in (
            {"campaign_lead": CampaignLeadFactory.create(campaign=other)},
            {"campaign_step": CampaignStepFactory.create(campaign=other)},
        ):
            with pytest.raises(Invalid) as error:
                writes.update(call, values)
            assert set(error.value.errors) == set(values)


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_an_answered_call_is_contact_with_the_lead(tenant: Tenant, direction: str) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(last_activity_at=None, last_contacted_at=None)
        call = CallLogFactory.create(lead=lead, direction=direction)
    report(tenant, call, "ringing")
    assert contact_times(lead) == (None, None)
    report(tenant, call, "answered", at=NOW)
    assert contact_times(lead) == (NOW, NOW)
    report(tenant, call, "completed", ended_at=NOW + timedelta(minutes=3))
    assert contact_times(lead) == (NOW + timedelta(minutes=3), NOW + timedelta(minutes=3))


def test_a_call_nobody_answered_is_activity_but_no_contact(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(last_activity_at=None, last_contacted_at=None)
        call = CallLogFactory.create(lead=lead)
    report(tenant, call, "no_answer", ended_at=NOW)
    assert contact_times(lead) == (NOW, None)


def test_a_call_reported_late_moves_the_leads_last_contact_nowhere(tenant: Tenant) -> None:
    later = NOW + timedelta(days=1)
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(last_activity_at=later, last_contacted_at=later)
        call = CallLogFactory.create(lead=lead)
    report(tenant, call, "completed", ended_at=NOW)
    assert contact_times(lead) == (later, later)


def contact_times(lead: Lead) -> tuple[datetime | None, datetime | None]:
    with platform_context():
        row = Lead.objects.get(pk=lead.pk)
    return row.last_activity_at, row.last_contacted_at
