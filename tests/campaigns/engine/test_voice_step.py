"""A step has a voice agent call the lead, and the lead goes on by how the call went."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import BookingStatus, LeadBooking
from leads.bookings.services import cancel
from leads.contactability.models import ContactPolicy
from tenants.teams.models import Tenant
from tests.campaigns.engine.conftest import Outreach
from tests.factories.leads import ContactPolicyFactory
from tests.factories.voice import DialingPolicyFactory, VoiceAgentFactory
from voice.agents.models import VoiceAgent
from voice.analysis.models import CallOutcome
from voice.analysis.recording import record_analysis
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.claims import Turn, claim
from voice.dialer.ending import finish, lock_placement
from voice.dialer.models import CallPlacement
from voice.dialer.services import cancel_calls
from voice.follow_ups.automatic import call_due
from voice.statuses import CallStatus

pytestmark = pytest.mark.django_db

Start = Any
ENDS = ("answered", "not_interested", "voicemail", "not_reached", "failed", "skipped")
TASKS = [(name, "manual_task", {"instructions": f"It was {name}."}) for name in ENDS]
LINKS = [("Ring", name, name) for name in ENDS]


@pytest.fixture
def agent(tenant: Tenant, outreach: Outreach) -> VoiceAgent:
    """An agent of a tenant that may call at any time. The campaign's clock is ahead of the calls'."""
    outreach.now = datetime.combine(timezone.now() + timedelta(days=2), time(10), UTC)
    hours = {"contact_from": time(0), "contact_until": time(23, 59, 59), "skips_holidays": False}
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(tenant=tenant, max_per_day=0, max_per_week=0, **hours)
        made: VoiceAgent = VoiceAgentFactory.create()
    return made


@pytest.fixture
def ringing(outreach: Outreach, running: Start, agent: VoiceAgent) -> CampaignLead:
    """An enrolment whose step has asked for a call. It goes on to a task named as the step's outcome."""
    ring = ("Ring", "voice_agent_call", {"agent_id": agent.pk, "context": "This is {{first_name}}."})
    [enrolment] = running(ring, *TASKS, links=LINKS, phone="+971501234567", location="Dubai")
    outreach.run()
    drain()
    return enrolment


def calls(enrolment: CampaignLead, *statuses: str) -> list[CallLog]:
    with platform_context():
        rows = CallLog.objects.filter(campaign_lead=enrolment.pk).order_by("created_at")
        return list(rows.filter(status__in=statuses) if statuses else rows)


def attempts(enrolment: CampaignLead, *statuses: str) -> list[LeadBooking]:
    with platform_context():
        return list(LeadBooking.objects.filter(lead=enrolment.lead_id, status__in=statuses).order_by("retry_count"))


def activity(enrolment: CampaignLead) -> CampaignLeadActivity:
    with platform_context():
        rows = CampaignLeadActivity.objects.filter(campaign_lead=enrolment.pk, step_type="voice_agent_call")
        return rows.latest("created_at")


def end(call: CallLog, outcome: Outcome) -> None:
    with tenant_context(call.tenant_id):
        placement = lock_placement(call.pk)
        assert placement is not None
        placement.answered = outcome == Outcome.ANSWERED
        finish(placement, outcome, now=timezone.now(), retry=True)
    drain()


