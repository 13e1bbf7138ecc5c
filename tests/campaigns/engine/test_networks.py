"""Steps on LinkedIn, Instagram, WhatsApp and SMS: each queues its action, and the lead goes on by what became of it."""

from datetime import time, timedelta
from typing import Any

import pytest

from campaigns.accounts.models import AccountStatus, LinkedinAccount
from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services import states
from campaigns.messages.models import Message, MessageState
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability.addresses import Kind, hashes
from leads.contactability.models import Suppression
from tests.campaigns.engine.conftest import Outreach
from tests.campaigns.engine.networks import (
    PROFILE,
    accept,
    account_on,
    enrol_on_instagram,
    know,
    linkedin,
    queued,
)
from tests.factories.campaigns import WhatsappTemplateFactory
from tests.factories.leads import ContactPolicyFactory, LeadTouchFactory

Start = Any
DONE = ("Done", "manual_task", {"instructions": "Done."})
NEWEST = {"post": "newest"}
MAYA = {"username": "maya.l"}

# The step, the action, what the lead reads, and what the driver is told.
ON_LINKEDIN: dict[str, tuple[dict[str, Any], str, str, dict[str, Any]]] = {
    "linkedin_visit": ({}, "visit", "", {}),
    "linkedin_follow": ({}, "follow", "", {}),
    "linkedin_like": ({}, "like", "", NEWEST),
    "linkedin_comment_reply": ({"comment": "Well said, {{first_name}}"}, "comment", "Well said, Maya", NEWEST),
    "linkedin_scrape_profile": ({"fields": ["headline"]}, "profile", "", {"fields": ["headline"]}),
    "linkedin_connect": ({"message": "Hello {{first_name}}"}, "invitation", "Hello Maya", {}),
}
ON_INSTAGRAM: dict[str, tuple[dict[str, Any], str, str, dict[str, Any]]] = {
    "instagram_follow": ({}, "follow", "", MAYA),
    "instagram_like": ({"username": "{{ instagram }}"}, "like", "", {**MAYA, **NEWEST}),
    "instagram_story_view": ({"username": "@Maya.L"}, "story_view", "", MAYA),
    "instagram_dm": ({"message": "Hello {{first_name}}"}, "message", "Hello Maya", MAYA),
    "instagram_comment_reply": ({"comment": "Nice"}, "comment", "Nice", {**MAYA, **NEWEST}),
}


@pytest.mark.parametrize("type_", ON_LINKEDIN)
def test_a_step_on_linkedin_queues_its_action_and_goes_on_when_it_is_sent(
    type_: str, outreach: Outreach, running: Start
) -> None:
    config, action, body, metadata = ON_LINKEDIN[type_]
    account = linkedin(outreach)
    [lead] = running(("Act", type_, config), DONE, **PROFILE)
    outreach.run()
    [message] = queued(outreach)
    assert (message.channel, message.action, message.body) == (Channel.LINKEDIN, action, body)
    assert (message.linkedin_account_id, message.channel_account_id) == (account.pk, None)
    assert (message.campaign_lead_id, message.step_id) == (lead.pk, outreach.steps["Act"].pk)
    assert message.metadata == metadata
    assert outreach.path(lead) == ["Act queued"]
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Act sent", "Done pending"]


@pytest.mark.parametrize("type_", ON_INSTAGRAM)
def test_a_step_on_instagram_acts_towards_the_leads_own_name(type_: str, outreach: Outreach, running: Start) -> None:
    config, action, body, metadata = ON_INSTAGRAM[type_]
    account = account_on(outreach, Channel.WEB)
    outreach.add(("Act", type_, config), DONE)
    enrol_on_instagram(outreach, "https://www.instagram.com/maya.l/")
    outreach.start()
    outreach.run()
    [message] = queued(outreach)
    assert (message.channel, message.action, message.body) == (Channel.WEB, action, body)
    assert (message.linkedin_account_id, message.channel_account_id) == (None, account.pk)
    assert message.metadata == metadata


def test_a_name_that_is_the_same_for_everybody_is_not_written_to_again_and_again(
    outreach: Outreach, running: Start
) -> None:
    account_on(outreach, Channel.WEB)
    outreach.add(("Write", "instagram_dm", {"username": "acme", "message": "Hello"}), DONE)
    leads = enrol_on_instagram(outreach, "maya.l", "@omar", "Acme")
    outreach.start()
    outreach.run()
    assert [(m.lead_id, m.metadata) for m in queued(outreach)] == [(leads[2].lead_id, {"username": "Acme"})]
    assert [outreach.path(lead) for lead in leads[:2]] == [["Write skipped", "Done pending"]] * 2


