"""What answers, refusals and old invitations on networks do to enrolments."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.engine import withdrawing
from campaigns.enrolment.models import CampaignLead
from campaigns.messages.models import MessageKind, MessageState
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tests.campaigns.engine.conftest import EMAIL, Outreach
from tests.campaigns.engine.networks import PROFILE, account_on, know, linkedin, queued
from tests.factories.campaigns import MessageFactory

Start = Any
INVITE = ("Invite", "linkedin_connect", {"message": "Hello", "withdraw_after_days": 14})
TELL = ("Tell", "linkedin_message", {"message": "Thank you"})
REST = ("Rest", "delay", {"days": 2})
TEXT = ("Text", "sms_send", {"message": "Hello. Reply STOP to opt out."})
WRITE = ("Write", "email_send", EMAIL)
CHANNELS = (Channel.LINKEDIN, Channel.WHATSAPP, Channel.SMS, Channel.WEB)


def visited(outreach: Outreach, running: Start, *, leads: int = 1, **options: Any) -> list[CampaignLead]:
    """Return enrolments that were written to and rest."""
    linkedin(outreach)
    account_on(outreach, Channel.SMS)
    found: list[CampaignLead] = running(TEXT, REST, WRITE, leads=leads, **options, **PROFILE)
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    return found


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_answer_on_any_channel_stops_the_campaign_for_the_lead(
    channel: Channel, outreach: Outreach, running: Start
) -> None:
    [lead] = visited(outreach, running)
    outreach.receive(lead, MessageKind.OWN_COPY, channel)
    assert outreach.state(lead) == ("active", "Rest", "delay")
    outreach.receive(lead, channel=channel)
    assert outreach.state(lead) == ("stopped", "", "replied")
    assert outreach.path(lead) == ["Text replied"]


def test_an_answer_on_a_network_stops_the_whole_company_where_set(outreach: Outreach, running: Start) -> None:
    config = {"stop": {"on_reply": "company"}}
    first, second = visited(outreach, running, leads=2, company_domain="northwind.example", config=config)
    outreach.receive(first, channel=Channel.SMS)
    assert outreach.state(second) == ("stopped", "", "company_replied")


def test_an_answer_on_another_channel_than_the_one_asked_about_stops(outreach: Outreach, running: Start) -> None:
    account_on(outreach, Channel.SMS)
    account_on(outreach, Channel.WHATSAPP)
    asks = ("Answered?", "condition", {"condition": "whatsapp_replied", "within": {"days": 3}})
    there, elsewhere = running(TEXT, asks, WRITE, leads=2, **PROFILE)
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    outreach.receive(there, channel=Channel.WHATSAPP)
    outreach.receive(elsewhere, channel=Channel.SMS)
    assert outreach.state(elsewhere) == ("stopped", "", "replied")
    outreach.run(minutes=1)
    assert outreach.state(there) == ("active", "Write", "sending")


@pytest.mark.parametrize(
    ("detail", "steps", "state"),
    [
        ({"code": "21610"}, (TEXT, REST, ("Again", "sms_send", TEXT[2])), ("stopped", "", "unsubscribed")),
        ({"code": 30005}, (TEXT, REST, ("Again", "sms_send", TEXT[2])), ("stopped", "", "bounced")),
        ({"code": "21610"}, (TEXT, REST, WRITE), ("active", "Rest", "delay")),
        (
            {"severity": "soft", "code": 30003},
            (TEXT, REST, ("Again", "sms_send", TEXT[2])),
            ("active", "Rest", "delay"),
        ),
    ],
)
def test_whoever_cannot_be_texted_is_reached_another_way_or_not_at_all(
    detail: Any, steps: Any, state: Any, outreach: Outreach, running: Start
) -> None:
    account_on(outreach, Channel.SMS)
    [lead] = running(*steps, **PROFILE)
    outreach.run()
    outreach.deliver()
    outreach.run(minutes=1)
    outreach.happen(lead, "bounced", **detail)
    outreach.run(minutes=1)
    assert outreach.state(lead) == state


def old_invitation(outreach: Outreach, running: Start) -> tuple[CampaignLead, NetworkContact]:
    account = linkedin(outreach)
    [lead] = running(INVITE, TELL, **PROFILE)
    outreach.run()
    outreach.deliver()
    contact = know(
        outreach, lead, account, relation=Relation.INVITED, invited_at=outreach.now, invitation_id="invitation-7"
    )
    outreach.run(minutes=1)
    return lead, contact


def test_an_old_invitation_is_withdrawn_once_and_whoever_waited_for_it_goes_on(
    outreach: Outreach, running: Start
) -> None:
    lead, contact = old_invitation(outreach, running)
    assert outreach.state(lead) == ("active", "Tell", "not_connected")
    early = outreach.now + timedelta(days=13)
    assert withdrawing.withdraw_due(now=early) == 0
    late = outreach.now + timedelta(days=14)
    assert withdrawing.withdraw_due(now=late) == 1
    assert withdrawing.withdraw_due(now=late) == 0
    [message] = queued(outreach)
    assert (message.action, message.lead_id) == ("withdrawal", lead.lead_id)
    assert message.linkedin_account_id == contact.linkedin_account_id
    assert (message.campaign_id, message.metadata) == (None, {"invitation_id": "invitation-7"})
    outreach.now = late
    outreach.deliver()
    with outreach.inside():
        contact.refresh_from_db()
    assert contact.relation == Relation.WITHDRAWN
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Invite sent", "Tell skipped"]


@pytest.mark.parametrize("relation", [Relation.CONNECTED, Relation.WITHDRAWN, Relation.NONE])
def test_only_open_invitations_are_withdrawn(relation: Relation, outreach: Outreach, running: Start) -> None:
    _lead, contact = old_invitation(outreach, running)
    with outreach.inside():
        NetworkContact.objects.filter(pk=contact.pk).update(relation=relation)
    assert withdrawing.withdraw_due(now=outreach.now + timedelta(days=30)) == 0


def test_an_invitation_whose_step_does_not_say_so_stays(outreach: Outreach, running: Start) -> None:
    account = linkedin(outreach)
    [lead] = running(("Invite", "linkedin_connect", {}), TELL, **PROFILE)
    outreach.run()
    outreach.deliver()
    know(outreach, lead, account, relation=Relation.INVITED, invited_at=outreach.now)
    assert withdrawing.withdraw_due(now=outreach.now + timedelta(days=300)) == 0


def test_the_withdrawal_of_another_account_says_nothing_about_an_invitation(outreach: Outreach, running: Start) -> None:
    lead, _contact = old_invitation(outreach, running)
    with platform_context(tenant_id=outreach.tenant.pk):
        MessageFactory.create(lead=lead.lead, channel=Channel.LINKEDIN, action="withdrawal", state=MessageState.SENT)
    assert withdrawing.withdraw_due(now=outreach.now + timedelta(days=14)) == 1
