"""The settings of a step, filled in through a form made from its type."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from tenants.accounts.models import User
from tests.campaigns.design.test_lifecycle import in_state
from tests.support.database import stored


@pytest.fixture
def browser(admin_of: Callable[..., Client], owner: User) -> Client:
    return admin_of(owner)


def settings_of(step: CampaignStep) -> str:
    return f"/admin/campaigns/campaignstep/{step.pk}/settings/"


def test_a_text_is_changed_through_the_form(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign)
    page = browser.get(settings_of(step)).content.decode()
    assert 'name="subject"' in page
    assert "Dear {{first_name}}" in page
    entered = {"subject": "A question", "body": "Hello {{first_name}}", "html": ""}
    assert browser.post(settings_of(step), entered).status_code == 302
    assert stored(step).config == {"subject": "A question", "body": "Hello {{first_name}}"}


def test_lists_inside_an_object_are_entered_line_by_line(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign, type="lead_generation", config={"filters": {"roles": ["CTO"]}, "limit": 5})
    entered = {
        "filters__roles": "CTO\nHead of Data\n",
        "filters__locations": "Oslo",
        "source": "apollo_io",
    }
    assert browser.post(settings_of(step), entered).status_code == 302
    filters = {"roles": ["CTO", "Head of Data"], "locations": ["Oslo"]}
    assert stored(step).config == {"filters": filters, "source": "apollo_io"}


def test_a_number_out_of_range_is_rejected_on_the_form(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign, type="delay", config={"days": 2})
    page = browser.post(settings_of(step), {"days": "-1", "hours": "", "minutes": ""})
    assert page.status_code == 200
    assert stored(step).config == {"days": 2}


def test_what_the_service_rejects_is_shown_on_the_form(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign, type="delay", config={"days": 2})
    page = browser.post(settings_of(step), {"days": "0", "hours": "", "minutes": ""}).content.decode()
    assert "Give at least one of days, hours, minutes above zero, or until_weekday, until_time." in page
    assert stored(step).config == {"days": 2}


def test_a_step_without_settings_has_no_form(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign, type="start", config={})
    assert "/settings/" not in browser.get(f"/admin/campaigns/campaignstep/{step.pk}/change/").content.decode()


def test_the_settings_of_a_finished_campaign_are_locked(browser: Client, campaign: Campaign, add_step: Any) -> None:
    step = add_step(campaign)
    in_state(campaign, CampaignStatus.COMPLETED)
    assert browser.post(settings_of(step), {"subject": "x", "body": "y", "html": ""}).status_code == 403