def test_whoever_has_no_name_on_instagram_skips_the_step(outreach: Outreach, running: Start) -> None:
    account_on(outreach, Channel.WEB)
    [lead] = running(("Follow", "instagram_follow", {}), ("Write", "email_send", {"subject": "x", "body": "y"}))
    outreach.run()
    assert outreach.path(lead) == ["Follow skipped", "Write queued"]


@pytest.mark.parametrize(
    ("state", "config", "path", "stands"),
    [
        (MessageState.FAILED, {}, ["Visit failed", "Done pending"], ("active", "Done", "manual_task")),
        (MessageState.FAILED, {"if_failed": "stop"}, ["Visit failed"], ("stopped", "", "send_failed")),
        (MessageState.CANCELLED, {}, ["Visit cancelled", "Done pending"], ("active", "Done", "manual_task")),
    ],
)
def test_what_is_not_done_is_never_shown_as_done(
    state: MessageState, config: Any, path: Any, stands: Any, outreach: Outreach, running: Start
) -> None:
    linkedin(outreach)
    [lead] = running(("Visit", "linkedin_visit", config), DONE, **PROFILE)
    outreach.run()
    outreach.deliver(state)
    outreach.run(minutes=1)
    assert outreach.path(lead) == path
    assert outreach.state(lead) == stands


def test_an_action_that_is_under_way_is_not_done_twice(outreach: Outreach, running: Start) -> None:
    linkedin(outreach)
    [lead] = running(("Visit", "linkedin_visit", {}), DONE, **PROFILE)
    outreach.run()
    with outreach.inside():
        Message.objects.update(state=MessageState.UNKNOWN)
        CampaignLead.objects.filter(pk=lead.pk).update(reason="", next_action_at=outreach.now)
        states.wake_campaigns([outreach.campaign.pk], at=outreach.now)
    outreach.run(minutes=1)
    assert len(outreach.messages()) == 1
    assert outreach.state(lead) == ("active", "Visit", "sending")


def suppress(outreach: Outreach, lead: CampaignLead) -> None:
    with platform_context(tenant_id=outreach.tenant.pk):
        Suppression.objects.create(
            tenant=outreach.tenant,
            channel=Channel.LINKEDIN,
            scope="address",
            address="in/maya",
            address_hash=hashes(outreach.tenant.pk, Kind.LINKEDIN, "in/maya")[0],
            reason="manual",
            lead_id=lead.lead_id,
        )


@pytest.mark.parametrize("type_", ["linkedin_visit", "linkedin_connect"])
def test_nobody_on_the_do_not_contact_list_is_visited_or_invited(
    type_: str, outreach: Outreach, running: Start
) -> None:
    linkedin(outreach)
    outreach.add(("Act", type_, {}), ("Write", "email_send", {"subject": "x", "body": "y"}))
    [lead] = outreach.enrol(1, **PROFILE)
    outreach.start()
    suppress(outreach, lead)
    outreach.run()
    assert outreach.path(lead) == ["Act skipped", "Write queued"]
    assert [message.channel for message in queued(outreach)] == [Channel.EMAIL]


@pytest.mark.parametrize(
    ("type_", "reason"),
    [("linkedin_visit", "sending"), ("linkedin_like", "sending"), ("linkedin_connect", "weekly_limit")],
)
def test_limits_of_contact_are_about_words_and_not_about_visits(
    type_: str, reason: str, outreach: Outreach, running: Start
) -> None:
    linkedin(outreach)
    [lead] = running(("Act", type_, {}), DONE, **PROFILE)
    with platform_context(tenant_id=outreach.tenant.pk):
        ContactPolicyFactory.create(tenant=outreach.tenant, max_per_day=0, max_per_week=1)
        LeadTouchFactory.create(lead=lead.lead, channel=Channel.EMAIL, occurred_at=outreach.now - timedelta(days=1))
    outreach.run()
    assert outreach.state(lead) == ("active", "Act", reason)


