"""Claiming calls: what must be so before a telephone may ring."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ConsentStatus, ContactPolicy, LeadTouch, SuppressionReason
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.leads import ConsentRecordFactory
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
    VoiceAgentFactory,
)
from tests.support.events import events
from tests.voice.dialer.world import SECOND_CALLER, World, person
from tests.voice.helpers import create
from voice.batches.models import CallBatchEntry
from voice.calls.models import CallLog
from voice.charging.services import HeldCredits, Refusal
from voice.dialer import claims, finishing
from voice.dialer.claims import Turn, claim
from voice.dialer.due import due_tenants
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.services import cancel_calls, start_call
from voice.numbers.models import NumberDay
from voice.statuses import BatchStatus, CallStatus, Direction, EntryStatus


def end(world: World, call_id: Any) -> None:
    with platform_context(tenant_id=world.tenant.pk):
        CallPlacement.objects.filter(call_log=call_id).update(state=PlacementState.SETTLED)


def test_a_claimed_call_is_written_with_all_that_follows(tenant: Tenant) -> None:
    world = World(tenant)
    batch = world.batch(1, metadata={"base_context": "About the fair."})
    [claimed] = world.claim()
    [entry] = world.entries(batch)
    call, placement = world.call(claimed.order.call_id), world.placement(claimed.order.call_id)
    assert (call.status, call.lead_id, call.agent_id) == (CallStatus.PENDING, entry.lead_id, world.agent.pk)
    assert (call.phone.e164, call.from_number_id) == (person(0), world.number.pk)
    assert (placement.state, placement.attempts, placement.batch_id) == (PlacementState.PLACING, 1, batch.pk)
    assert placement.lease_until is not None and placement.lease_until > timezone.now() + timedelta(seconds=60)
    assert (entry.status, entry.call_log_id) == (EntryStatus.RUNNING, call.pk)
    assert world.reread(batch).status == BatchStatus.RUNNING
    assert len(events("voice.call_batch.started", tenant.pk)) == 1
    assert (claimed.order.to_number, claimed.order.caller.number) == (person(0), "+442079460018")
    with tenant_context(tenant.pk):
        assert LeadTouch.objects.get().source_id == call.pk
    assert call.metadata["context"] == "About the fair."
    assert world.claim() == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"calls_at_once": 3}, 3),
        ({"calls_at_once": 4, "reserve": 2}, 2),
        ({"carrier": {"max_concurrent": 2}}, 2),
        ({"carrier": {"max_concurrent": 4, "inbound_reserve": 3}}, 1),
    ],
)
def test_no_more_calls_begin_than_tenant_and_carrier_allow(
    tenant: Tenant, limits: dict[str, Any], expected: int
) -> None:
    world = World(tenant, **limits)
    world.batch(6)
    first = world.claim()
    assert (len(first), len(world.claim())) == (expected, 0)
    end(world, first[0].order.call_id)
    assert len(world.claim()) == 1  # as one ends, the next begins


@pytest.mark.parametrize(
    ("of", "limit"), [("batch", {"max_concurrent": 2}), ("agent", {"max_concurrent": 2}), ("number", {})]
)
def test_no_more_calls_begin_than_batch_agent_and_number_allow(tenant: Tenant, of: str, limit: dict[str, int]) -> None:
    world = World(tenant)
    if of == "agent":
        world.agent = create(tenant, VoiceAgentFactory, **limit)
    if of == "number":
        with platform_context(tenant_id=tenant.pk):
            type(world.number).objects.filter(pk=world.number.pk).update(max_concurrent=2)
    world.batch(5, **(limit if of == "batch" else {}))
    assert (len(world.claim()), len(world.claim())) == (2, 0)
    if of != "number":
        # What is full does not keep others from calling.
        world.agent = create(tenant, VoiceAgentFactory)
        world.batch(1, start=10)
        assert len(world.claim()) == 1


def test_calls_that_come_in_take_up_room(tenant: Tenant) -> None:
    world = World(tenant, calls_at_once=3, reserve=1)
    world.batch(5)
    for _number in range(2):
        values = {"direction": Direction.INBOUND, "status": CallStatus.ONGOING, "started_at": timezone.now()}
        create(tenant, CallLogFactory, from_number=world.number, **values)
    assert len(world.claim()) == 1


@pytest.mark.parametrize(
    ("why", "status", "words"),
    [
        ("no consent", EntryStatus.CANCELLED, "consent"),
        ("withdrawn", EntryStatus.CANCELLED, "withdrew consent"),
        ("do not call", EntryStatus.CANCELLED, "do-not-contact list"),
        ("the dialled number only", EntryStatus.CANCELLED, "do-not-contact list"),
        ("premium", EntryStatus.FAILED, "premium"),
    ],
)
def test_who_may_never_be_called_is_left_out_with_the_reason(tenant: Tenant, why: str, status: str, words: str) -> None:
    world = World(tenant)
    batch = world.batch(1)
    [entry] = world.entries(batch)
    with tenant_context(tenant.pk):
        lead = Lead.objects.get()
        if why == "withdrawn":
            ConsentRecordFactory.create(
                lead=lead, channel=Channel.VOICE, status=ConsentStatus.WITHDRAWN, given_at=timezone.now()
            )
        elif why == "do not call":
            suppress(address=lead.phone, channel=Channel.VOICE, reason=SuppressionReason.MANUAL)
        elif why == "the dialled number only":
            type(entry).objects.update(to_phone=person(77))
            suppress(address=person(77), channel=Channel.VOICE, reason=SuppressionReason.MANUAL)
        elif why == "premium":
            type(entry).objects.update(to_phone="+449011234567")
        else:
            type(entry).objects.update(lead=None, to_phone=person(78))
    assert world.claim() == []
    [entry] = world.entries(batch)
    assert entry.status == status
    assert words in entry.error_message
    assert entry.decision["sentence"] == entry.error_message
    after = world.reread(batch)
    assert (after.status, after.failed_calls) == (BatchStatus.COMPLETED, 1)
    with tenant_context(tenant.pk):
        assert not CallLog.objects.exists()


def night(hour: int) -> dict[str, time]:
    """Return contact hours of a policy that are hours away from that hour in London, by summer time too."""
    begins = 20 if hour < 12 else 5
    return {"contact_from": time(begins), "contact_until": time(begins + 1)}


def test_who_may_be_called_later_waits_for_the_hours_where_they_are(tenant: Tenant) -> None:
    world = World(tenant, hours=night(timezone.now().hour))
    batch = world.batch(1)
    assert world.claim() == []
    [entry] = world.entries(batch)
    assert entry.status == EntryStatus.QUEUED
    assert entry.next_attempt_at is not None and entry.next_attempt_at > timezone.now() + timedelta(hours=2)
    assert [reason["code"] for reason in entry.decision["reasons"]] == ["quiet_hours"]
    assert due_tenants(limit=5) == []


def test_other_contact_hours_count_for_those_who_wait(tenant: Tenant) -> None:
    """Who waits for another attempt goes on waiting for it."""
    world = World(tenant, hours=night(timezone.now().hour))
    batch = world.batch(2)
    retried, _other = world.entries(batch)
    again = timezone.now() + timedelta(hours=3)
    with platform_context(tenant_id=tenant.pk):
        CallBatchEntry.objects.filter(pk=retried.pk).update(next_attempt_at=again)
        single = start_call(lead=world.lead(person(7)), agent=world.agent, actor=None)
    assert world.claim() == []
    assert due_tenants(limit=5) == []
    with platform_context(tenant_id=tenant.pk):
        writes.update(ContactPolicy.objects.get(), {"contact_from": time(0), "contact_until": time(23, 59, 59)})
    drain()
    assert {each.order.to_number for each in world.claim()} == {person(1), person(7)}
    assert world.placement(single.pk).state == PlacementState.PLACING
    assert world.reread(retried).next_attempt_at == again


def test_nobody_is_called_twice_at_once(tenant: Tenant) -> None:
    world = World(tenant)
    world.batch(1)
    other = create(tenant, CallBatchFactory, agent=world.agent, from_number=None, total_calls=1)
    with tenant_context(tenant.pk):
        lead = Lead.objects.get()
    create(tenant, CallBatchEntryFactory, batch=other, lead=lead, to_phone=person(0))
    with tenant_context(tenant.pk):
        start_call(lead=lead, agent=world.agent, actor=None)
    assert len(world.claim()) == 1
    assert world.claim() == []
    assert world.open() == 1


def test_two_leads_with_one_number_are_called_one_after_the_other(tenant: Tenant) -> None:
    world = World(tenant)
    world.batch(1)
    other = world.batch(0, total_calls=1)
    create(tenant, CallBatchEntryFactory, batch=other, lead=world.lead(person(1)), to_phone=person(0))
    assert len(world.claim()) == 1
    assert world.claim() == []


def test_a_lead_with_two_numbers_is_called_at_one_of_them(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LOOKED_AT_ONCE", 2)
    world = World(tenant)
    batch = world.batch(2)
    with tenant_context(tenant.pk):
        first, second = Lead.objects.order_by("phone")
        suppress(address=second.phone, channel=Channel.VOICE, reason=SuppressionReason.MANUAL)
    create(tenant, CallBatchEntryFactory, batch=batch, lead=first, to_phone=person(2))
    with platform_context(tenant_id=tenant.pk):
        for minutes, entry in enumerate(reversed(world.entries(batch))):
            type(entry).objects.filter(pk=entry.pk).update(next_attempt_at=timezone.now() - timedelta(minutes=minutes))
    # The other number is looked at after the one that nobody may call.
    assert [each.order.to_number for each in world.claim(most=2)] == [person(0)]


def test_an_attempt_that_nobody_knows_of_takes_up_a_line(tenant: Tenant) -> None:
    world = World(tenant, calls_at_once=1)
    world.batch(2)
    [claimed] = world.claim()
    with platform_context(tenant_id=tenant.pk):
        CallPlacement.objects.filter(call_log=claimed.order.call_id).update(state=PlacementState.UNKNOWN)
    assert world.claim() == []


def test_somebody_who_calls_right_now_is_not_called(tenant: Tenant) -> None:
    world = World(tenant)
    batch = world.batch(1)
    create(
        tenant,
        CallLogFactory,
        direction=Direction.INBOUND,
        status=CallStatus.ONGOING,
        started_at=timezone.now(),
        from_number=world.number,
        to_country_code="+44",
        to_base_number=int(person(0).removeprefix("+44")),
    )
    assert world.claim() == []
    assert world.entries(batch)[0].decision["reasons"][0]["code"] == "calls_us"


def test_an_entry_without_a_lead_gets_one_before_permission_is_asked(tenant: Tenant) -> None:
    world = World(tenant, consent=False)
    batch = world.batch(0, total_calls=2)
    known = world.lead(person(1))
    for phone in (person(1), person(2)):
        create(
            tenant, CallBatchEntryFactory, batch=batch, lead=None, to_phone=phone, metadata={"lead_name": "Ada Byron"}
        )
    assert len(world.claim()) == 2
    first, second = world.entries(batch)
    assert first.lead_id == known.pk
    with tenant_context(tenant.pk):
        made = Lead.objects.get(pk=second.lead_id)
    assert (made.phone, made.first_name, made.last_name) == (person(2), "Ada", "Byron")


def test_without_credit_the_batch_is_paused_with_the_reason(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tenant)
    batch = world.batch(2)
    until = timezone.now() + timedelta(minutes=5)

    def refuse(placements: Any, **_given: object) -> HeldCredits:
        refusal = Refusal("The credit has ended. Top up the wallet, then resume.", until, ends=True)
        return HeldCredits(frozenset(), {each.call_log_id: refusal for each in placements})

    monkeypatch.setattr(claims, "hold_for", refuse)
    assert world.claim() == []
    after = world.reread(batch)
    assert after.paused_at is not None
    assert after.pause_reason == "The credit has ended. Top up the wallet, then resume."
    assert (world.open(), due_tenants(limit=5)) == (0, [])
    assert {entry.decision["reasons"][0]["code"] for entry in world.entries(batch)} == {"credit"}
    with tenant_context(tenant.pk):
        assert LeadTouch.objects.count() == 0
        assert sum(NumberDay.objects.values_list("placed", flat=True)) == 0
    monkeypatch.undo()
    with platform_context(tenant_id=tenant.pk):
        type(batch).objects.update(paused_at=None)
        CallPlacement.objects.update(due_at=timezone.now())
    assert len(world.claim()) == 2  # the same calls, not two more
    with tenant_context(tenant.pk):
        assert CallLog.objects.count() == 2


def test_a_batch_that_is_paused_scheduled_or_cancelled_is_not_dialled(tenant: Tenant) -> None:
    world = World(tenant)
    world.batch(1, paused_at=timezone.now())
    world.batch(1, start=5, scheduled_at=timezone.now() + timedelta(hours=1))
    now = timezone.now()
    world.batch(1, start=7, status=BatchStatus.CANCELLED, started_at=now, finished_at=now)
    assert (world.claim(), due_tenants(limit=5)) == ([], [])


def test_batches_and_single_calls_take_turns(tenant: Tenant) -> None:
    world = World(tenant, calls_at_once=6)
    first, second = world.batch(10), world.batch(10, start=20)
    with tenant_context(tenant.pk):
        for index in range(3):
            start_call(lead=None, to_phone=person(50 + index), agent=world.agent, actor=None, purpose="service")
    claimed = world.claim()
    of = [each.placement.batch_id for each in claimed]
    assert len(of) == 6
    assert (of.count(None), {of.count(first.pk), of.count(second.pk)}) == (3, {1, 2})


def test_numbers_take_turns(tenant: Tenant) -> None:
    world = World(tenant)
    world.make_number(base_number=SECOND_CALLER)
    world.batch(4)
    used = [each.order.caller.number for each in world.claim()]
    assert sorted(used.count(number) for number in set(used)) == [2, 2]


def test_people_who_wait_do_not_hide_those_behind_them(tenant: Tenant) -> None:
    world = World(tenant)
    batch = world.batch(30)
    with tenant_context(tenant.pk):
        callable_lead = Lead.objects.order_by("phone").last()
        for lead in Lead.objects.exclude(pk=callable_lead.pk):
            tomorrow = timezone.now() + timedelta(days=1)
            suppress(address=lead.phone, channel=Channel.VOICE, reason=SuppressionReason.MANUAL, expires_at=tomorrow)
    [claimed] = world.claim(most=1)
    assert claimed.order.to_number == callable_lead.phone
    assert sum(entry.next_attempt_at is not None for entry in world.entries(batch)) == 29


def test_a_single_call_waits_for_its_time_and_can_be_cancelled(tenant: Tenant) -> None:
    world = World(tenant)
    lead = world.lead(person(0))
    with tenant_context(tenant.pk):
        later = start_call(lead=lead, agent=world.agent, actor=None, due_at=timezone.now() + timedelta(hours=1))
    assert world.claim() == []
    with tenant_context(tenant.pk):
        [cancelled] = cancel_calls([later])
    assert (cancelled.status, cancelled.outcome) == (CallStatus.CANCELLED, "cancelled")
    assert world.placement(later.pk).state == PlacementState.SETTLED


def test_a_call_that_somebody_ended_in_the_log_is_not_placed(tenant: Tenant) -> None:
    world = World(tenant)
    with tenant_context(tenant.pk):
        call = start_call(lead=world.lead(person(0)), agent=world.agent, actor=None)
        writes.update(call, {"status": CallStatus.CANCELLED})
    assert world.claim() == []
    assert world.placement(call.pk).state == PlacementState.SETTLED


def test_a_single_call_that_is_not_permitted_is_cancelled_with_the_reason(tenant: Tenant) -> None:
    world = World(tenant)
    lead = world.lead(person(0), consents=False)
    with tenant_context(tenant.pk):
        call = start_call(lead=lead, agent=world.agent, actor=None)
    assert world.claim() == []
    after = world.call(call.pk)
    assert after.status == CallStatus.CANCELLED
    assert "consent" in after.metadata["reason"]


def test_a_batch_whose_last_entries_nobody_counted_is_finished(tenant: Tenant) -> None:
    world = World(tenant)
    batch = world.batch(2, status=BatchStatus.RUNNING, started_at=timezone.now())
    with platform_context(tenant_id=tenant.pk):
        type(batch).objects.update(created_at=timezone.now() - timedelta(minutes=5))
        batch.entries.update(status=EntryStatus.FAILED)
    assert finishing.finish_batches() == 1
    after = world.reread(batch)
    assert (after.status, after.failed_calls) == (BatchStatus.COMPLETED, 2)
    assert finishing.finish_batches() == 0
    assert len(events("voice.call_batch.completed", tenant.pk)) == 1


def test_a_suspended_tenant_calls_nobody(tenant: Tenant) -> None:
    world = World(tenant)
    world.batch(1)
    assert due_tenants(limit=5) == [tenant.pk]
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="suspended")
    assert due_tenants(limit=5) == []


def test_an_open_placement_of_another_call_keeps_a_number_busy(tenant: Tenant) -> None:
    world = World(tenant)
    batch = world.batch(1)
    busy = create(tenant, CallLogFactory, to_country_code="+44", to_base_number=int(person(0).removeprefix("+44")))
    create(tenant, CallPlacementFactory, call_log=busy, state=PlacementState.UNKNOWN)
    assert world.claim() == []
    [entry] = world.entries(batch)
    assert entry.decision["reasons"][0]["code"] == "on_the_line"
    assert claim(tenant.pk, most=0) == Turn([], 0)
