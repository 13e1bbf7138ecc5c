"""Counting batches whose calls end at the same time."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from lad.tenancy.context import platform_context, tenant_context
from tests.factories.tenants import TenantFactory
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory
from tests.support.concurrency import run_together
from tests.support.events import events
from voice.batches.models import CallBatch
from voice.batches.services.lifecycle import cancel_batch
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.statuses import BatchStatus, CallStatus, EntryStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def _running(calls: int) -> tuple[CallBatch, list[CallLog]]:
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        batch = CallBatchFactory.create(status=BatchStatus.RUNNING, started_at=NOW, total_calls=calls)
        made = [CallLogFactory.create(status=CallStatus.ONGOING, started_at=NOW) for _ in range(calls)]
        for call in made:
            CallBatchEntryFactory.create(batch=batch, call_log=call, status=EntryStatus.DISPATCHED)
    return batch, made


def _end(tenant_id: UUID, call: CallLog, status: str) -> Any:
    with tenant_context(tenant_id):
        return record_call_status(call=call, status=status, now=NOW)


def _now(batch: CallBatch) -> CallBatch:
    with platform_context():
        return CallBatch.objects.get(pk=batch.pk)


def test_calls_that_end_at_once_are_all_counted_and_complete_the_batch_once() -> None:
    batch, calls = _running(4)
    ends = [partial(_end, batch.tenant_id, call, status) for call in calls for status in ("ended", "completed")]
    assert not [result for result in run_together(*ends) if isinstance(result, Exception)]
    after = _now(batch)
    assert (after.status, after.completed_calls, after.failed_calls) == (BatchStatus.COMPLETED, 4, 0)
    assert len(events("voice.call_batch.completed", batch.tenant_id)) == 1
    assert len(events("voice.call.ended", batch.tenant_id)) == 4


def test_cancelling_a_batch_while_its_calls_end_neither_deadlocks_nor_miscounts() -> None:
    batch, calls = _running(4)

    def cancel() -> Any:
        with tenant_context(batch.tenant_id):
            return cancel_batch(batch=batch, now=NOW)

    results = run_together(cancel, *(partial(_end, batch.tenant_id, call, "busy") for call in calls))
    after = _now(batch)
    assert (after.total_calls, after.failed_calls) == (4, 4)
    assert after.status in (BatchStatus.CANCELLED, BatchStatus.COMPLETED)
    # Cancelling may fail only if the batch completed first.
    refused = [result for result in results if isinstance(result, Exception)]
    assert [getattr(error, "code", str(error)) for error in refused] == (
        [] if after.status == BatchStatus.CANCELLED else ["batch_is_over"]
    )
