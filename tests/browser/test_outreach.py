"""The demo's campaign through the sandbox: people receive, answer, bounce and unsubscribe, and the pages show it."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.receiving import polling
from campaigns.channels.sending import worker as sender
from campaigns.design.models import Campaign
from campaigns.engine import worker as engine
from campaigns.messages.models import Message
from demo.campaigns import sandbox as demo_sandbox
from demo.campaigns.try_out import PEOPLE
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactPolicy
from leads.contacts.models import Lead
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
TENANT = "kestrel-analytics"
CAMPAIGN = "Try LAD with the sandbox’s people"
DRAIN_SECONDS = 60


@pytest.fixture
def campaign(demo: None, sandbox: Sandbox, settings: Any, live_server: Any) -> Campaign:
    """The demo's campaign, with the tenant's mailboxes on the sandbox and outreach allowed at any hour."""
    settings.PUBLIC_URL = live_server.url
    with platform_context():
        found = Campaign.objects.get(name=CAMPAIGN)
        accounts = EmailAccount.objects.filter(tenant=found.tenant_id)
        addresses = sorted(accounts.values_list("email", flat=True))
        servers = demo_sandbox.prepare(TENANT, addresses[0].partition("@")[2], addresses)
        for account in accounts:
            for name, value in {**servers, "min_gap_seconds": 0, "sent_today": 0, "next_send_at": None}.items():
                setattr(account, name, value)
            account.save()
        ContactPolicy.objects.filter(tenant=found.tenant_id).update(
            contact_from="00:00", contact_until="23:59:59.999999", contact_days=[], skips_holidays=False
        )
    return found


def go_on(sandbox: Sandbox, rounds: int = 3) -> None:
    """Do what the workers do, while the people on the sandbox react."""
    for _round in range(rounds):
        engine.run_due()
        sender.send_due()
        sandbox.run_until_idle()
        with platform_context():
            EmailAccount.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
        polling.adopt()
        polling.read_due()
    drain(seconds=DRAIN_SECONDS)


def stage(page: Page, name: str) -> int:
    row = page.locator("#campaign-funnel li", has=page.get_by_text(name, exact=True))
    return int(row.locator(".lad-strong").inner_text().replace(",", ""))


def timeline(page: Page, campaign: Campaign, address: str) -> str:
    with platform_context():
        lead = Lead.objects.get(tenant=campaign.tenant_id, email=f"{address}@people.example")
    page.goto(f"/admin/leads/lead/{lead.pk}/change/")
    return page.inner_text("#lead-timeline")


def test_a_sales_manager_starts_a_campaign_and_sees_what_its_people_do(
    opened: Callable[..., Page], campaign: Campaign, sandbox: Sandbox, pictures: Path | None
) -> None:
    page = opened(MAYA, at="/admin/campaigns/campaign/")
    page.get_by_role("link", name=CAMPAIGN).click()
    page.get_by_role("link", name=re.compile(r"\bStart$")).click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#campaign-overview")).to_be_visible()
    go_on(sandbox)

    accepted = {entry["recipient"].partition("@")[0] for entry in sandbox.log("submission")}
    assert accepted | {"hard-bounce.1"} == set(PEOPLE)
    assert sandbox.stats()["mail"]["duplicates"] == 0

    page.goto(f"/admin/campaigns/campaign/{campaign.pk}/change/")
    assert stage(page, "Enrolled") == len(PEOPLE)
    assert 0 < stage(page, "Answered") < stage(page, "Contacted") <= len(PEOPLE)
    if pictures:
        page.screenshot(path=pictures / "campaign-running.png", full_page=True)

    words = {address: timeline(page, campaign, address) for address in PEOPLE}
    assert "answered" in words["answers.1"]
    assert "out of office" in words["out-of-office.de.1"].lower()
    assert "unsubscribed" in words["unsubscribes-by-click.1"].lower()
    assert "unsubscribed" in words["unsubscribes-by-mail.1"].lower()
    assert "answered" not in words["silent.1"] and "opened" not in words["scanner.1"].lower()
    if pictures:
        page.screenshot(path=pictures / "lead-timeline.png", full_page=True)

    # Only those go on who neither answered nor left, and nothing is sent twice.
    before = len(sandbox.log("submission"))
    engine.run_due(now=timezone.now() + timedelta(hours=3))
    with platform_context():
        Message.objects.filter(campaign=campaign.pk, state="queued").update(next_attempt_at=timezone.now())
    sender.send_due()
    again = {entry["recipient"].partition("@")[0] for entry in sandbox.log("submission")[before:]}
    assert "silent.1" in again
    assert again.isdisjoint({"answers.1", "unsubscribes-by-click.1", "unsubscribes-by-mail.1", "complains.1"})
    assert sandbox.stats()["mail"]["duplicates"] == 0
