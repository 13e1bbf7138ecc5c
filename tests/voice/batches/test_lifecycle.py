"""Scheduling, pausing, resuming and cancelling batches through the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.mail.kinds import Obsolete
from lad.mail.messages import build
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
)
from tests.support.api import problem
from tests.support.events import events
from tests.voice.helpers import create
from voice.batches.mails.pauses import BATCH_PAUSED
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services import ending, pausing
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.due import due_placements
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.placing import back_to_queue
from voice.statuses import BatchStatus, CallStatus, EntryStatus

URL = "/api/v1/voice-call-batches/"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def post(api: Callable[..., Any], member: User) -> Callable[..., Any]:
    """Return ``post(batch, action, **body)``."""
    client = api(member)
    return lambda batch, action, **body: client.post(f"{URL}{batch.pk}/{action}/", body, format="json")


def again(row: Any) -> Any:
    with platform_context():
        return type(row).objects.get(pk=row.pk)


def running(tenant: Tenant, number: int = 1) -> CallBatch:
    return create(tenant, CallBatchFactory, status=BatchStatus.RUNNING, started_at=NOW, total_calls=number)


def calling(tenant: Tenant, batch: CallBatch, status: str, state: str) -> tuple[CallLog, CallBatchEntry]:
    """Add an entry with a call of this status and a placement in this state."""
    started = NOW if status == CallStatus.ONGOING else None
    call = create(tenant, CallLogFactory, status=status, started_at=started)
    entry = create(tenant, CallBatchEntryFactory, batch=batch, status=EntryStatus.DISPATCHED, call_log=call)
    create(
        tenant,
        CallPlacementFactory,
        call_log=call,
        batch=batch,
        entry=entry,
        state=state,
        due_at=NOW if state == PlacementState.QUEUED else None,
        lease_until=NOW if state == PlacementState.PLACING else None,
    )
    return call, entry


def test_a_paused_batch_keeps_why_and_goes_on_when_it_is_resumed(tenant: Tenant, post: Any) -> None:
    batch = running(tenant)
    assert problem(post(batch, "resume")) == (409, "batch_not_paused")
    body = post(batch, "pause", reason="Lunch").json()
    assert (body["status"], body["pause_reason"], bool(body["paused_at"])) == ("running", "Lunch", True)
    assert [event.payload["reason"] for event in events("voice.call_batch.paused", tenant.pk)] == ["Lunch"]
    # What the breaker says of a batch that is paused already changes nothing.
    with platform_context(tenant_id=tenant.pk):
        assert pausing.pause([batch.pk], reason="Too many failures", now=NOW) == []
    body = post(batch, "resume").json()
    assert (body["paused_at"], body["pause_reason"]) == (None, "")
    assert len(events("voice.call_batch.resumed", tenant.pk)) == 1


def test_pausing_by_hand_replaces_the_reason_of_a_machine(tenant: Tenant, post: Any) -> None:
    batch = running(tenant)
    with platform_context(tenant_id=tenant.pk):
        assert pausing.pause([batch.pk], reason="Too many failures", now=NOW) == [batch.pk]
    post(batch, "pause")
    with platform_context(tenant_id=tenant.pk):
        # What goes on by itself does not, once a person has paused it.
        assert pausing.resume([batch.pk], reason="Too many failures") == []
    assert again(batch).pause_reason == "Somebody paused it."


def test_a_call_that_waits_for_its_turn_again_waits_while_its_batch_is_paused(tenant: Tenant, post: Any) -> None:
    batch = running(tenant)
    calling(tenant, batch, CallStatus.PENDING, PlacementState.QUEUED)
    for action, due in (("pause", 0), ("resume", 1)):
        post(batch, action)
        with tenant_context(tenant.pk):
            assert len(due_placements(limit=10)) == due


def test_a_finished_batch_is_neither_paused_nor_scheduled(tenant: Tenant, post: Any) -> None:
    batch = create(tenant, CallBatchFactory, status=BatchStatus.COMPLETED, started_at=NOW, finished_at=NOW)
    assert problem(post(batch, "pause")) == (409, "batch_is_over")
    assert problem(post(batch, "resume")) == (409, "batch_is_over")
    assert problem(post(batch, "schedule", scheduled_at=None)) == (409, "batch_has_begun")


def test_a_new_start_lets_everybody_be_judged_again(tenant: Tenant, post: Any) -> None:
    batch = create(tenant, CallBatchFactory, total_calls=1)
    entry = create(tenant, CallBatchEntryFactory, batch=batch, next_attempt_at=NOW + timedelta(days=9))
    later = timezone.now() + timedelta(days=2)
    body = post(batch, "schedule", scheduled_at=later.isoformat()).json()
    assert datetime.fromisoformat(body["scheduled_at"]) == later
    assert again(entry).next_attempt_at is None
    assert post(batch, "schedule", scheduled_at=None).json()["scheduled_at"] is None
    assert len(events("voice.call_batch.scheduled", tenant.pk)) == 2


def test_entries_that_wait_for_another_attempt_end_with_what_their_last_call_came_to(tenant: Tenant, post: Any) -> None:
    batch = running(tenant, 4)
    expected = {
        "": EntryStatus.CANCELLED,
        Outcome.BUSY: EntryStatus.DECLINED,
        Outcome.VOICEMAIL: EntryStatus.COMPLETED,
        Outcome.CARRIER_FAILED: EntryStatus.FAILED,
    }
    made = {
        create(tenant, CallBatchEntryFactory, batch=batch, outcome=outcome, next_attempt_at=NOW).pk: status
        for outcome, status in expected.items()
    }
    body = post(batch, "cancel", reason="Enough").json()
    assert (body["status"], body["completed_calls"], body["failed_calls"]) == ("cancelled", 1, 3)
    with platform_context():
        entries = list(CallBatchEntry.objects.filter(batch=batch))
    assert {entry.pk: entry.status for entry in entries} == made
    assert {(entry.next_attempt_at, entry.decision["reasons"][0]["code"]) for entry in entries} == {
        (None, "batch_cancelled")
    }


def test_workers_end_the_entries_of_a_large_batch_and_nobody_is_forgotten(
    tenant: Tenant, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "AT_ONCE", 2)
    batch = running(tenant, 5)
    for _each in range(5):
        create(tenant, CallBatchEntryFactory, batch=batch)
    assert post(batch, "cancel").json()["failed_calls"] == 2
    with platform_context():
        assert ending.has_rest()
    assert ending.end_rest() == 1
    with platform_context():
        assert not ending.has_rest()
        assert set(CallBatchEntry.objects.values_list("status", flat=True)) == {EntryStatus.CANCELLED}
    assert again(batch).failed_calls == 5
    assert ending.end_rest() == 0


STATES = [
    # Status of the call, state of its placement, what a cancellation makes of it, what a forced one does.
    (CallStatus.PENDING, PlacementState.QUEUED, "cancelled", "cancelled"),
    (CallStatus.PENDING, PlacementState.PLACING, "continues", "hung up"),
    (CallStatus.RINGING, PlacementState.PLACED, "continues", "hung up"),
    (CallStatus.ONGOING, PlacementState.PLACED, "continues", "hung up"),
    (CallStatus.PENDING, PlacementState.UNKNOWN, "continues", "hung up"),
]


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize(("status", "state", "gently", "by_force"), STATES)
def test_cancelling_ends_what_waits_and_hangs_up_only_by_force(
    tenant: Tenant, post: Any, status: str, state: str, gently: str, by_force: str, forced: bool
) -> None:
    batch = running(tenant)
    call, entry = calling(tenant, batch, status, state)
    assert post(batch, "cancel", forced=forced).json()["status"] == "cancelled"
    with platform_context():
        placement = CallPlacement.objects.get(call_log=call)
    expected = by_force if forced else gently
    if expected == "cancelled":
        assert (again(call).status, again(entry).status) == (CallStatus.CANCELLED, EntryStatus.CANCELLED)
        assert placement.state == PlacementState.SETTLED
        return
    # The call is over when the carrier says so.
    assert (again(call).status, again(entry).status) == (status, EntryStatus.DISPATCHED)
    assert bool(placement.hang_up_asked_at) == (expected == "hung up")


def test_calls_of_a_batch_that_was_cancelled_can_still_be_hung_up(tenant: Tenant, post: Any) -> None:
    batch = running(tenant)
    call, _entry = calling(tenant, batch, CallStatus.ONGOING, PlacementState.PLACED)
    post(batch, "cancel")
    assert problem(post(batch, "cancel")) == (409, "batch_is_over")
    assert post(batch, "cancel", forced=True).status_code == 200
    with platform_context():
        assert CallPlacement.objects.get(call_log=call).hang_up_asked_at
    assert len(events("voice.call_batch.cancelled", tenant.pk)) == 1


@pytest.mark.parametrize("action", ["cancel", "stop"])
def test_a_call_that_no_carrier_took_is_not_tried_again_for_a_batch_that_is_over(
    tenant: Tenant, post: Any, action: str
) -> None:
    batch = running(tenant)
    call, entry = calling(tenant, batch, CallStatus.PENDING, PlacementState.PLACING)
    assert post(batch, action).status_code == 200
    with tenant_context(tenant.pk):
        placement = CallPlacement.objects.select_for_update().get(call_log=call)
        back_to_queue(placement, until=NOW, reason="The carrier is down.")
        assert due_placements(limit=10) == []
    assert ending.end_rest() == 1
    assert (again(call).status, again(entry).status) == (CallStatus.CANCELLED, EntryStatus.CANCELLED)
    assert (again(batch).failed_calls, again(placement).state) == (1, PlacementState.SETTLED)


def test_stopping_cancels_a_call_that_waits_for_its_turn_again(tenant: Tenant, post: Any) -> None:
    batch = running(tenant, 2)
    waiting, _entry = calling(tenant, batch, CallStatus.PENDING, PlacementState.QUEUED)
    begun, _entry = calling(tenant, batch, CallStatus.RINGING, PlacementState.PLACED)
    assert post(batch, "stop").json()["status"] == "stopped"
    assert (again(waiting).status, again(begun).status) == (CallStatus.CANCELLED, CallStatus.RINGING)


def test_viewers_change_no_batch(tenant: Tenant, viewer: User, api: Any) -> None:
    batch = running(tenant)
    for action in ("pause", "resume", "cancel", "stop", "schedule"):
        assert problem(api(viewer).post(f"{URL}{batch.pk}/{action}/", {}, format="json"))[0] == 403


def test_people_are_told_by_mail_of_a_batch_that_lad_pauses(
    tenant: Tenant, member: User, owner: User, admin: User, viewer: User
) -> None:
    row = create(
        tenant, CallBatchFactory, name="Fair", status="running", started_at=NOW, total_calls=1, initiated_by_user=member
    )
    create(tenant, CallBatchEntryFactory, batch=row)
    with tenant_context(tenant.pk):
        pausing.pause([row.pk], reason="5 of 6 calls failed.", now=NOW)
    for _twice in range(2):
        drain()
    mails = batch_mails()
    assert sorted(mail.to_address for mail in mails) == sorted([member.email, owner.email, admin.email])
    with platform_context():
        message = build(mails[0], now=timezone.now())
    assert message.subject == "Fair was paused"
    for words in ("LAD has paused Fair.", "5 of 6 calls failed.", "1 person waits for a call."):
        assert words in message.body
    with tenant_context(tenant.pk):
        pausing.resume([row.pk])
    with platform_context(), pytest.raises(Obsolete):
        build(mails[0], now=timezone.now())


def test_nobody_is_told_of_a_pause_that_a_person_or_a_job_makes(tenant: Tenant, member: User, owner: User) -> None:
    with tenant_context(tenant.pk):
        pausing.pause([running(tenant).pk], reason="Lunch.", now=NOW, actor=member)
        pausing.pause([running(tenant).pk], reason=pausing.FILLING, now=NOW)
    drain()
    assert batch_mails() == []


def batch_mails() -> list[MailDelivery]:
    with platform_context():
        return list(MailDelivery.objects.filter(kind=BATCH_PAUSED.key))
