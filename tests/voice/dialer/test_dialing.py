"""Dialling through the sandbox: who is really called, by the sandbox's own record."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import stamina
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import LeadTouch, SuppressionReason
from leads.contactability.services import suppress
from tenants.teams.models import PlanTier, Tenant
from tests.factories.tenants import TenantFactory
from tests.factories.voice import CarrierAccountFactory
from tests.support.concurrency import ConcurrentWork, run_together
from tests.support.sandbox import Sandbox
from tests.voice.carriers.conftest import KEY, SECRET
from tests.voice.dialer.world import World, person
from voice.batches.models import CallBatchEntry
from voice.batches.services import pausing
from voice.batches.services.lifecycle import cancel_batch
from voice.carriers.connecting import connect
from voice.carriers.errors import AnswerLost
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import AnsweredBy, Cause, Outcome
from voice.carriers.protocol import CarrierCall, Placed, Presence
from voice.dialer import claims, hanging_up, looking, placing
from voice.dialer.claims import Claimed
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.placing import Answer, place, record, take_over_expired
from voice.dialer.reports import take_in
from voice.dialer.services import cancel_calls
from voice.dialer.worker import dial_due
from voice.numbers.models import NumberDay
from voice.statuses import BatchStatus, CallStatus, EntryStatus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def carrier(sandbox: Sandbox) -> dict[str, Any]:
    return {"base_url": f"{sandbox.url}/livekit", "key_id": KEY, "secret": SECRET, "agent": "lad-agent"}


def truth(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return every call that the sandbox ever placed."""
    calls: list[dict[str, Any]] = sandbox.call("GET", "/voice/calls").json()["calls"]
    return calls


def called(sandbox: Sandbox) -> Counter[str]:
    return Counter(call["to_number"] for call in truth(sandbox))


def expire(world: World) -> None:
    """Let the worker of all claimed calls be lost long ago."""
    with platform_context(tenant_id=world.tenant.pk):
        CallPlacement.objects.filter(state=PlacementState.PLACING).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )


def look(world: World) -> None:
    with platform_context(tenant_id=world.tenant.pk):
        CallPlacement.objects.filter(look_at__isnull=False).update(look_at=timezone.now())
    looking.look_due()


def end(world: World, call_id: UUID, outcome: Outcome = Outcome.ANSWERED) -> None:
    cause = Cause("done", outcome, outcome)
    by = AnsweredBy.HUMAN if outcome == Outcome.ANSWERED else None
    told = CarrierCall(Presence.PLACED, cause=cause, answered=outcome == Outcome.ANSWERED, answered_by=by)
    with tenant_context(world.tenant.pk):
        take_in(CallPlacement.objects.get(call_log=call_id), told, at=timezone.now(), now=timezone.now())


@pytest.mark.parametrize("protocol", ["livekit", "vapi"])
def test_everybody_in_a_batch_is_called_once(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any], protocol: str
) -> None:
    vapi = {"base_url": f"{sandbox.url}/vapi", "secret": KEY, "webhook_secret": "a-secret-of-callbacks"}
    world = World(tenant, carrier=carrier if protocol == "livekit" else {**vapi, "carrier": "vapi", "agent": "one"})
    if protocol == "vapi":
        found = connect(world.account).numbers()[0]
        with platform_context(tenant_id=tenant.pk):
            type(world.number).objects.update(carrier_reference=found.reference)
    batch = world.batch(5)
    assert dial_due() == {"claimed": 5, "placed": 5}
    assert called(sandbox) == {person(index): 1 for index in range(5)}
    assert dial_due()["claimed"] == 0
    assert {entry.status for entry in world.entries(batch)} == {EntryStatus.DISPATCHED}
    with tenant_context(tenant.pk):
        placements = list(CallPlacement.objects.all())
    assert {each.state for each in placements} == {PlacementState.PLACED}
    assert {str(each.call_log_id) for each in placements} == {call["our_id"] for call in truth(sandbox)}
    assert all(each.reference and each.look_at and each.lease_until is None for each in placements)