def test_visits_keep_to_the_hours_of_the_campaign_but_not_to_hours_of_contact(
    outreach: Outreach, running: Start
) -> None:
    linkedin(outreach)
    window = {"start": "12:00", "end": "18:00", "zone": "UTC"}
    with platform_context(tenant_id=outreach.tenant.pk):
        ContactPolicyFactory.create(tenant=outreach.tenant, contact_from=time(1), contact_until=time(2))
    steps: Any = ("Visit", "linkedin_visit", {}), ("Invite", "linkedin_connect", {})
    [lead] = running(*steps, config={"window": window}, **PROFILE)
    outreach.run()
    assert outreach.state(lead) == ("active", "Visit", "outside_window")
    outreach.run(hours=6)
    assert outreach.state(lead) == ("active", "Visit", "sending")
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.state(lead) == ("active", "Invite", "no_open_time")


def test_words_count_in_the_days_limit_of_the_campaign_and_visits_do_not(outreach: Outreach, running: Start) -> None:
    linkedin(outreach)
    steps: Any = ("Visit", "linkedin_visit", {}), ("Invite", "linkedin_connect", {}), DONE
    leads = running(*steps, leads=3, config={"daily_cap": 1}, **PROFILE)
    outreach.run()
    assert [message.action for message in queued(outreach)] == ["visit"] * 3
    outreach.deliver()
    outreach.run(minutes=1)
    assert [(message.action, message.counted_day is not None) for message in queued(outreach)] == [("invitation", True)]
    assert sorted(outreach.state(lead)[2] for lead in leads) == ["daily_cap", "daily_cap", "sending"]


def test_a_campaign_whose_account_is_gone_waits_and_says_why(outreach: Outreach, running: Start) -> None:
    account = linkedin(outreach)
    [lead] = running(("Visit", "linkedin_visit", {}), DONE, **PROFILE)
    with outreach.inside():
        LinkedinAccount.objects.filter(pk=account.pk).update(status=AccountStatus.EXPIRED)
    outreach.run()
    assert outreach.state(lead) == ("active", "Visit", "channel_not_connected")
    with outreach.inside():
        LinkedinAccount.objects.filter(pk=account.pk).update(status=AccountStatus.ACTIVE)
    outreach.run(minutes=16)
    assert outreach.state(lead) == ("active", "Visit", "sending")


# Invitations and messages on LinkedIn


INVITE = ("Invite", "linkedin_connect", {"message": "Hello {{first_name}}"})
TELL = ("Tell", "linkedin_message", {"message": "Thank you, {{first_name}}"})


def invited(outreach: Outreach, running: Start, *more: Any, **options: Any) -> tuple[CampaignLead, NetworkContact]:
    """Return an enrolment whose invitation was sent and that waits at the next step, and the contact."""
    account = linkedin(outreach)
    [lead] = running(INVITE, *(more or (TELL,)), **PROFILE, **options)
    outreach.run()
    outreach.deliver()
    contact = know(outreach, lead, account, relation=Relation.INVITED, invited_at=outreach.now)
    outreach.run(minutes=1)
    return lead, contact


def test_a_message_waits_for_the_acceptance_and_goes_out_at_once_and_once(outreach: Outreach, running: Start) -> None:
    lead, contact = invited(outreach, running)
    assert outreach.state(lead) == ("active", "Tell", "not_connected")
    assert outreach.due(lead) is None
    outreach.run(days=3)
    assert queued(outreach) == []
    accept(outreach, contact)
    accept(outreach, contact)
    outreach.run()
    outreach.run(minutes=1)
    assert [message.body for message in queued(outreach)] == ["Thank you, Maya"]
    assert outreach.path(lead) == ["Invite connected", "Tell queued"]


def test_a_message_is_skipped_where_the_step_says_so(outreach: Outreach, running: Start) -> None:
    lead, _contact = invited(
        outreach, running, ("Tell", "linkedin_message", {**TELL[2], "if_not_connected": "skip"}), DONE
    )
    assert outreach.path(lead) == ["Invite sent", "Tell skipped", "Done pending"]
    with outreach.inside():
        activity = CampaignLeadActivity.objects.get(campaign_lead=lead.pk, step=outreach.steps["Tell"])
    assert activity.error_message == "The lead is not connected with Ana Ferreira on LinkedIn."


def test_whoever_is_connected_already_gets_no_invitation(outreach: Outreach, running: Start) -> None:
    account = linkedin(outreach)
    outreach.add(INVITE, TELL)
    [lead] = outreach.enrol(1, **PROFILE)
    know(outreach, lead, account, relation=Relation.CONNECTED)
    outreach.start()
    outreach.run()
    assert outreach.path(lead) == ["Invite connected", "Tell queued"]
    assert [message.action for message in queued(outreach)] == ["message"]


