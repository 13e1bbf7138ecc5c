"""What replies, clicks, bounces, bookings and the lifecycle of a campaign do to enrolments and queued messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services import states
from campaigns.enrolment.services.enrolment import enrol
from campaigns.messages.models import Message, MessageKind, MessageState
from campaigns.messages.services import settle
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tests.campaigns.engine.conftest import EMAIL, Outreach
from tests.support.api import problem
from tests.support.events import payloads

WRITE = ("Write", "email_send", EMAIL)
REST = ("Rest", "delay", {"days": 2})
AGAIN = ("Again", "email_send", EMAIL)
SEQUENCE = (WRITE, REST, AGAIN)


def begun(outreach: Outreach, running: Any, leads: int = 1, **options: Any) -> list[CampaignLead]:
    """Return enrolments that have got the first message and wait for the second."""
    enrolments: list[CampaignLead] = running(*SEQUENCE, leads=leads, **options)
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    return enrolments


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MessageKind.REPLY, ("stopped", "", "replied")),
        (MessageKind.UNSUBSCRIBE, ("stopped", "", "unsubscribed")),
        (MessageKind.AUTO_REPLY, ("active", "Rest", "delay")),
        (MessageKind.OWN_COPY, ("active", "Rest", "delay")),
        (MessageKind.NOISE, ("active", "Rest", "delay")),
    ],
)
def test_only_answers_of_people_stop(kind: MessageKind, state: Any, outreach: Outreach, running: Any) -> None:
    [lead] = begun(outreach, running)
    outreach.receive(lead, kind)
    assert outreach.state(lead) == state


def test_a_reply_stops_before_the_queued_message(outreach: Outreach, running: Any) -> None:
    [lead] = begun(outreach, running)
    outreach.run(days=2)
    assert len(outreach.messages(MessageState.QUEUED)) == 1
    outreach.receive(lead)
    assert outreach.messages(MessageState.QUEUED) == []
    assert outreach.path(lead) == ["Write replied", "Rest", "Again cancelled"]
    assert payloads("campaigns.lead.ended", lead.pk) == [{"status": "stopped", "reason": "replied"}]


@pytest.mark.parametrize(("rule", "colleague"), [("company", "stopped"), ("lead", "active"), ("nobody", "active")])
def test_a_reply_stops_the_company_where_set(rule: str, colleague: str, outreach: Outreach, running: Any) -> None:
    first, second = begun(outreach, running, 2, company_domain="northwind.example", config={"stop": {"on_reply": rule}})
    outreach.receive(first)
    assert outreach.state(second)[0] == colleague
    assert outreach.state(first)[0] == ("active" if rule == "nobody" else "stopped")


def test_out_of_office_rests_until_the_day_after_the_return(outreach: Outreach, running: Any) -> None:
    [lead] = begun(outreach, running)
    outreach.run(days=2)
    outreach.receive(lead, MessageKind.OUT_OF_OFFICE, returns_on="2026-05-20")
    assert outreach.state(lead) == ("active", "Again", "out_of_office")
    assert outreach.due(lead) == datetime(2026, 5, 21, tzinfo=UTC)
    assert outreach.messages(MessageState.QUEUED) == []
    outreach.happen(lead, "opened")
    outreach.run(days=5)
    assert outreach.messages(MessageState.QUEUED) == []
    outreach.now = datetime(2026, 5, 21, 6, tzinfo=UTC)
    outreach.run()
    assert len(outreach.messages(MessageState.QUEUED)) == 1


def test_a_return_date_is_never_far_away(outreach: Outreach, running: Any) -> None:
    leads = begun(outreach, running, 3)
    for lead, written in zip(leads, ("2999-01-01", "soon", "2020-01-01"), strict=True):
        outreach.receive(lead, MessageKind.OUT_OF_OFFICE, returns_on=written)
    waits = [(outreach.due(lead) or outreach.now) - outreach.now for lead in leads]
    assert waits[0] == timedelta(days=180)
    assert waits[1] == timedelta(days=7)
    # Back already: the delay goes on.
    assert waits[2] == timedelta(days=2) - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "detail", "config", "state"),
    [
        ("unsubscribed", {}, {}, ("stopped", "", "unsubscribed")),
        ("complained", {}, {}, ("stopped", "", "complained")),
        ("bounced", {"severity": "hard"}, {}, ("stopped", "", "bounced")),
        ("bounced", {"severity": "soft"}, {}, ("active", "Rest", "delay")),
        ("clicked", {}, {}, ("active", "Rest", "delay")),
        ("clicked", {}, {"stop": {"on_click": True}}, ("stopped", "", "clicked")),
        ("clicked", {"is_machine": True}, {"stop": {"on_click": True}}, ("active", "Rest", "delay")),
    ],
)
def test_what_happens_to_a_message_stops(
    kind: str, detail: Any, config: Any, state: Any, outreach: Outreach, running: Any
) -> None:
    [lead] = begun(outreach, running, config=config)
    outreach.happen(lead, kind, **detail)
    outreach.run(minutes=1)
    assert outreach.state(lead) == state


def test_domain_events_stop_and_wake(outreach: Outreach, running: Any, call: Any) -> None:
    booked, archived, suppressed, asked = running(
        WRITE, ("Vip?", "condition", {"condition": "tag", "values": ["vip"], "wait_until": True}), AGAIN, leads=4
    )
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    with platform_context(tenant_id=outreach.tenant.pk):
        plan = {"lead": str(booked.lead_id), "booking_type": "demo", "scheduled_at": "2030-05-06T10:00:00Z"}
        address = Lead.objects.get(pk=suppressed.lead_id).email
        tagged = Lead.objects.get(pk=asked.lead_id)
        gone = Lead.objects.get(pk=archived.lead_id)
    assert call("post", "lead-bookings", body=plan).status_code == 201
    assert call("patch", "leads", gone, body={"is_archived": True}).status_code == 200
    entry = {"address": address, "channel": "all", "lead": str(suppressed.lead_id)}
    assert call("post", "suppressions", body=entry).status_code == 201
    assert call("patch", "leads", tagged, body={"tags": ["vip"]}).status_code == 200
    drain()
    assert outreach.state(booked) == ("stopped", "", "booked")
    assert outreach.state(archived) == ("stopped", "", "archived")
    assert outreach.state(suppressed) == ("stopped", "", "suppressed")
    with outreach.inside():
        # The event carries the time of the real clock.
        CampaignLead.objects.filter(pk=asked.pk).update(next_action_at=outreach.now)
        type(outreach.campaign).objects.update(next_run_at=outreach.now)
    outreach.run()
    assert outreach.state(asked) == ("active", "Again", "sending")


def test_a_refused_lead_is_skipped_or_stopped_and_says_why(outreach: Outreach, running: Any, call: Any) -> None:
    [lead] = running(WRITE, REST)
    with outreach.inside():
        address = Lead.objects.get(pk=lead.lead_id).email
    assert call("post", "suppressions", body={"address": address, "channel": "email"}).status_code == 201
    outreach.run()
    # The campaign has no other way to reach the lead.
    assert outreach.state(lead) == ("stopped", "", "refused")
    with outreach.inside():
        [activity] = lead.activities.all()
    assert (activity.status, activity.metadata["decision"]["verdict"]) == ("skipped", "refuse")


def test_a_missing_variable_waits_until_it_is_filled_in(outreach: Outreach, running: Any) -> None:
    [waiting] = running(("Write", "email_send", {"subject": "Hi", "body": "To {{ custom.nickname }}"}), REST)
    outreach.run()
    assert outreach.state(waiting) == ("active", "Write", "missing_variable")
    with outreach.inside():
        waiting.refresh_from_db()
        assert "nickname" in waiting.reason_detail
        Lead.objects.filter(pk=waiting.lead_id).update(custom_fields={"nickname": "Bo"})
    outreach.run(days=1)
    assert [message.body for message in outreach.messages()] == ["To Bo"]


def test_a_missing_variable_skips_where_the_step_says_so(outreach: Outreach, running: Any) -> None:
    config = {"subject": "Hi", "body": "To {{ custom.nickname }}", "if_missing": "skip"}
    [lead] = running(("Write", "email_send", config), AGAIN)
    outreach.run()
    assert outreach.path(lead) == ["Write skipped", "Again queued"]


def test_pause_stop_and_end_take_effect_before_the_next_message(outreach: Outreach, running: Any) -> None:
    begun(outreach, running, 3)
    with outreach.inside():
        lifecycle.pause(campaign=outreach.campaign, actor=None)
    assert outreach.run(days=3).handled == 0
    with outreach.inside():
        lifecycle.resume(campaign=outreach.campaign, actor=None, now=outreach.now)
    assert outreach.run().handled == 3
    assert len(outreach.messages(MessageState.QUEUED)) == 3
    with outreach.inside():
        lifecycle.stop(campaign=outreach.campaign, actor=None)
        assert set(CampaignLead.objects.values_list("status", "reason")) == {("stopped", "campaign_stopped")}
    assert outreach.messages(MessageState.QUEUED) == []
    assert outreach.run(days=1).handled == 0


def test_a_campaign_completes_at_its_end(outreach: Outreach, running: Any) -> None:
    [lead] = begun(outreach, running)
    with outreach.inside():
        type(outreach.campaign).objects.update(ends_at=outreach.now + timedelta(days=1))
    outreach.run(days=2)
    assert outreach.state(lead) == ("stopped", "", "campaign_over")
    assert (outreach.reload().status, outreach.campaign.next_run_at) == ("completed", None)


def test_an_inbound_campaign_waits_for_leads(outreach: Outreach, running: Any) -> None:
    running(WRITE, config={"campaign_type": "inbound"})
    outreach.run()
    outreach.deliver()
    outreach.run()
    assert (outreach.reload().status, outreach.campaign.execution_state) == ("running", "waiting_for_leads")
    [late] = outreach.enrol(email="late@northwind.example")
    outreach.run()
    assert outreach.state(late) == ("active", "Write", "sending")


@pytest.mark.parametrize(("bounces", "status"), [(2, "running"), (3, "paused")])
def test_a_campaign_is_paused_when_too_much_bounces(
    bounces: int, status: str, outreach: Outreach, running: Any
) -> None:
    leads = begun(outreach, running, 10, config={"breaker": {"bounce_rate": 0.2, "minimum": 10}})
    with outreach.inside():
        type(outreach.campaign).objects.update(health_since=None)
    for lead in leads[:bounces]:
        outreach.happen(lead, "bounced", severity="hard")
    assert outreach.reload().status == status
    if status == "paused":
        assert "30.0% of 10 messages bounced" in outreach.campaign.last_execution_reason
        assert len(payloads("campaigns.campaign.halted")) == 1


def test_a_task_waits_for_somebody(outreach: Outreach, running: Any, call: Any) -> None:
    [lead] = running(("Call", "manual_task", {"instructions": "Call them."}), WRITE)
    outreach.run()
    assert outreach.state(lead) == ("active", "Call", "manual_task")
    outreach.receive(lead, MessageKind.AUTO_REPLY)
    outreach.run(days=3)
    with outreach.inside():
        [task] = lead.activities.all()
    assert (task.subject, task.message_content) == ("Call", "Call them.")
    done = call("post", "campaign-lead-activities", task, "complete", {"note": "Friendly."})
    assert (done.status_code, done.json()["status"]) == (200, "delivered"), done.content
    assert problem(call("post", "campaign-lead-activities", task, "skip", {})) == (409, "task_settled")
    with outreach.inside():
        # Tasks are settled by the real clock.
        CampaignLead.objects.update(next_action_at=outreach.now)
        type(outreach.campaign).objects.update(next_run_at=outreach.now)
    outreach.run()
    assert outreach.state(lead) == ("active", "Write", "sending")


def test_leads_are_sent_to_another_campaign_but_never_in_a_circle(outreach: Outreach, running: Any) -> None:
    with platform_context(tenant_id=outreach.tenant.pk):
        from tests.factories.campaigns import CampaignFactory

        other = Outreach(outreach.tenant, CampaignFactory.create())
    other.add(WRITE)
    [lead] = running(("Pass on", "send_to_campaign", {"campaign": str(other.campaign.pk)}), WRITE)
    outreach.run()
    with outreach.inside():
        assert CampaignLead.objects.get(campaign=other.campaign).lead_id == lead.lead_id
    other.add(("Back", "send_to_campaign", {"campaign": str(outreach.campaign.pk)}))
    with outreach.inside(), pytest.raises(lifecycle.NotReady, match="sends them back"):
        lifecycle.start(campaign=other.campaign, actor=None, now=outreach.now)


def test_a_follow_up_continues_the_thread(outreach: Outreach, running: Any) -> None:
    running(WRITE, ("Remind", "email_followup", {"body": "And, {{first_name}}?"}))
    outreach.run()
    outreach.deliver()
    outreach.run()
    first, second = outreach.messages()
    assert (second.thread_id, second.in_reply_to) == (first.pk, first.message_id)
    assert second.subject == "Re: Hello Maya"
    assert second.email_account_id == first.email_account_id


def test_a_message_that_is_being_sent_is_not_sent_again_after_an_absence(outreach: Outreach, running: Any) -> None:
    [lead] = running(*SEQUENCE)
    outreach.run()
    with outreach.inside():
        Message.objects.update(state=MessageState.SENDING)
    outreach.receive(lead, MessageKind.OUT_OF_OFFICE, returns_on="2026-05-20")
    assert outreach.state(lead) == ("active", "Write", "sending")
    with outreach.inside():
        settle([outreach.messages()[0].pk], state=MessageState.SENT)
    outreach.run(days=1)
    assert outreach.state(lead)[:2] == ("active", "Rest")
    assert len(outreach.messages()) == 1


def test_a_message_that_is_taken_back_in_vain_is_written_again(outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, ("Won", "goal", {"goal": "stage", "values": ["won"]}))
    outreach.run()
    with outreach.inside():
        assert states.take_back(states.open_enrolments(), now=outreach.now) == 1
    outreach.run()
    assert [message.state for message in outreach.messages()] == ["cancelled", "queued"]
    assert outreach.state(lead) == ("active", "Write", "sending")


def test_who_begins_again_gets_no_second_message_while_nobody_knows_of_the_first(
    outreach: Outreach, running: Any
) -> None:
    [lead] = running(*SEQUENCE, config={"re_enrolment": "any"})
    outreach.run()
    with outreach.inside():
        Message.objects.update(state=MessageState.UNKNOWN)
        assert enrol(campaign=outreach.campaign, leads=[lead.lead_id], actor=None, now=outreach.now).enrolled == 1
    outreach.run(minutes=1)
    assert outreach.state(lead) == ("active", "Write", "sending")
    assert len(outreach.messages()) == 1
