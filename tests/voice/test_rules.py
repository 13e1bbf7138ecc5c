"""Constraints of the voice tables, whoever writes to them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from lad.phones import Phone, parse
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.tenants import MemberFactory
from tests.factories.voice import (
    CallAnalysisFactory,
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    VoiceFactory,
    VoiceNumberFactory,
    VoicePermissionFactory,
    VoiceProfileFactory,
)
from voice.agents.models import VoicePermission
from voice.calls.models import CallLog
from voice.statuses import BatchStatus, CallStatus

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER = START + timedelta(seconds=30)


def refused(factory: Any, constraint: str, **values: Any) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        factory.create(**values)
    assert constraint in str(error.value)


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("ends_after_start", {"status": "ended", "started_at": LATER, "ended_at": START}),
        ("ended_when_over", {"status": "ongoing", "started_at": START, "ended_at": LATER}),
        (
            "duration_fits",
            {"status": "ended", "started_at": START, "ended_at": LATER, "duration_seconds": 31},
        ),
        ("duration_seconds_check", {"duration_seconds": -1}),
        ("cost_positive", {"cost": Decimal("-0.01")}),
        ("currency_code", {"currency": "usd"}),
        ("recording_url_web", {"recording_url": "gs://bucket/recording.wav"}),
        ("phone", {"to_country_code": "39"}),
        ("phone", {"to_base_number": 0}),
        # Only a caller may withhold the number, and wholly.
        ("phone", {"to_country_code": "", "to_base_number": 0, "to_leading_zeros": 0}),
        ("phone", {"direction": "inbound", "to_base_number": 0}),
        ("campaign_named", {"campaign": None, "campaign_step": None, "lead": None}),
    ],
)
def test_an_impossible_call_is_refused(tenant: Tenant, constraint: str, values: dict[str, Any]) -> None:
    with platform_context(tenant_id=tenant.pk):
        if "campaign" in values:
            whole = CallLogFactory.create()
            with pytest.raises(IntegrityError) as error, transaction.atomic():
                CallLog.objects.filter(pk=whole.pk).update(campaign=None)
            assert "campaign_named" in str(error.value)
            return
        refused(CallLogFactory, f"voice_call_logs_{constraint}", **values)


def test_a_started_second_counts_and_a_call_may_end_without_a_start(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        end = START + timedelta(seconds=29, milliseconds=200)
        CallLogFactory.create(status="ended", started_at=START, ended_at=end, duration_seconds=30)
        CallLogFactory.create(status="ended", ended_at=START, duration_seconds=300)
        # Carriers do not always report when an inbound call ended.
        CallLogFactory.create(status="ended", direction="inbound")


def test_a_call_has_one_analysis(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        first = CallAnalysisFactory.create()
        refused(CallAnalysisFactory, "voice_call_analysis_call_key", call_log=first.call_log)


def test_a_tenant_has_a_number_once_until_it_is_deleted(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        first = VoiceNumberFactory.create()
        same = {"base_number": first.base_number}
        refused(VoiceNumberFactory, "voice_agent_numbers_number_key", **same)
        VoiceNumberFactory.create(**same, leading_zeros=0)
        first.delete()
        VoiceNumberFactory.create(**same)
    with platform_context(tenant_id=other_tenant.pk):
        VoiceNumberFactory.create(**same)


def test_a_leading_zero_is_kept(tenant: Tenant) -> None:
    phone = parse("+39 06 5550 1234")
    with platform_context(tenant_id=tenant.pk):
        row = VoiceNumberFactory.create(
            country_code=phone.country_code, base_number=phone.base_number, leading_zeros=phone.leading_zeros
        )
        row.refresh_from_db()
    assert row.phone == phone == Phone("+39", 655501234, 1)
    assert str(row) == "+390655501234"


def test_a_permission_needs_a_target_and_is_unique(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        refused(VoicePermissionFactory, "voice_permissions_target", number=None, voice=None)
        first = VoicePermissionFactory.create()
        again = {"user": first.user, "number": first.number}
        refused(VoicePermissionFactory, "voice_permissions_target_key", **again)
        voice = VoiceFactory.create()
        VoicePermissionFactory.create(**again, voice=voice)
        VoicePermissionFactory.create(user=first.user, number=None, voice=voice)
        refused(VoicePermissionFactory, "voice_permissions_target_key", user=first.user, number=None, voice=voice)
        first.delete()
        VoicePermissionFactory.create(**again)
        assert VoicePermission.objects.count() == 3


def test_a_member_has_one_profile(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        user = MemberFactory.create()
        first = VoiceProfileFactory.create(user=user)
        refused(VoiceProfileFactory, "voice_user_profiles_user_key", user=user)
        first.delete()
        VoiceProfileFactory.create(user=user)


def test_a_providers_voice_is_unique_even_without_a_tenant(tenant: Tenant) -> None:
    with platform_context():
        VoiceFactory.create(tenant_id=None, provider_voice_id="one")
        refused(VoiceFactory, "voice_agent_voices_provider_key", tenant_id=None, provider_voice_id="one")
    with platform_context(tenant_id=tenant.pk):
        VoiceFactory.create(provider_voice_id="one")


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("counters", {"total_calls": 3, "completed_calls": 2, "failed_calls": 2}),
        ("finished_after_start", {"status": "completed", "started_at": LATER, "finished_at": START}),
        ("finished_when_over", {"status": "completed", "started_at": START}),
        ("finished_when_over", {"status": "queued", "finished_at": START}),
        ("running_started", {"status": "running"}),
        ("completed_calls_check", {"completed_calls": -1}),
    ],
)
def test_an_impossible_batch_is_refused(tenant: Tenant, constraint: str, values: dict[str, Any]) -> None:
    with platform_context(tenant_id=tenant.pk):
        refused(CallBatchFactory, f"voice_call_batches_{constraint}", **values)


@pytest.mark.parametrize("status", [BatchStatus.STOPPED, BatchStatus.CANCELLED, BatchStatus.FAILED])
def test_a_batch_may_finish_without_having_started(tenant: Tenant, status: BatchStatus) -> None:
    with platform_context(tenant_id=tenant.pk):
        assert CallBatchFactory.create(status=status, finished_at=START).pk


def test_an_entry_needs_a_number_that_is_unique_in_its_batch(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        refused(CallBatchEntryFactory, "voice_call_batch_entries_phone", lead=None, to_phone="")
        refused(CallBatchEntryFactory, "voice_call_batch_entries_phone", to_phone="0201234567")
        refused(CallBatchEntryFactory, "voice_call_batch_entries_retries", retry_count=11)
        first = CallBatchEntryFactory.create(lead=None)
        refused(CallBatchEntryFactory, "phone_key", batch=first.batch, to_phone=first.to_phone)
        CallBatchEntryFactory.create(to_phone=first.to_phone)
        call = CallLogFactory.create(status=CallStatus.RINGING)
        CallBatchEntryFactory.create(call_log=call)
        refused(CallBatchEntryFactory, "call_key", call_log=call)


def test_an_entry_keeps_its_number_when_its_lead_is_deleted_for_good(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        entry = CallBatchEntryFactory.create()
        Lead.all_objects.filter(pk=entry.lead_id).hard_delete()
        entry.refresh_from_db()
        assert entry.lead_id is None
        assert entry.to_phone
