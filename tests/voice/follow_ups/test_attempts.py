"""Bookings that call by themselves, and the next attempts of calls that reached nobody."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import BookingStatus, BookingType, LeadBooking, TaskStatus
from leads.bookings.services import cancel, reschedule
from leads.contactability.models import Purpose
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.factories.voice import DialingPolicyFactory, VoiceAgentFactory
from tests.support.concurrency import run_together
from tests.voice.follow_ups.conftest import end, open_all_day, soon
from tests.voice.helpers import create
from voice.agents.models import VoiceAgent
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.hooks import DetailsCame, tell_details
from voice.dialer.models import CallPlacement
from voice.dialer.services import start_call
from voice.follow_ups import automatic
from voice.follow_ups.automatic import AutomaticCall, BookingIsOver, call_due, let_agent_call, let_nobody_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(tenant: Tenant) -> VoiceAgent:
    open_all_day(tenant)
    row: VoiceAgent = create(tenant, VoiceAgentFactory)
    return row


def started(lead: Lead, agent: VoiceAgent, **values: Any) -> CallLog:
    with tenant_context(lead.tenant_id):
        usual = {"context": "About their question.", "purpose": Purpose.SERVICE, "actor": None}
        return start_call(lead=lead, agent=agent, **{**usual, **values})


def chain(lead: Lead) -> list[LeadBooking]:
    with platform_context():
        return list(LeadBooking.objects.filter(lead=lead.pk).order_by("retry_count", "created_at"))


def calls(lead: Lead) -> list[CallLog]:
    with platform_context():
        return list(CallLog.objects.filter(lead=lead.pk).order_by("created_at"))


def meeting(lead: Lead, **values: Any) -> LeadBooking:
    with platform_context(tenant_id=lead.tenant_id):
        return LeadBookingFactory.create(lead=lead, **values)


def booked(lead: Lead, agent: VoiceAgent, at: datetime | None = None, **values: Any) -> LeadBooking:
    """Return a booking that calls by itself."""
    at = at or soon()
    row = meeting(lead, scheduled_at=at, buffer_until=at + timedelta(minutes=15))
    with tenant_context(lead.tenant_id):
        return let_agent_call(booking=row, call=AutomaticCall(agent.pk, context="As agreed.", **values))


def test_a_single_call_is_tried_again_as_a_chain_of_bookings(lead: Lead, agent: VoiceAgent) -> None:
    first = started(lead, agent)
    moment = timezone.now()
    end(first, Outcome.BUSY, now=moment)
    [missed, again] = chain(lead)
    assert (missed.status, missed.call_result, missed.task_status) == ("missed", "busy", TaskStatus.PENDING)
    assert (again.booking_type, again.parent_booking_id) == (BookingType.SYSTEM_RETRY, missed.pk)
    assert (again.scheduled_at, again.task_status) == (moment + timedelta(minutes=10), TaskStatus.SCHEDULED)
    assert call_due(again.scheduled_at - timedelta(seconds=1)) == {}
    assert call_due(again.scheduled_at) == {"called": 1}
    second = calls(lead)[1]
    assert (second.agent_id, second.metadata["context"]) == (agent.pk, "About their question.")
    with platform_context():
        placement = CallPlacement.objects.get(call_log=second.pk)
    assert (placement.purpose, placement.booking_id) == (Purpose.SERVICE, again.pk)
    end(second, Outcome.BUSY)
    third = chain(lead)[2]
    assert (third.retry_count, chain(lead)[1].status) == (2, BookingStatus.MISSED)
    assert call_due(third.scheduled_at) == {"called": 1}
    # The rules know two further attempts after a busy line.
    end(calls(lead)[2], Outcome.BUSY)
    assert [row.status for row in chain(lead)] == ["missed"] * 3


def test_another_number_than_the_leads_is_tried_again_itself(lead: Lead, agent: VoiceAgent) -> None:
    end(started(lead, agent, to_phone="+971509999999"), Outcome.BUSY)
    assert call_due(chain(lead)[-1].scheduled_at) == {"called": 1}
    assert [str(call.phone.e164) for call in calls(lead)] == ["+971509999999"] * 2
    end(calls(lead)[1], Outcome.BUSY)
    assert call_due(chain(lead)[-1].scheduled_at) == {"called": 1}
    assert str(calls(lead)[2].phone.e164) == "+971509999999"


@pytest.mark.parametrize(
    ("outcome", "status", "result"),
    [
        (Outcome.ANSWERED, "completed", "answered"),
        (Outcome.DECLINED, "missed", "rejected"),
        (Outcome.WRONG_NUMBER, "failed", None),
        (Outcome.CANCELLED, "cancelled", None),
        (Outcome.UNKNOWN, "failed", None),
    ],
)
def test_a_booking_ends_as_its_call_and_has_no_other_attempt(
    lead: Lead, agent: VoiceAgent, outcome: Outcome, status: str, result: str | None
) -> None:
    booking = booked(lead, agent)
    assert call_due(booking.scheduled_at) == {"called": 1}
    assert chain(lead)[0].status == BookingStatus.IN_PROGRESS
    end(calls(lead)[0], outcome)
    [row] = chain(lead)
    assert (row.status, row.call_result, row.task_status) == (status, result, TaskStatus.EXECUTED)


def test_a_booking_that_reached_nobody_is_followed_by_another(lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    call_due(booking.scheduled_at)
    end(calls(lead)[0], Outcome.VOICEMAIL)
    [kept, again] = chain(lead)
    assert (kept.status, kept.call_result, again.booking_type) == ("missed", "voicemail", BookingType.SYSTEM_RETRY)
    assert AutomaticCall.of(again) == AutomaticCall.of(kept)


def test_three_further_attempts_are_the_most(tenant: Tenant, lead: Lead, agent: VoiceAgent) -> None:
    with platform_context(tenant_id=tenant.pk):
        DialingPolicyFactory.create(tenant=tenant, retry_delays={"no_answer": [5, 5, 5, 5, 5]})
    call = started(lead, agent)
    for _number in range(3):
        end(call, Outcome.NO_ANSWER)
        assert call_due(chain(lead)[-1].scheduled_at) == {"called": 1}
        call = calls(lead)[-1]
    end(call, Outcome.NO_ANSWER)
    assert [row.status for row in chain(lead)] == ["missed"] * 4


def test_the_next_attempt_waits_for_a_free_time(lead: Lead, agent: VoiceAgent) -> None:
    moment = timezone.now()
    taken = moment + timedelta(minutes=9)
    until = taken + timedelta(minutes=20)
    meeting(lead, scheduled_at=taken, buffer_until=until)
    end(started(lead, agent), Outcome.BUSY, now=moment)
    again = next(row for row in chain(lead) if row.booking_type == BookingType.SYSTEM_RETRY)
    assert again.scheduled_at == until


def test_nobody_is_called_again_who_answered_after_all(lead: Lead, agent: VoiceAgent) -> None:
    call = started(lead, agent)
    end(call, Outcome.NO_ANSWER)
    with tenant_context(lead.tenant_id):
        CallLog.objects.filter(pk=call.pk).update(outcome=Outcome.ANSWERED)
        call.refresh_from_db()
        tell_details(DetailsCame(call, None, timezone.now(), frozenset({"outcome"})))
    assert [row.status for row in chain(lead)] == ["missed", "cancelled"]
    assert call_due(soon(72)) == {}


def test_a_moved_booking_is_called_at_its_new_time_only(lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    with tenant_context(lead.tenant_id):
        reschedule(booking=booking, scheduled_at=soon(60))
    assert call_due(booking.scheduled_at) == {}
    assert call_due(soon(60)) == {"called": 1}


@pytest.mark.parametrize("change", ["cancelled", "deleted", "by nobody"])
def test_a_booking_that_is_taken_back_calls_nobody(lead: Lead, agent: VoiceAgent, change: str) -> None:
    booking = booked(lead, agent)
    with tenant_context(lead.tenant_id):
        if change == "cancelled":
            cancel(booking=booking)
        elif change == "deleted":
            writes.delete(booking)
        else:
            let_nobody_call(booking=booking)
    assert call_due(booking.scheduled_at) == {}
    assert calls(lead) == []


def test_a_booking_without_a_call_stays_a_persons(lead: Lead, agent: VoiceAgent) -> None:
    at = soon()
    row = meeting(lead, scheduled_at=at, buffer_until=at + timedelta(minutes=5))
    assert call_due(at) == {}
    with tenant_context(lead.tenant_id):
        cancel(booking=row)
        with pytest.raises(BookingIsOver):
            let_agent_call(booking=row, call=AutomaticCall(agent.pk))


def test_who_expected_a_call_hours_ago_is_not_called(lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    assert call_due(booking.scheduled_at + timedelta(hours=3)) == {"missed": 1}
    [row] = chain(lead)
    assert (row.status, row.task_status, row.last_execution_error) == ("missed", "failed", automatic.LATE)
    assert calls(lead) == []


def test_the_booked_calls_of_a_suspended_tenant_are_not_made(tenant: Tenant, lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="suspended")
    assert (call_due(booking.scheduled_at), calls(lead)) == ({}, [])


def test_a_booking_is_called_although_its_slot_is_over(lead: Lead, agent: VoiceAgent) -> None:
    now = timezone.now()
    at = now - timedelta(minutes=30)
    row = meeting(lead, scheduled_at=at, buffer_until=at + timedelta(minutes=15))
    with platform_context():
        LeadBooking.objects.filter(pk=row.pk).update(**automatic.values_of(AutomaticCall(agent.pk), row, at))
    assert call_due(now) == {"called": 1}
    end(calls(lead)[0], Outcome.ANSWERED)
    assert [each.status for each in chain(lead)] == ["completed"]


def test_a_call_that_cannot_be_asked_for_says_why(lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    with tenant_context(lead.tenant_id):
        writes.delete(agent)
    assert call_due(booking.scheduled_at) == {"failed": 1}
    [row] = chain(lead)
    assert (row.status, row.last_execution_error) == ("failed", automatic.AGENT_GONE)


def test_one_booking_that_fails_does_not_keep_the_next_from_being_called(
    tenant: Tenant, lead: Lead, agent: VoiceAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = booked(lead, agent, soon(40)), booked(lead, agent, soon(41))
    asked = []

    def fails_once(**given: Any) -> CallLog:
        asked.append(given["booking"].pk)
        if len(asked) == 1:
            raise RuntimeError("unexpected")
        return start_call(**given)

    monkeypatch.setattr(automatic, "start_call", fails_once)
    counts = call_due(soon(41))
    assert [row.last_execution_error for row in chain(lead)] == [automatic.UNEXPECTED, ""]
    assert counts == {"failed": 1, "called": 1}
    assert asked == [first.pk, second.pk]
    assert [row.last_execution_error for row in chain(lead)] == [automatic.UNEXPECTED, ""]


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_call_once(lead: Lead, agent: VoiceAgent) -> None:
    booking = booked(lead, agent)
    counts = run_together(*[partial(call_due, booking.scheduled_at)] * 3)
    assert sorted(map(str, counts)) == ["{'called': 1}", "{}", "{}"]
    assert len(calls(lead)) == 1