def test_many_who_may_not_be_called_hold_nobody_up_who_stands_behind_them(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim looks at two people at most here. The run goes on with the next ones."""
    monkeypatch.setattr(claims, "LOOKED_AT_ONCE", 1)
    monkeypatch.setattr(claims, "MAX_LOOKED_AT", 2)
    world = World(tenant, calls_at_once=1, carrier=carrier)
    batch = world.batch(7)
    with tenant_context(tenant.pk):
        for index in range(6):
            suppress(address=person(index), channel=Channel.VOICE, reason=SuppressionReason.MANUAL)
    with platform_context(tenant_id=tenant.pk):
        CallBatchEntry.objects.exclude(to_phone=person(6)).update(next_attempt_at=timezone.now() - timedelta(hours=1))
    assert dial_due() == {"claimed": 1, "placed": 1}
    assert called(sandbox) == {person(6): 1}
    assert [entry.status for entry in world.entries(batch)] == [EntryStatus.CANCELLED] * 6 + [EntryStatus.DISPATCHED]


def test_as_one_call_ends_the_next_begins(tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]) -> None:
    world = World(tenant, calls_at_once=2, carrier=carrier)
    batch = world.batch(4)
    dial_due()
    assert len(truth(sandbox)) == 2
    first = UUID(truth(sandbox)[0]["our_id"])
    end(world, first)
    dial_due()
    assert (len(truth(sandbox)), world.open()) == (3, 2)  # one is still on the line; nobody waited for it
    for _number in range(3):
        with tenant_context(tenant.pk):
            [call_id, *_others] = CallPlacement.objects.filter(state="placed").values_list("call_log", flat=True)
        end(world, call_id)
        dial_due()
    after = world.reread(batch)
    assert (after.status, after.completed_calls, len(truth(sandbox))) == (BatchStatus.COMPLETED, 4, 4)


def test_a_worker_lost_before_it_asked_leads_to_a_look_and_one_call(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, carrier=carrier)
    world.batch(1)
    [claimed] = world.claim()
    expire(world)
    assert take_over_expired() == 1
    assert world.placement(claimed.order.call_id).state == PlacementState.UNKNOWN
    assert (dial_due()["claimed"], len(truth(sandbox))) == (0, 0)  # nothing before it was looked up
    look(world)
    assert world.placement(claimed.order.call_id).state == PlacementState.QUEUED
    assert dial_due()["placed"] == 1
    assert called(sandbox) == {person(0): 1}
    # The worker was only slow, and comes back.
    record(place(claimed))
    assert called(sandbox) == {person(0): 1}
    assert world.placement(claimed.order.call_id).state == PlacementState.PLACED


def test_an_answer_to_a_claim_that_was_taken_over_changes_nothing(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, carrier=carrier)
    world.batch(1)
    [late] = world.claim()
    expire(world)
    take_over_expired()
    look(world)
    [claimed] = world.claim()
    now = timezone.now()
    for answer in (Answer(late, now, error=AnswerLost()), Answer(late, now, placed=Placed("a-room"))):
        record(answer)
        placement = world.placement(claimed.order.call_id)
        assert (placement.state, placement.attempts) == (PlacementState.PLACING, 2)


@pytest.mark.parametrize("how", ["lost after asking", "answer lost"])
def test_a_call_that_may_have_been_placed_is_looked_up_and_never_repeated(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any], how: str
) -> None:
    world = World(tenant, carrier=carrier)
    batch = world.batch(1)
    if how == "answer lost":
        sandbox.fault("drop", protocol="livekit", stage="PLACE", accepted=True)
        assert dial_due() == {"claimed": 1, "not_placed": 1}
    else:
        [claimed] = world.claim()
        place(claimed)  # and the worker dies before it writes that down
        expire(world)
        take_over_expired()
    [call_id] = [UUID(call["our_id"]) for call in truth(sandbox)]
    assert world.placement(call_id).state == PlacementState.UNKNOWN
    assert dial_due()["claimed"] == 0
    look(world)
    assert world.placement(call_id).state == PlacementState.PLACED
    assert dial_due()["claimed"] == 0
    assert called(sandbox) == {person(0): 1}
    end(world, call_id)
    assert world.reread(batch).completed_calls == 1


@pytest.mark.parametrize(
    ("fault", "waits_at_least", "pauses"),
    [
        ({"kind": "drop", "accepted": False, "stage": "ROOM", "times": 3}, 4, False),
        ({"kind": "answer", "code": 429, "seconds": 40, "stage": "ROOM"}, 30, True),
        ({"kind": "answer", "code": 401, "stage": "ROOM"}, 200, True),
    ],
)
def test_a_call_that_was_certainly_not_placed_waits_and_counts_for_nobody(
    tenant: Tenant,
    sandbox: Sandbox,
    carrier: dict[str, Any],
    fault: dict[str, Any],
    waits_at_least: int,
    pauses: bool,
) -> None:
    world = World(tenant, carrier=carrier)
    world.batch(1)
    sandbox.fault(protocol="livekit", **fault)
    before = timezone.now()
    assert dial_due() == {"claimed": 1, "not_placed": 1}
    with tenant_context(tenant.pk):
        placement = CallPlacement.objects.select_related("call_log").get()
        assert (placement.state, placement.call_log.status) == (PlacementState.QUEUED, CallStatus.PENDING)
        assert placement.due_at > before + timedelta(seconds=waits_at_least)
        assert placement.error
        assert (LeadTouch.objects.count(), NumberDay.objects.get().placed) == (0, 0)
    with platform_context():
        paused_until = CarrierAccount.objects.get().paused_until
    assert (paused_until is not None) == pauses
    with platform_context(tenant_id=tenant.pk):
        CallPlacement.objects.update(due_at=before)
        CarrierAccount.objects.update(paused_until=None)
    assert dial_due()["placed"] == 1
    assert called(sandbox) == {person(0): 1}


def test_a_carrier_that_stays_down_ends_the_attempt_and_the_entry_waits_for_another(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, carrier=carrier)
    batch = world.batch(1)
    sandbox.fault("answer", protocol="livekit", stage="ROOM", code=503, times=100)
    for _attempt in range(len(placing.PAUSES) + 1):
        dial_due()
        with platform_context(tenant_id=tenant.pk):
            CallPlacement.objects.filter(state=PlacementState.QUEUED).update(due_at=timezone.now())
    [entry] = world.entries(batch)
    assert (entry.status, entry.retry_count, entry.outcome) == (EntryStatus.QUEUED, 1, Outcome.CARRIER_FAILED)
    assert entry.next_attempt_at is not None and entry.next_attempt_at > timezone.now() + timedelta(minutes=5)
    assert entry.call_log_id is not None
    assert world.call(entry.call_log_id).status == CallStatus.FAILED
    sandbox.clear_faults()
    with platform_context(tenant_id=tenant.pk):
        type(entry).objects.update(next_attempt_at=timezone.now())
    assert dial_due()["placed"] == 1
    [again] = world.entries(batch)
    assert again.call_log_id != entry.call_log_id
    assert called(sandbox) == {person(0): 1}


def test_callbacks_that_come_before_a_lost_answer_are_believed(tenant: Tenant, carrier: dict[str, Any]) -> None:
    world = World(tenant, carrier=carrier)
    world.batch(1)
    [claimed] = world.claim()
    end(world, claimed.order.call_id)
    record(Answer(claimed, timezone.now(), error=AnswerLost()))
    assert world.placement(claimed.order.call_id).state == PlacementState.SETTLED


def test_whoever_waited_too_long_before_asking_gives_the_call_back(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, carrier=carrier)
    world.batch(1)
    [claimed] = world.claim()
    late = Claimed(claimed.placement, claimed.account, claimed.order, claimed.claimed_at - 60)
    record(place(late))
    assert truth(sandbox) == []
    assert world.placement(claimed.order.call_id).state == PlacementState.QUEUED
    assert dial_due()["placed"] == 1


def test_a_forced_cancel_hangs_up_and_the_record_says_how_it_ended(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, calls_at_once=1, carrier=carrier)
    batch = world.batch(2)
    dial_due()
    [call] = truth(sandbox)
    with tenant_context(tenant.pk):
        assert cancel_calls([world.call(UUID(call["our_id"]))]) == []  # it goes on unless forced
        assert len(cancel_calls([world.call(UUID(call["our_id"]))], forced=True)) == 1
    sandbox.fault("answer", protocol="livekit", stage="HANG_UP", code=503, times=9)
    assert hanging_up.hang_up_due() == 0
    sandbox.clear_faults()
    assert hanging_up.hang_up_due() == 0  # not asked again at once
    with platform_context(tenant_id=tenant.pk):
        CallPlacement.objects.update(hang_up_asked_at=timezone.now())
    assert hanging_up.hang_up_due() == 1
    assert [each["ending"] for each in truth(sandbox)] == ["cancelled"]
    assert world.reread(batch).failed_calls == 0  # the carrier has not said so yet
    end(world, UUID(call["our_id"]), Outcome.CANCELLED)
    [first] = [entry for entry in world.entries(batch) if entry.call_log_id]
    assert (first.status, first.retry_count) == (EntryStatus.CANCELLED, 0)
    assert dial_due()["placed"] == 1


def test_a_call_that_was_ended_before_anybody_knew_whether_it_was_placed_is_not_placed(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, carrier=carrier)
    batch = world.batch(1)
    [claimed] = world.claim()
    expire(world)
    take_over_expired()
    with tenant_context(tenant.pk):
        assert len(cancel_calls([world.call(claimed.order.call_id)], forced=True)) == 1
    look(world)
    assert (dial_due()["claimed"], truth(sandbox)) == (0, [])
    after = world.call(claimed.order.call_id)
    assert (after.status, after.outcome) == (CallStatus.CANCELLED, Outcome.CANCELLED)
    assert world.reread(batch).status == BatchStatus.COMPLETED


def test_concurrent_claims_never_exceed_the_caps_of_tenant_and_account(tenant: Tenant, carrier: dict[str, Any]) -> None:
    with platform_context():
        other = TenantFactory.create(plan_tier=PlanTier.ENTERPRISE)
        shared = CarrierAccountFactory.create(tenant=None, max_concurrent=7, **carrier)
    worlds = [World(each, calls_at_once=5, account=shared) for each in (tenant, other)]
    for world in worlds:
        world.batch(20)
    turns = [partial(world.claim, most=4) for world in worlds for _time in range(4)]
    results = run_together(*turns)
    assert [result for result in results if isinstance(result, Exception)] == []
    open_calls = [world.open() for world in worlds]
    assert sum(open_calls) == 7
    assert max(open_calls) <= 5
    claimed = Counter(each.order.to_number for result in results for each in result)
    assert claimed.total() == 7
    with tenant_context(tenant.pk):
        numbers = list(CallPlacement.objects.values_list("to_phone", flat=True))
    assert len(numbers) == len(set(numbers)) == open_calls[0]


@pytest.mark.parametrize("how", ["paused", "cancelled"])
def test_a_batch_that_is_ended_at_this_moment_begins_no_call(tenant: Tenant, carrier: dict[str, Any], how: str) -> None:
    world = World(tenant, carrier=carrier)
    now = timezone.now()
    batch = world.batch(2, status=BatchStatus.RUNNING, started_at=now)
    claimed: list[Claimed] = []
    with tenant_context(tenant.pk):
        if how == "paused":
            pausing.pause([batch.pk], reason="Lunch", now=now)
        else:
            cancel_batch(batch=batch)
        assert ConcurrentWork(lambda: claimed.extend(world.claim())).succeeded()
    assert (claimed, world.open()) == ([], 0)


def test_dialers_beside_each_other_call_everybody_once(
    tenant: Tenant, sandbox: Sandbox, carrier: dict[str, Any]
) -> None:
    world = World(tenant, calls_at_once=12, carrier=carrier)
    world.batch(12)
    results = run_together(*[partial(dial_due, threads=3)] * 3)
    assert sum(result["placed"] for result in results) == 12
    assert called(sandbox) == {person(index): 1 for index in range(12)}