def test_a_message_to_somebody_unknown_is_tried_and_waits_if_linkedin_says_that_they_are_not_connected(
    outreach: Outreach, running: Start
) -> None:
    account = linkedin(outreach)
    [lead] = running(TELL, DONE, **PROFILE)
    outreach.run()
    assert len(queued(outreach)) == 1
    contact = know(outreach, lead, account, relation=Relation.NONE, looked_up_at=outreach.now)
    outreach.deliver(MessageState.FAILED, "They are not connected.")
    outreach.run(minutes=1)
    assert outreach.state(lead) == ("active", "Tell", "not_connected")
    outreach.run(days=1)
    assert len(outreach.messages()) == 1
    accept(outreach, contact)
    outreach.run()
    assert len(queued(outreach)) == 1
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Tell failed", "Tell sent", "Done pending"]


def test_a_message_that_fails_for_another_reason_goes_on(outreach: Outreach, running: Start) -> None:
    account = linkedin(outreach)
    outreach.add(TELL, DONE)
    [lead] = outreach.enrol(1, **PROFILE)
    know(outreach, lead, account, relation=Relation.CONNECTED)
    outreach.start()
    outreach.run()
    outreach.deliver(MessageState.FAILED, "LinkedIn did not answer.")
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Tell failed", "Done pending"]


def test_a_condition_on_the_connection_is_met_at_the_acceptance(outreach: Outreach, running: Start) -> None:
    asks = ("Connected?", "condition", {"condition": "connected", "within": {"days": 7}})
    lead, contact = invited(outreach, running, asks, DONE, links=[("Connected?", "no", None)])
    assert outreach.state(lead) == ("active", "Connected?", "condition")
    accept(outreach, contact)
    outreach.run()
    assert outreach.path(lead) == ["Invite connected", "Connected?", "Done pending"]


def test_an_acceptance_that_is_reported_before_the_sender_is_shown_all_the_same(
    outreach: Outreach, running: Start
) -> None:
    account = linkedin(outreach)
    [lead] = running(INVITE, TELL, **PROFILE)
    outreach.run()
    accept(outreach, know(outreach, lead, account, relation=Relation.INVITED))
    assert outreach.path(lead) == ["Invite queued"]
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Invite connected", "Tell queued"]


def test_a_note_that_gets_too_long_for_a_lead_waits_for_a_shorter_text(outreach: Outreach, running: Start) -> None:
    linkedin(outreach)
    long = ("Invite", "linkedin_connect", {"message": "Hello {{first_name}} {{first_name}} {{first_name}}"})
    [lead] = running(long, first_name="Maya " * 20, **PROFILE)
    outreach.run()
    assert queued(outreach) == []
    assert outreach.state(lead) == ("active", "Invite", "bad_template")


# Posts


def test_a_post_is_published_once_for_the_whole_campaign(outreach: Outreach, running: Start) -> None:
    account = linkedin(outreach)
    leads = running(("Post", "linkedin_autopost", {"content": "News"}), DONE, leads=3, **PROFILE)
    outreach.run()
    [message] = queued(outreach)
    assert (message.action, message.body, message.lead_id) == ("post", "News", None)
    assert message.linkedin_account_id == account.pk
    outreach.deliver()
    outreach.run(minutes=1)
    assert sorted(map(outreach.path, leads)) == [["Done pending"], ["Done pending"], ["Post sent", "Done pending"]]
    late = outreach.enrol(1, **PROFILE)
    outreach.run(minutes=1)
    assert outreach.path(late[0]) == ["Done pending"]
    assert len(outreach.messages()) == 1


# WhatsApp and SMS


TEXT = ("Text", "whatsapp_send", {"message": "Hello {{first_name}}"})
WITH_TEMPLATE = {"message": "Hello {{first_name}}", "template": "introduction", "variables": ["{{first_name}}"]}


def cloud(outreach: Outreach, **template: Any) -> Any:
    """Connect a number of the WhatsApp Cloud API with an approved template."""
    account = account_on(outreach, Channel.WHATSAPP, provider="whatsapp_cloud")
    with platform_context(tenant_id=outreach.tenant.pk):
        WhatsappTemplateFactory.create(channel_account=account, name="introduction", **template)
    return account


def test_a_number_that_is_linked_by_its_app_writes_free_text(outreach: Outreach, running: Start) -> None:
    account = account_on(outreach, Channel.WHATSAPP)
    [lead] = running(TEXT, DONE, **PROFILE)
    outreach.run()
    [message] = queued(outreach)
    assert (message.channel, message.action, message.body) == (Channel.WHATSAPP, "message", "Hello Maya")
    assert (message.channel_account_id, message.metadata, message.to_address) == (account.pk, {}, "+971501234567")
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Text sent", "Done pending"]


