"""Creating, cancelling and stopping call batches through the API."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    VoiceAgentFactory,
    VoiceNumberFactory,
    VoicePermissionFactory,
)
from tests.support.api import problem
from tests.support.database import refuses
from tests.support.events import events
from tests.voice.helpers import create
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services import lifecycle
from voice.batches.services.batches import BatchAlreadyStarted
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.numbers.models import NumberStatus
from voice.statuses import BatchStatus, CallStatus, EntryStatus

URL = "/api/v1/voice-call-batches/"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def entries_of(batch_id: Any) -> list[CallBatchEntry]:
    with platform_context():
        return list(CallBatchEntry.objects.filter(batch=batch_id).order_by("metadata__entry_index", "pk"))


def running(tenant: Tenant, *statuses: EntryStatus, status: str = BatchStatus.RUNNING) -> CallBatch:
    """Create a batch with one entry per status. Dispatched entries have an ongoing call."""
    started = None if status == BatchStatus.QUEUED else NOW
    batch = create(tenant, CallBatchFactory, status=status, started_at=started, total_calls=len(statuses))
    for each in statuses:
        entry = create(tenant, CallBatchEntryFactory, batch=batch, status=each)
        if each == EntryStatus.DISPATCHED:
            call = create(tenant, CallLogFactory, status=CallStatus.ONGOING, started_at=NOW)
            with platform_context():
                CallBatchEntry.objects.filter(pk=entry.pk).update(call_log=call)
    return batch


def test_a_new_batch_is_queued_with_everybody_who_can_be_called(
    tenant: Tenant, other_tenant: Tenant, member: User, ask: Callable[..., Any]
) -> None:
    agent, number = create(tenant, VoiceAgentFactory), create(tenant, VoiceNumberFactory)
    lead = create(tenant, LeadFactory, phone="+390655501234", first_name="Anna", last_name="Bassi")
    without_phone = create(tenant, LeadFactory, phone="", country_code="", base_number=None)
    foreign = create(other_tenant, LeadFactory)
    response = ask(
        member,
        {
            "agent": agent.pk,
            "from_number": str(number.pk),
            "scheduled_at": "2026-03-09T08:00:00Z",
            "metadata": {"base_context": "They asked for a call."},
            "entries": [
                {"lead": str(lead.pk), "context": "Mention the fair."},
                {"phone": "00971 50 123 4567", "name": "Omar"},
                {"phone": "+39 06 5550 1234"},
                {"phone": "12"},
                {"lead": str(without_phone.pk)},
                {"lead": str(foreign.pk)},
                {"lead": str(without_phone.pk), "phone": "+44 20 7946 0123"},
            ],
        },
    )
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["status"], body["total_calls"], body["completed_calls"]) == ("queued", 3, 0)
    assert body["initiated_by_user"] == str(member.pk)
    assert response["Location"] == f"{URL}{body['id']}/"
    assert [(row["index"], row["verdict"]) for row in body["verdicts"]] == [
        (0, "queued"),
        (1, "queued"),
        (2, "duplicate"),
        (3, "invalid_phone"),
        (4, "no_phone"),
        (5, "unknown_lead"),
        (6, "queued"),
    ]
    first, second, third = entries_of(body["id"])
    assert (first.lead_id, first.to_phone) == (lead.pk, "+390655501234")
    assert first.metadata == {"lead_name": "Anna Bassi", "context": "Mention the fair.", "entry_index": 0}
    assert (second.lead_id, second.to_phone) == (None, "+971501234567")
    assert (third.lead_id, third.to_phone) == (without_phone.pk, "+442079460123")
    assert {entry.status for entry in (first, second, third)} == {EntryStatus.QUEUED}
    [event] = events("voice.call_batch.created", tenant.pk)
    assert (event.payload["total_calls"], event.payload["refused"]) == (3, 4)
    with platform_context():
        assert not CallLog.objects.exists()


def test_repeating_a_request_with_the_same_key_creates_one_batch(
    tenant: Tenant, member: User, ask: Callable[..., Any]
) -> None:
    agent = create(tenant, VoiceAgentFactory)
    body = {"agent": agent.pk, "entries": [{"phone": "+442079460123"}]}
    first, again = ask(member, body, "one"), ask(member, body, "one")
    assert first.json() == again.json()
    with platform_context():
        assert CallBatch.objects.count() == 1


def test_creating_a_batch_needs_an_idempotency_key(tenant: Tenant, member: User, api: Callable[..., Any]) -> None:
    body = {"agent": create(tenant, VoiceAgentFactory).pk, "entries": [{"phone": "+442079460123"}]}
    assert problem(api(member).post(URL, body, format="json")) == (400, "idempotency_key_required")


def test_a_viewer_cannot_create_a_batch(tenant: Tenant, viewer: User, ask: Callable[..., Any]) -> None:
    body = {"agent": create(tenant, VoiceAgentFactory).pk, "entries": [{"phone": "+442079460123"}]}
    assert problem(ask(viewer, body)) == (403, "missing_right")


def test_a_batch_with_nobody_to_call_is_refused_with_the_reasons(
    tenant: Tenant, member: User, ask: Callable[..., Any]
) -> None:
    agent = create(tenant, VoiceAgentFactory)
    response = ask(member, {"agent": agent.pk, "entries": [{"phone": "nonsense"}]})
    assert problem(response) == (400, "nobody_to_call")
    assert response.json()["verdicts"][0]["verdict"] == "invalid_phone"
    assert problem(ask(member, {"agent": agent.pk, "entries": []}))[0] == 400
    with platform_context():
        assert not CallBatch.objects.exists()


def test_another_tenants_agent_and_number_are_unknown(
    tenant: Tenant, other_tenant: Tenant, member: User, ask: Callable[..., Any]
) -> None:
    own, foreign = create(tenant, VoiceAgentFactory), create(other_tenant, VoiceAgentFactory)
    number = create(other_tenant, VoiceNumberFactory)
    entries = [{"phone": "+442079460123"}]
    assert "agent" in ask(member, {"agent": foreign.pk, "entries": entries}).json()["errors"]
    response = ask(member, {"agent": own.pk, "from_number": str(number.pk), "entries": entries})
    assert "from_number" in response.json()["errors"]


@pytest.mark.parametrize(
    "values", [{"status": NumberStatus.INACTIVE}, {"metadata": {"rules": {"outbound": False}}}], ids=["off", "inbound"]
)
def test_a_number_without_outbound_calls_is_refused(
    tenant: Tenant, member: User, ask: Callable[..., Any], values: dict[str, Any]
) -> None:
    agent, number = create(tenant, VoiceAgentFactory), create(tenant, VoiceNumberFactory, **values)
    response = ask(member, {"agent": agent.pk, "from_number": str(number.pk), "entries": [{"phone": "+442079460123"}]})
    assert "from_number" in response.json()["errors"]


def test_a_number_with_permissions_is_reserved_for_its_users_and_admins(
    tenant: Tenant, owner: User, member: User, ask: Callable[..., Any]
) -> None:
    agent, number = create(tenant, VoiceAgentFactory), create(tenant, VoiceNumberFactory)
    permission = create(tenant, VoicePermissionFactory, number=number)
    body = {"agent": agent.pk, "from_number": str(number.pk), "entries": [{"phone": "+442079460123"}]}
    assert problem(ask(member, body)) == (403, "voice_not_permitted")
    assert ask(owner, body).status_code == 201
    own = create(tenant, VoicePermissionFactory, number=number, user=member)
    assert ask(member, body).status_code == 201
    with platform_context():
        writes.update(own, {"is_active": False})
    assert problem(ask(member, body))[0] == 403
    with platform_context():
        writes.delete(permission)
    assert ask(member, body).status_code == 201


def test_cancelling_a_batch_cancels_entries_that_were_not_dialled(
    tenant: Tenant, member: User, api: Callable[..., Any]
) -> None:
    batch = running(tenant, EntryStatus.COMPLETED, EntryStatus.QUEUED, EntryStatus.RUNNING, EntryStatus.DISPATCHED)
    waiting = create(tenant, CallLogFactory)
    create(tenant, CallBatchEntryFactory, batch=batch, status=EntryStatus.DISPATCHED, call_log=waiting)
    response = api(member).post(f"{URL}{batch.pk}/cancel/", {"reason": "Wrong list"}, format="json")
    assert response.status_code == 200, response.content
    body = response.json()
    assert (body["status"], body["completed_calls"], body["failed_calls"]) == ("cancelled", 1, 3)
    assert body["finished_at"]
    statuses = sorted(entry.status for entry in entries_of(batch.pk))
    assert statuses == ["cancelled", "cancelled", "cancelled", "completed", "dispatched"]
    with platform_context():
        assert CallLog.objects.get(pk=waiting.pk).status == CallStatus.CANCELLED
    [event] = events("voice.call_batch.cancelled", tenant.pk)
    assert (event.payload["reason"], event.payload["failed_calls"]) == ("Wrong list", 3)
    assert problem(api(member).post(f"{URL}{batch.pk}/cancel/")) == (409, "batch_is_over")


def test_a_call_that_ends_after_its_batch_was_cancelled_is_still_counted(tenant: Tenant) -> None:
    batch = running(tenant, EntryStatus.QUEUED, EntryStatus.DISPATCHED)
    with tenant_context(tenant.pk):
        lifecycle.cancel_batch(batch=batch, now=NOW)
        call = CallLog.objects.get(batch_entries__batch=batch)
        record_call_status(call=call, status="ended", now=NOW)
        batch.refresh_from_db()
    assert (batch.status, batch.completed_calls, batch.failed_calls) == (BatchStatus.CANCELLED, 1, 1)
    assert events("voice.call_batch.completed", tenant.pk) == []


def test_stopping_a_batch_lets_started_calls_continue(tenant: Tenant, member: User, api: Callable[..., Any]) -> None:
    batch = running(tenant, EntryStatus.QUEUED, EntryStatus.RUNNING, EntryStatus.DISPATCHED)
    body = api(member).post(f"{URL}{batch.pk}/stop/", {}, format="json").json()
    assert (body["status"], body["failed_calls"]) == ("stopped", 1)
    assert sorted(entry.status for entry in entries_of(batch.pk)) == ["cancelled", "dispatched", "running"]
    assert len(events("voice.call_batch.stopped", tenant.pk)) == 1


def test_a_queued_batch_can_be_cancelled_but_not_stopped(tenant: Tenant, member: User, api: Callable[..., Any]) -> None:
    batch = running(tenant, EntryStatus.QUEUED, status=BatchStatus.QUEUED)
    assert problem(api(member).post(f"{URL}{batch.pk}/stop/")) == (409, "batch_not_begun")
    assert api(member).post(f"{URL}{batch.pk}/cancel/").json()["status"] == "cancelled"


def test_a_batch_changes_only_while_it_is_queued(tenant: Tenant, member: User, api: Callable[..., Any]) -> None:
    batch = running(tenant, EntryStatus.QUEUED)
    later = {"scheduled_at": "2026-04-01T08:00:00Z"}
    assert problem(api(member).patch(f"{URL}{batch.pk}/", later, format="json")) == (409, "batch_has_begun")
    assert problem(api(member).delete(f"{URL}{batch.pk}/")) == (409, "batch_has_begun")
    with tenant_context(tenant.pk):
        lifecycle.cancel_batch(batch=batch)
    assert api(member).delete(f"{URL}{batch.pk}/").status_code == 204
    assert entries_of(batch.pk) == []


def test_a_batch_is_read_with_its_entries(tenant: Tenant, viewer: User, api: Callable[..., Any]) -> None:
    batch = running(tenant, EntryStatus.QUEUED, EntryStatus.COMPLETED)
    body = api(viewer).get(f"{URL}{batch.pk}/", {"include": "entries"}).json()
    assert {entry["status"] for entry in body["entries"]["results"]} == {"queued", "completed"}


def test_entries_are_added_and_removed_while_a_batch_is_queued(tenant: Tenant) -> None:
    batch = create(tenant, CallBatchFactory)
    lead = create(tenant, LeadFactory, phone="+390655501234")
    with platform_context(tenant_id=tenant.pk):
        first = writes.create(CallBatchEntry, {"batch": batch, "lead": lead})
        second = writes.create(CallBatchEntry, {"batch": batch, "to_phone": "+44 20 7946 0124"})
        assert (first.to_phone, second.to_phone) == ("+390655501234", "+442079460124")
        with refuses(Invalid) as error:
            writes.create(CallBatchEntry, {"batch": batch})
        assert "to_phone" in error.value.errors
        batch.refresh_from_db()
        assert (batch.total_calls, batch.status) == (2, BatchStatus.QUEUED)
        writes.delete(second)
        batch.refresh_from_db()
        assert batch.total_calls == 1
        CallBatch.objects.filter(pk=batch.pk).update(status=BatchStatus.RUNNING, started_at=NOW)
        with refuses(BatchAlreadyStarted):
            writes.create(CallBatchEntry, {"batch": batch, "to_phone": "+442079460125"})
        with pytest.raises(BatchAlreadyStarted):
            writes.delete(first)


def test_an_empty_batch_is_not_complete(tenant: Tenant) -> None:
    batch = create(tenant, CallBatchFactory)
    entry = create(tenant, CallBatchEntryFactory, batch=batch)
    with platform_context(tenant_id=tenant.pk):
        writes.delete(entry)
        batch.refresh_from_db()
    assert (batch.status, batch.total_calls) == (BatchStatus.QUEUED, 0)


def test_an_unknown_batch_is_not_found(tenant: Tenant, other_tenant: Tenant, member: User, api: Any) -> None:
    foreign = create(other_tenant, CallBatchFactory)
    for key in (foreign.pk, uuid4()):
        assert problem(api(member).post(f"{URL}{key}/cancel/"))[0] == 404
