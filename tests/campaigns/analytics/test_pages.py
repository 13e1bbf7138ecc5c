"""The campaign's pages in the admin, and its activity log."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.accounts.models import AccountStatus
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import ActivityStatus, CampaignLead
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tests.campaigns.analytics.conftest import AT, Scenario
from tests.factories.campaigns import EmailAccountFactory, LinkedinAccountFactory
from tests.factories.tenants import UserCapabilityFactory


@pytest.fixture
def show(admin_of: Callable[..., Client], owner: User, scenario: Scenario) -> Callable[..., str]:
    """``show("queue")`` returns a page of the campaign."""
    browser = admin_of(owner)

    def get(page: str, **query: str) -> str:
        response = browser.get(f"/admin/campaigns/campaign/{scenario.campaign.pk}/{page}/", query)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    return get


def test_the_page_shows_numbers_and_what_needs_somebody(scenario: Scenario, show: Callable[..., str]) -> None:
    scenario.message(scenario.enrolment(), replied_at=AT)
    scenario.enrolment(reason="missing_variable", next_action_at=AT)
    with platform_context(tenant_id=scenario.tenant.pk):
        EmailAccountFactory.create(email="sales@acme.example", status="paused", status_reason="Too many bounces.")
        Campaign.objects.filter(pk=scenario.campaign.pk).update(status=CampaignStatus.RUNNING)
    page = show("change")
    for text in (
        "Running",
        "1 lead lack details that the message uses.",
        "sales@acme.example does nothing: paused by LAD.",
        "Too many bounces.",
        "Opens are not tracked in this campaign.",
        "The message uses details that the lead does not have",
    ):
        assert text in page, text


def test_a_group_of_the_queue_is_shown_by_name(scenario: Scenario, show: Callable[..., str]) -> None:
    waiting = scenario.enrolment(reason="out_of_office", next_action_at=AT, first_name="Ada", last_name="Away")
    scenario.enrolment(next_action_at=AT, first_name="Ben", last_name="Due")
    page = show("queue", reason="out_of_office").split("Next messages and steps")[0]
    assert "Ada Away" in page
    assert "Ben Due" not in page
    assert f"?lead={waiting.lead_id}" in page


def test_a_lead_is_found_and_asked_about(scenario: Scenario, show: Callable[..., str]) -> None:
    enrolment = scenario.enrolment(next_step=scenario.steps["email"], next_action_at=AT)
    found = show("why-not", q=enrolment.lead.first_name)
    assert f"?lead={enrolment.lead_id}" in found
    assert "The campaign is a draft." in show("why-not", lead=str(enrolment.lead_id))
    assert "No lead of this campaign is found by" in show("why-not", q="nobody-of-this-name")
    assert "why-not-answer" not in show("why-not", lead="x")


def test_the_log_says_why_something_was_not_done_and_is_filtered(scenario: Scenario, call: Callable[..., Any]) -> None:
    first, second = scenario.enrolment(), scenario.enrolment()
    scenario.activity(
        first, "email", ActivityStatus.FAILED, error_message="The address does not exist.", channel="email"
    )
    scenario.activity(second, "linkedin", ActivityStatus.SENT)

    def log(**query: Any) -> list[tuple[str, str]]:
        response = call("get", "campaigns", scenario.campaign, "activities", query)
        assert response.status_code == 200, response.content
        return [(each["status"], each["reason"]) for each in response.json()["results"]]

    assert log() == [("sent", ""), ("failed", "The address does not exist.")]
    assert log(status="failed") == log(lead=str(first.lead_id)) == log(channel="email") == log()[1:]
    assert log(step=str(scenario.steps["linkedin"].pk), page_size=1) == log()[:1]
    assert call("get", "campaigns", scenario.campaign, "activities", {"status": "x"}).status_code == 400


@pytest.mark.parametrize("page", ["funnel", "queue", "next-sends", "why-not-sent", "activities"])
def test_the_pages_need_the_right_to_see_campaigns(
    scenario: Scenario, owner: User, call: Callable[..., Any], page: str
) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        UserCapabilityFactory.create(user=owner, capability_key="campaigns.view", enabled=False)
    assert call("get", "campaigns", scenario.campaign, page).status_code == 403


def test_the_admins_pages_need_it_too(scenario: Scenario, owner: User, admin_of: Callable[..., Client]) -> None:
    browser = admin_of(owner)
    with platform_context(tenant_id=scenario.tenant.pk):
        UserCapabilityFactory.create(user=owner, capability_key="campaigns.view", enabled=False)
        assert CampaignLead.objects.count() == 0
    for page in ("queue", "why-not"):
        assert browser.get(f"/admin/campaigns/campaign/{scenario.campaign.pk}/{page}/").status_code == 403, page


def test_many_accounts_that_do_nothing_are_told_of_in_one_line(scenario: Scenario, show: Callable[..., str]) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        for number in range(3):
            EmailAccountFactory.create(email=f"box{number}@acme.example", status="paused")
        for name in ("Maya", "Noor"):
            LinkedinAccountFactory.create(account_name=name, status=AccountStatus.EXPIRED)
    page = show("change")
    assert page.count("5 accounts do nothing: box0@acme.example (paused by LAD)") == 1
    assert "and 2 more." in page
    assert "Maya does nothing" not in page
