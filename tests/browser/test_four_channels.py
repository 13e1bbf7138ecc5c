"""The demo's campaign over four channels: people accept, answer and leave, and a salesperson answers them."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.accounts.models import ActionCount, ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.channels.sending import worker as sender
from campaigns.channels.sending.account_kinds import CHANNEL, EMAIL, LINKEDIN
from campaigns.design.models import Campaign
from campaigns.engine import worker as engine
from campaigns.messages.models import Message, MessageKind
from campaigns.provider_reports import registering
from campaigns.provider_reports import worker as reports
from demo.campaigns import network_accounts, try_networks
from demo.campaigns import sandbox as demo_sandbox
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactPolicy
from leads.contacts.models import Lead
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
TENANT = "kestrel-analytics"
DRAIN_SECONDS = 60
ANSWER = "Gladly: shall we talk on Thursday at ten?"


@pytest.fixture
def campaign(demo: None, sandbox: Sandbox, settings: Any, live_server: Any) -> Campaign:
    """The demo's campaign, with the tenant's accounts on the sandbox, without gaps."""
    settings.PUBLIC_URL = live_server.url
    settings.SANDBOX_URL = sandbox.url
    settings.UNIPILE_BASE_URL = f"{sandbox.url}/unipile"
    settings.UNIPILE_API_KEY, settings.UNIPILE_WEBHOOK_SECRET = "sandbox", "what-the-gateway-brings"
    with platform_context():
        found = Campaign.objects.get(name=try_networks.NAME)
        mailboxes = EmailAccount.objects.filter(tenant=found.tenant_id)
        addresses = sorted(mailboxes.values_list("email", flat=True))
        servers = demo_sandbox.prepare(TENANT, addresses[0].partition("@")[2], addresses)
        for mailbox in mailboxes:
            for name, value in {**servers, "min_gap_seconds": 0, "sent_today": 0, "next_send_at": None}.items():
                setattr(mailbox, name, value)
            mailbox.save()
        ActionCount.objects.filter(tenant=found.tenant_id).delete()
        for model in (LinkedinAccount, ChannelAccount):
            model.objects.filter(tenant=found.tenant_id).update(min_gap_seconds=0, next_send_at=None)
        LinkedinAccount.objects.filter(tenant=found.tenant_id).update(actions_today=0, daily_action_limit=20)
        for provider, path in (("whatsapp_cloud", "/whatsapp"), ("twilio", "/twilio")):
            of_provider = ChannelAccount.objects.filter(tenant=found.tenant_id, provider=provider)
            of_provider.update(base_url=f"{sandbox.url}{path}")
        for account in LinkedinAccount.objects.filter(tenant=found.tenant_id):
            network_accounts.enter(account, "LINKEDIN", account.account_name, f"owner-{account.pk}")
        for account in ChannelAccount.objects.filter(tenant=found.tenant_id, provider="unipile"):
            network = "WHATSAPP" if account.channel == "whatsapp" else "INSTAGRAM"
            network_accounts.enter(account, network, account.account_name, account.address)
        try_networks.tell_sandbox()
        ContactPolicy.objects.filter(tenant=found.tenant_id).update(
            contact_from="00:00", contact_until="23:59:59.999999", contact_days=[], skips_holidays=False
        )
    registering.register()
    return found


def go_on(sandbox: Sandbox, rounds: int = 4) -> None:
    """Do what the workers do, while the people on the sandbox react."""
    for _round in range(rounds):
        engine.run_due()
        for kind in (EMAIL, LINKEDIN, CHANNEL):
            sender.send_due(kind)
        sandbox.run_until_idle()
        reports.run_due()
    drain(seconds=DRAIN_SECONDS)


def test_a_salesperson_runs_four_channels_and_answers_in_the_inbox(
    opened: Callable[..., Page], campaign: Campaign, sandbox: Sandbox, pictures: Path | None
) -> None:
    page = opened(MAYA, at="/admin/campaigns/campaign/")
    page.get_by_role("link", name=try_networks.NAME).click()
    page.get_by_role("link", name=re.compile(r"\bStart$")).click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#campaign-overview")).to_be_visible()
    go_on(sandbox)
    # Those who left the invitation open are written to by telephone a quarter of an hour later.
    engine.run_due(now=timezone.now() + timedelta(minutes=20))
    with platform_context():
        Message.objects.filter(campaign=campaign.pk, state="queued").update(next_attempt_at=timezone.now())
    go_on(sandbox)

    done = {(each["channel"], each["action"]) for each in sandbox.log("network_sent")}
    assert {("linkedin", "visit"), ("linkedin", "invitation"), ("linkedin", "message")} <= done
    assert {channel for channel, _action in done} >= {"linkedin", "whatsapp", "sms"}
    assert sandbox.log("submission"), "mails are sent too"
    with platform_context():
        replies = Message.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk, kind=MessageKind.REPLY)
        answered = set(replies.values_list("lead__first_name", flat=True))
        assert "Aron" in answered and "Amal" in answered
        assert not replies.filter(lead__first_name="Igor", channel="linkedin").exists()

    page.goto(f"/admin/campaigns/campaign/{campaign.pk}/change/")
    if pictures:
        page.screenshot(path=pictures / "four-channels-campaign.png", full_page=True)
    with platform_context():
        lead = Lead.objects.get(tenant=campaign.tenant_id, email="answers.1.four@people.example")
    page.goto(f"/admin/leads/lead/{lead.pk}/change/")
    story = page.inner_text("#lead-timeline").lower()
    assert "linkedin" in story and "answered" in story
    if pictures:
        page.screenshot(path=pictures / "four-channels-timeline.png", full_page=True)

    # The server of these tests has no streams.
    page.route(
        "**/streams/**", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=": quiet\n\n")
    )
    page.goto("/admin/inbox/")
    page.get_by_text("Aron Answers").first.click()
    box = page.get_by_role("textbox", name=re.compile("reply|answer", re.IGNORECASE)).last
    box.fill(ANSWER)
    page.get_by_role("button", name=re.compile("send", re.IGNORECASE)).last.click()
    expect(page.get_by_text(ANSWER).first).to_be_visible()
    if pictures:
        page.screenshot(path=pictures / "four-channels-inbox.png")
    go_on(sandbox, rounds=1)
    with platform_context():
        answer = Message.objects.get(tenant=campaign.tenant_id, body=ANSWER)
        last = Message.objects.filter(lead=lead.pk, kind=MessageKind.REPLY).latest("occurred_at")
    assert (answer.state, answer.channel) == ("sent", last.channel)
    assert answer.linkedin_account_id == last.linkedin_account_id