@pytest.mark.parametrize(
    ("written_before", "config", "body", "template"),
    [
        (timedelta(hours=23), WITH_TEMPLATE, "Hello Maya", None),
        (timedelta(hours=25), WITH_TEMPLATE, "Hello Maya, may we talk?", "introduction"),
        (None, WITH_TEMPLATE, "Hello Maya, may we talk?", "introduction"),
        (None, {"template": "introduction", "variables": ["you"]}, "Hello you, may we talk?", "introduction"),
    ],
)
def test_outside_the_window_an_approved_template_is_sent(
    written_before: Any, config: Any, body: str, template: str | None, outreach: Outreach, running: Start
) -> None:
    account = cloud(outreach)
    outreach.add(("Text", "whatsapp_send", config), DONE)
    [lead] = outreach.enrol(1, **PROFILE)
    if written_before is not None:
        know(outreach, lead, account, last_inbound_at=outreach.now - written_before)
    outreach.start()
    outreach.run()
    [message] = queued(outreach)
    assert (message.body, message.metadata.get("template")) == (body, template)
    if template:
        assert message.metadata == {
            "template": "introduction",
            "language": "en",
            "variables": [body.split(",")[0].split()[1]],
        }


def test_without_a_template_those_who_have_not_written_skip_the_step(outreach: Outreach, running: Start) -> None:
    cloud(outreach)
    [lead] = running(TEXT, DONE, **PROFILE)
    outreach.run()
    assert queued(outreach) == []
    assert outreach.path(lead) == ["Text skipped", "Done pending"]


def test_a_template_that_is_not_approved_any_more_waits(outreach: Outreach, running: Start) -> None:
    account = cloud(outreach)
    [lead] = running(("Text", "whatsapp_send", WITH_TEMPLATE), DONE, **PROFILE)
    with outreach.inside():
        account.whatsapp_templates.update(status="paused")
    outreach.run()
    assert outreach.state(lead) == ("active", "Text", "bad_template")
    with outreach.inside():
        account.whatsapp_templates.update(status="approved")
    outreach.run(hours=1)
    assert outreach.state(lead) == ("active", "Text", "sending")


def test_a_template_is_sent_in_the_language_of_the_lead(outreach: Outreach, running: Start) -> None:
    account = cloud(outreach)
    with platform_context(tenant_id=outreach.tenant.pk):
        WhatsappTemplateFactory.create(
            channel_account=account, name="introduction", language="de", body="Guten Tag {{1}}", variables=1
        )
    running(("Text", "whatsapp_send", WITH_TEMPLATE), DONE, custom_fields={"language": "de"}, **PROFILE)
    outreach.run()
    [message] = queued(outreach)
    assert (message.body, message.metadata["language"]) == ("Guten Tag Maya", "de")


def test_a_text_message_knows_its_segments(outreach: Outreach, running: Start) -> None:
    account = account_on(outreach, Channel.SMS, provider="twilio", address="+15005550006")
    long = "Hello {{first_name}}. " + "x" * 150
    [lead] = running(("Text", "sms_send", {"message": long}), DONE, **PROFILE)
    outreach.run()
    [message] = queued(outreach)
    assert (message.channel, message.channel_account_id, message.metadata) == (Channel.SMS, account.pk, {"segments": 2})
    outreach.deliver()
    outreach.run(minutes=1)
    assert outreach.path(lead) == ["Text sent", "Done pending"]


def test_a_text_message_that_gets_too_long_for_a_lead_is_not_sent(outreach: Outreach, running: Start) -> None:
    account_on(outreach, Channel.SMS, provider="twilio")
    [lead] = running(("Text", "sms_send", {"message": "{{first_name}} " * 16}), DONE, first_name="M" * 100, **PROFILE)
    outreach.run()
    assert queued(outreach) == []
    assert outreach.state(lead) == ("active", "Text", "bad_template")


def test_a_step_of_an_older_campaign_that_lad_cannot_do_is_shown_as_skipped(outreach: Outreach, running: Start) -> None:
    linkedin(outreach)
    [lead] = running(("Find", "linkedin_visit", {}), DONE, **PROFILE)
    with outreach.inside():
        CampaignStep.objects.filter(pk=outreach.steps["Find"].pk).update(type="linkedin_company_search")
    outreach.run()
    assert outreach.path(lead) == ["Find skipped", "Done pending"]
