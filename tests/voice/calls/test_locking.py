"""The order in which a call, its entry and its batch are locked."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import superuser_connection
from voice.batches.models import CallBatchEntry
from voice.calls.services import lock_call
from voice.statuses import BatchStatus, CallStatus, EntryStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PARTS = {
    "batch": "SELECT FROM voice_call_batches WHERE id = %s",
    "entry": "SELECT FROM voice_call_batch_entries WHERE id = %s",
    "call": "SELECT FROM voice_call_logs WHERE id = %s",
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entry(tenant: Tenant) -> CallBatchEntry:
    with platform_context(tenant_id=tenant.pk):
        batch = CallBatchFactory.create(status=BatchStatus.RUNNING, started_at=NOW, total_calls=1)
        call = CallLogFactory.create(status=CallStatus.ONGOING, started_at=NOW)
        return CallBatchEntryFactory.create(batch=batch, call_log=call, status=EntryStatus.DISPATCHED)


def call_of(entry: CallBatchEntry) -> UUID:
    assert entry.call_log_id is not None
    return entry.call_log_id


@pytest.mark.parametrize(("held", "taken"), [("batch", set()), ("entry", {"batch"}), ("call", {"batch", "entry"})])
def test_the_batch_is_locked_first_then_the_entry_then_the_call(
    tenant: Tenant, entry: CallBatchEntry, held: str, taken: set[str]
) -> None:
    keys = {"batch": entry.batch_id, "entry": entry.pk, "call": call_of(entry)}

    def lock() -> None:
        with tenant_context(tenant.pk):
            lock_call(keys["call"])

    with superuser_connection() as database, superuser_connection() as other:
        database.execute("BEGIN")
        database.execute(f"{PARTS[held]} FOR NO KEY UPDATE", [keys[held]])
        waiting = ConcurrentWork(lock)
        wait_until_blocked()
        found = set()
        for part in PARTS.keys() - {held}:
            try:
                other.execute(f"{PARTS[part]} FOR NO KEY UPDATE NOWAIT", [keys[part]])
            except psycopg.errors.LockNotAvailable:
                found.add(part)
        database.execute("ROLLBACK")
        assert waiting.succeeded()
    assert found == taken


def test_a_locked_call_comes_with_what_others_wrote_while_it_was_waited_for(
    tenant: Tenant, entry: CallBatchEntry
) -> None:
    found: list[object] = []

    def lock() -> None:
        with tenant_context(tenant.pk):
            locked = lock_call(call_of(entry))
            assert locked.entry is not None
            batch, row = locked.entry
            found.extend([batch.failed_calls, row.status, locked.call.status])

    with superuser_connection() as database:
        database.execute("BEGIN")
        database.execute("UPDATE voice_call_batches SET failed_calls = 1 WHERE id = %s", [entry.batch_id])
        waiting = ConcurrentWork(lock)
        wait_until_blocked()
        database.execute("UPDATE voice_call_batch_entries SET status = 'failed' WHERE id = %s", [entry.pk])
        database.execute(
            "UPDATE voice_call_logs SET status = 'failed', ended_at = started_at WHERE id = %s", [entry.call_log_id]
        )
        database.execute("COMMIT")
        assert waiting.succeeded()
    assert found == [1, EntryStatus.FAILED, CallStatus.FAILED]


def test_the_entry_is_left_out_if_it_got_another_call_while_its_batch_was_waited_for(
    tenant: Tenant, entry: CallBatchEntry
) -> None:
    found: list[object] = []
    with platform_context(tenant_id=tenant.pk):
        later = CallLogFactory.create()

    def lock() -> None:
        with tenant_context(tenant.pk):
            locked = lock_call(call_of(entry))
            found.extend([locked.entry, locked.call.pk])

    with superuser_connection() as database:
        database.execute("BEGIN")
        database.execute("UPDATE voice_call_batches SET failed_calls = 1 WHERE id = %s", [entry.batch_id])
        waiting = ConcurrentWork(lock)
        wait_until_blocked()
        database.execute("UPDATE voice_call_batch_entries SET call_log_id = %s WHERE id = %s", [later.pk, entry.pk])
        database.execute("COMMIT")
        assert waiting.succeeded()
    assert found == [None, entry.call_log_id]
