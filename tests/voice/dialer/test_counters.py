"""Counters of a batch by what its calls add, and entries that wait for another attempt."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory
from tests.support.events import events
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.carriers.outcomes import Outcome
from voice.statuses import BatchStatus, CallStatus, EntryStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def calls(tenant: Tenant) -> list[CallLog]:
    """Three ongoing calls of one batch."""
    with platform_context(tenant_id=tenant.pk):
        batch = CallBatchFactory.create(status=BatchStatus.RUNNING, started_at=NOW, total_calls=3)
        made = [CallLogFactory.create(status=CallStatus.ONGOING, started_at=NOW) for _number in range(3)]
        for call in made:
            CallBatchEntryFactory.create(batch=batch, call_log=call, status=EntryStatus.DISPATCHED)
    return made


def end(tenant: Tenant, call: CallLog, status: str, **values: Any) -> int:
    """End a call and return how often the batch was recounted for it."""
    with tenant_context(tenant.pk), CaptureQueriesContext(connection) as queries:
        record_call_status(call=call, status=status, now=NOW, **values)
    return sum("count(*) FILTER" in query["sql"] for query in queries)


def batch_of(tenant: Tenant) -> CallBatch:
    with platform_context(tenant_id=tenant.pk):
        return CallBatch.objects.get()


def test_a_batch_is_recounted_once_when_its_last_call_is_over(tenant: Tenant, calls: list[CallLog]) -> None:
    assert [end(tenant, call, status) for call, status in zip(calls, ("ended", "busy", "failed"), strict=True)] == [
        0,
        0,
        1,
    ]
    after = batch_of(tenant)
    assert (after.status, after.completed_calls, after.failed_calls) == (BatchStatus.COMPLETED, 1, 2)
    assert end(tenant, calls[0], "failed") == 0  # a late report
    assert len(events("voice.call_batch.completed", tenant.pk)) == 1


def test_an_entry_that_is_tried_again_counts_when_it_is_over(tenant: Tenant, calls: list[CallLog]) -> None:
    end(tenant, calls[0], "busy", outcome=Outcome.BUSY, cause="486", retry_at=LATER)
    with platform_context(tenant_id=tenant.pk):
        entry = CallBatchEntry.objects.get(call_log=calls[0])
        call = CallLog.objects.get(pk=calls[0].pk)
    assert (entry.status, entry.retry_count, entry.next_attempt_at) == (EntryStatus.QUEUED, 1, LATER)
    assert (call.outcome, call.cause, entry.outcome) == (Outcome.BUSY, "486", Outcome.BUSY)
    assert batch_of(tenant).failed_calls == 0
    end(tenant, calls[1], "ended")
    end(tenant, calls[2], "ended")
    assert batch_of(tenant).status == BatchStatus.RUNNING


def test_nothing_is_tried_again_in_a_batch_that_is_over(tenant: Tenant, calls: list[CallLog]) -> None:
    with platform_context(tenant_id=tenant.pk):
        CallBatch.objects.update(status=BatchStatus.STOPPED, finished_at=NOW)
    end(tenant, calls[0], "busy", outcome=Outcome.BUSY, retry_at=LATER)
    with platform_context(tenant_id=tenant.pk):
        entry = CallBatchEntry.objects.get(call_log=calls[0])
    assert (entry.status, entry.retry_count) == (EntryStatus.DECLINED, 0)
    assert batch_of(tenant).failed_calls == 1


def test_counters_that_somebody_wrote_wrongly_are_put_right(tenant: Tenant, calls: list[CallLog]) -> None:
    with platform_context(tenant_id=tenant.pk):
        CallBatch.objects.update(completed_calls=3)
    assert end(tenant, calls[0], "busy") == 1
    after = batch_of(tenant)
    assert (after.status, after.completed_calls, after.failed_calls) == (BatchStatus.RUNNING, 0, 1)