def without_retries(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        DialingPolicyFactory.create(tenant=tenant, retry_delays={})


def test_a_step_asks_for_one_call_and_the_lead_waits(
    outreach: Outreach, ringing: CampaignLead, agent: VoiceAgent
) -> None:
    [call] = calls(ringing)
    assert (call.status, call.agent_id, call.lead_id) == (CallStatus.PENDING, agent.pk, ringing.lead_id)
    assert call.metadata["context"] == "This is Maya."
    assert outreach.state(ringing) == ("active", "Ring", EnrolmentReason.CALLING)
    assert activity(ringing).status == "queued"
    outreach.run(days=3)
    drain()
    assert len(calls(ringing)) == 1


RESULTS = [
    (Outcome.VOICEMAIL, "voicemail", "delivered"),
    (Outcome.BUSY, "not_reached", "failed"),
    (Outcome.NO_ANSWER, "not_reached", "failed"),
    (Outcome.DECLINED, "not_reached", "failed"),
    (Outcome.WRONG_NUMBER, "failed", "failed"),
    (Outcome.REFUSED, "failed", "failed"),
    (Outcome.UNKNOWN, "failed", "failed"),
    (Outcome.CANCELLED, "skipped", "cancelled"),
]


@pytest.mark.parametrize(("outcome", "goes_to", "status"), RESULTS)
def test_the_lead_goes_on_by_the_outcome(
    tenant: Tenant, outreach: Outreach, ringing: CampaignLead, outcome: Outcome, goes_to: str, status: str
) -> None:
    without_retries(tenant)
    end(calls(ringing)[0], outcome)
    outreach.run(minutes=1)
    assert outreach.state(ringing)[1] == goes_to
    done = activity(ringing)
    assert (done.status, done.metadata["outcome"]) == (status, outcome)


HEARD = [
    (CallOutcome.INTERESTED, False, "answered"),
    (CallOutcome.CALLBACK, False, "answered"),
    (CallOutcome.NOT_INTERESTED, False, "not_interested"),
    (CallOutcome.WRONG_PERSON, False, "not_interested"),
]


@pytest.mark.parametrize(("found", "do_not_call", "goes_to"), HEARD)
def test_who_answered_goes_on_by_what_was_said(
    tenant: Tenant, outreach: Outreach, ringing: CampaignLead, found: str, do_not_call: bool, goes_to: str
) -> None:
    [call] = calls(ringing)
    end(call, Outcome.ANSWERED)
    assert outreach.state(ringing) == ("active", "Ring", EnrolmentReason.CALL_ANSWERED)
    waits_until = outreach.due(ringing)
    assert waits_until is not None and waits_until - timezone.now() > timedelta(minutes=14)
    with tenant_context(tenant.pk):
        record_analysis(call=call, values={"outcome": found, "do_not_call": do_not_call})
    drain()
    due = outreach.due(ringing)
    assert due is not None and due <= timezone.now()
    outreach.run()
    assert outreach.state(ringing)[1] == goes_to


def test_who_answered_goes_on_without_an_analysis_too(outreach: Outreach, ringing: CampaignLead) -> None:
    end(calls(ringing)[0], Outcome.ANSWERED)
    outreach.run()
    assert outreach.state(ringing)[1] == "answered"


def test_who_asks_not_to_be_called_leaves_the_campaign(
    tenant: Tenant, outreach: Outreach, ringing: CampaignLead
) -> None:
    [call] = calls(ringing)
    end(call, Outcome.ANSWERED)
    with tenant_context(tenant.pk):
        record_analysis(call=call, values={"outcome": CallOutcome.DO_NOT_CALL, "do_not_call": True})
    drain()
    drain()
    assert outreach.state(ringing)[::2] == ("stopped", EnrolmentReason.SUPPRESSED)


def test_the_lead_waits_until_the_last_attempt(outreach: Outreach, ringing: CampaignLead) -> None:
    end(calls(ringing)[0], Outcome.BUSY)
    assert outreach.state(ringing)[2] == EnrolmentReason.CALLING
    [again] = attempts(ringing, BookingStatus.SCHEDULED)
    assert call_due(again.scheduled_at) == {"called": 1}
    second = calls(ringing)[1]
    assert (second.campaign_step_id, second.metadata["context"]) == (outreach.steps["Ring"].pk, "This is Maya.")
    end(second, Outcome.BUSY)
    [third] = attempts(ringing, BookingStatus.SCHEDULED)
    call_due(third.scheduled_at)
    end(calls(ringing)[2], Outcome.BUSY)
    outreach.run()
    assert outreach.state(ringing)[1] == "not_reached"


@pytest.mark.parametrize("change", ["cancelled", "deleted"])
def test_an_attempt_that_is_taken_off_the_calendar_lets_the_lead_go_on(
    tenant: Tenant, outreach: Outreach, ringing: CampaignLead, change: str
) -> None:
    end(calls(ringing)[0], Outcome.BUSY)
    [again] = attempts(ringing, BookingStatus.SCHEDULED)
    with tenant_context(tenant.pk):
        cancel(booking=again) if change == "cancelled" else writes.delete(again)
    drain()
    outreach.run()
    assert outreach.state(ringing)[1] == "not_reached"


def test_a_call_that_somebody_cancels_lets_the_lead_go_on(
    tenant: Tenant, outreach: Outreach, ringing: CampaignLead
) -> None:
    with tenant_context(tenant.pk):
        cancel_calls(calls(ringing), forced=False, actor=None)
    drain()
    outreach.run()
    assert outreach.state(ringing)[1] == "skipped"


@pytest.mark.parametrize("booked", [False, True])
def test_stopping_the_campaign_cancels_its_calls(outreach: Outreach, ringing: CampaignLead, booked: bool) -> None:
    if booked:
        end(calls(ringing)[0], Outcome.BUSY)
    with outreach.inside():
        lifecycle.stop(campaign=outreach.campaign, actor=None)
    drain()
    assert calls(ringing, CallStatus.PENDING) == [] == attempts(ringing, BookingStatus.SCHEDULED)
    assert outreach.state(ringing)[::2] == ("stopped", EnrolmentReason.CAMPAIGN_STOPPED)
    assert len(attempts(ringing, BookingStatus.CANCELLED)) == booked


def test_a_call_that_rings_goes_on_when_the_campaign_is_stopped(outreach: Outreach, ringing: CampaignLead) -> None:
    with platform_context():
        CallPlacement.objects.filter(call_log=calls(ringing)[0].pk).update(state="placed")
    with outreach.inside():
        lifecycle.stop(campaign=outreach.campaign, actor=None)
    drain()
    assert len(calls(ringing, CallStatus.PENDING)) == 1


@pytest.mark.parametrize("booked", [False, True])
def test_a_paused_campaign_takes_its_calls_back_and_asks_again(
    outreach: Outreach, ringing: CampaignLead, booked: bool
) -> None:
    if booked:
        end(calls(ringing)[0], Outcome.BUSY)
    with outreach.inside():
        lifecycle.pause(campaign=outreach.reload(), actor=None)
    drain()
    assert calls(ringing, CallStatus.PENDING) == [] == attempts(ringing, BookingStatus.SCHEDULED)
    outreach.run(days=1)
    assert outreach.state(ringing) == ("active", "Ring", "")
    with outreach.inside():
        lifecycle.resume(campaign=outreach.reload(), actor=None, now=outreach.now)
    outreach.run(minutes=1)
    drain()
    assert outreach.state(ringing)[2] == EnrolmentReason.CALLING
    assert len(calls(ringing, CallStatus.PENDING)) == 1


def test_a_campaign_that_is_paused_before_its_request_is_read_calls_nobody(
    outreach: Outreach, running: Start, agent: VoiceAgent
) -> None:
    ring = ("Ring", "voice_agent_call", {"agent_id": agent.pk, "context": "Hello."})
    [enrolment] = running(ring, phone="+971501234567", location="Dubai")
    outreach.run()
    with outreach.inside():
        lifecycle.pause(campaign=outreach.reload(), actor=None)
    drain()
    assert calls(enrolment) == []
    assert outreach.state(enrolment) == ("active", "Ring", "")


def test_a_campaign_that_is_stopped_makes_no_attempt_that_is_due(outreach: Outreach, ringing: CampaignLead) -> None:
    end(calls(ringing)[0], Outcome.BUSY)
    [again] = attempts(ringing, BookingStatus.SCHEDULED)
    with outreach.inside():
        lifecycle.stop(campaign=outreach.campaign, actor=None)
    # The event of the stop has not been handled yet.
    assert call_due(again.scheduled_at) == {"cancelled": 1}
    assert len(calls(ringing)) == 1


def test_a_call_that_rings_counts_although_the_campaign_is_paused(outreach: Outreach, ringing: CampaignLead) -> None:
    [call] = calls(ringing)
    with platform_context():
        CallPlacement.objects.filter(call_log=call.pk).update(state="placed")
    with outreach.inside():
        lifecycle.pause(campaign=outreach.reload(), actor=None)
    drain()
    assert outreach.state(ringing)[2] == EnrolmentReason.CALLING
    end(call, Outcome.WRONG_NUMBER)
    with outreach.inside():
        lifecycle.resume(campaign=outreach.reload(), actor=None, now=outreach.now)
    outreach.run(minutes=1)
    assert outreach.state(ringing)[1] == "failed"
    assert len(calls(ringing)) == 1


def test_a_lead_that_leaves_the_campaign_is_not_called(outreach: Outreach, ringing: CampaignLead) -> None:
    with outreach.inside():
        own = CampaignLead.objects.filter(pk=ringing.pk)
        states.stop(own, reason=EnrolmentReason.STOPPED_BY_HAND, now=outreach.now)
    drain()
    assert [call.status for call in calls(ringing)] == [CallStatus.CANCELLED]


def test_a_removed_step_calls_nobody(outreach: Outreach, ringing: CampaignLead) -> None:
    with outreach.inside():
        writes.delete(CampaignStep.objects.get(pk=outreach.steps["Ring"].pk))
    drain()
    assert calls(ringing, CallStatus.PENDING) == []
    assert outreach.state(ringing)[1] == "answered"


def test_a_step_whose_agent_is_gone_fails_and_says_so(outreach: Outreach, running: Start, agent: VoiceAgent) -> None:
    ring = ("Ring", "voice_agent_call", {"agent_id": agent.pk + 1, "context": "Hello."})
    [enrolment] = running(ring, *TASKS, links=LINKS, phone="+971501234567")
    outreach.run()
    drain()
    outreach.run()
    assert outreach.state(enrolment)[1] == "failed"
    assert "voice agent was deleted" in activity(enrolment).error_message


def test_who_may_not_be_called_is_not_called(outreach: Outreach, running: Start, agent: VoiceAgent) -> None:
    outreach.add(("Ring", "voice_agent_call", {"agent_id": agent.pk, "context": "Hello."}), *TASKS, links=LINKS)
    [enrolment] = outreach.enrol(phone="+971501234567")
    with outreach.inside():
        writes.update(outreach.steps["Ring"], {"config": {**outreach.steps["Ring"].config, "if_refused": "skip"}})
        ContactPolicy.objects.update(consent_required=["voice"])
    outreach.start()
    outreach.run()
    drain()
    assert calls(enrolment) == []
    assert outreach.state(enrolment)[1] == "skipped"


def test_a_call_waits_for_the_campaigns_hours(outreach: Outreach, running: Start, agent: VoiceAgent) -> None:
    hours = {"window": {"start": "15:00", "end": "16:00", "zone": "lead"}}
    ring = ("Ring", "voice_agent_call", {"agent_id": agent.pk, "context": "Hello."})
    [enrolment] = running(ring, config=hours, phone="+971501234567", location="Dubai")
    outreach.run()
    drain()
    assert calls(enrolment) == []
    due = outreach.due(enrolment)
    assert due is not None and due.astimezone(UTC).hour == 11
    outreach.now = due
    outreach.run()
    drain()
    assert len(calls(enrolment)) == 1


def open_at(enrolment: CampaignLead, hour: int) -> None:
    """Let the campaign be open in this hour of UTC only."""
    hours = {"window": {"start": f"{hour:02}:00", "end": f"{hour:02}:59", "zone": "UTC", "skips_holidays": False}}
    with platform_context():
        Campaign.objects.filter(pk=enrolment.campaign_id).update(config=hours)


def test_a_call_that_waits_for_a_line_keeps_to_the_campaigns_hours(tenant: Tenant, ringing: CampaignLead) -> None:
    now = timezone.now()
    closed, [call] = (now + timedelta(hours=12)).hour, calls(ringing)
    open_at(ringing, closed)
    assert claim(tenant.pk, most=5) == Turn([], 1)
    with platform_context():
        waiting = CallPlacement.objects.get(call_log=call)
    assert waiting.decision["reasons"][0]["code"] == "outside_window"
    assert waiting.due_at is not None and waiting.due_at.astimezone(UTC).hour == closed
    with platform_context():
        CallPlacement.objects.update(due_at=now)
        Campaign.objects.filter(pk=ringing.campaign_id).update(config={"window": {"skips_holidays": False}})
    assert claim(tenant.pk, most=5) == Turn([], 1)
    with platform_context():
        # The tenant has no number to call from: the hours were asked about before.
        assert "outside_window" not in str(CallPlacement.objects.get(call_log=call).decision)


def test_another_attempt_keeps_to_the_campaigns_hours(ringing: CampaignLead) -> None:
    closed = (timezone.now() + timedelta(hours=12)).hour
    open_at(ringing, closed)
    end(calls(ringing)[0], Outcome.BUSY)
    [again] = attempts(ringing, BookingStatus.SCHEDULED)
    assert again.scheduled_at.astimezone(UTC).hour == closed


CONDITIONS = [
    ("voice_answered", Outcome.ANSWERED, True),
    ("voice_answered", Outcome.VOICEMAIL, False),
    ("voice_completed", Outcome.VOICEMAIL, True),
    ("voice_not_answered", Outcome.NO_ANSWER, True),
    ("voice_busy", Outcome.BUSY, True),
    ("voice_busy", Outcome.NO_ANSWER, False),
    ("voice_failed", Outcome.WRONG_NUMBER, True),
]


@pytest.mark.parametrize(("condition", "outcome", "met"), CONDITIONS)
def test_conditions_know_how_the_call_went(
    tenant: Tenant,
    outreach: Outreach,
    running: Start,
    agent: VoiceAgent,
    condition: str,
    outcome: Outcome,
    met: bool,
) -> None:
    without_retries(tenant)
    ring = ("Ring", "voice_agent_call", {"agent_id": agent.pk, "context": "Hello."})
    asks = ("Asks", "condition", {"condition": condition})
    [enrolment] = running(ring, asks, *TASKS[:2], links=[("Asks", "no", "not_interested")], phone="+971501234567")
    outreach.run()
    drain()
    end(calls(enrolment)[0], outcome)
    outreach.run()
    assert outreach.state(enrolment)[1] == ("answered" if met else "not_interested")
