"""All settings of a campaign on one form, without a word of JSON."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.schedule import SCHEDULE
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.design.pages import faults, filled
from tests.campaigns.design.test_lifecycle import in_state
from tests.factories.campaigns import CampaignLeadFactory, EmailAccountFactory
from tests.support.database import stored

# Everything that a campaign can say, in a way that the form does not write by itself, and something newer than it.
FULL: dict[str, Any] = {
    "campaign_type": "email_outreach",
    "goal": "A demo",
    "working_days": ["friday", "monday"],
    "window": {"start": "08:30", "end": "17:00", "zone": "Europe/Oslo", "skips_holidays": False},
    "intake_per_day": 20,
    "max_active": 100,
    "daily_cap": 50,
    "exclusive": True,
    "recent_touch_days": 14,
    "re_enrolment": "not_while_active",
    "stop": {"on_reply": "company", "on_click": True, "on_booking": False},
    "tracking": {"opens": True, "clicks": False},
    "breaker": {"bounce_rate": 0.0715, "complaint_rate": 0.001, "error_rate": 0.3, "minimum": 20},
    "lead_gen_offset": 300,
    "from_the_future": {"kept": [1, 2]},
}


@pytest.fixture
def browser(admin_of: Callable[..., Client], owner: User) -> Client:
    return admin_of(owner)


def url(campaign: Campaign) -> str:
    return f"/admin/campaigns/campaign/{campaign.pk}/settings/"


def configured(campaign: Campaign, config: dict[str, Any]) -> Campaign:
    with platform_context():
        Campaign.objects.filter(pk=campaign.pk).update(config=config)
    return campaign


def opened(browser: Client, campaign: Campaign) -> dict[str, Any]:
    """Return what the browser would send if the form were saved at once."""
    return filled(browser.get(url(campaign)))


def save(browser: Client, campaign: Campaign, entries: dict[str, Any]) -> Any:
    """Save the form. Return the config, or what is wrong with the entries."""
    response = browser.post(url(campaign), entries)
    return stored(campaign).config if response.status_code == 302 else faults(response)


@pytest.mark.parametrize("config", [{}, FULL], ids=["empty", "full"])
def test_saving_an_untouched_form_changes_nothing(browser: Client, campaign: Campaign, config: dict[str, Any]) -> None:
    configured(campaign, config)
    assert save(browser, campaign, opened(browser, campaign)) == config


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"goal": "Ten demos"}, {"goal": "Ten demos"}),
    ({"campaign_type": "inbound"}, {"campaign_type": "inbound"}),
    ({"window__start": "09:00", "window__end": "17:30"}, {"window": {"start": "09:00", "end": "17:30"}}),
    ({"window__days": ["monday", "tuesday"]}, {"window": {"days": ["monday", "tuesday"]}}),
    ({"window__zone": "tenant"}, {"window": {"zone": "tenant"}}),
    ({"window__zone": "Asia/Tokyo"}, {"window": {"zone": "Asia/Tokyo"}}),
    ({"window__skips_holidays": ""}, {"window": {"skips_holidays": False}}),
    ({"daily_cap": "40"}, {"daily_cap": 40}),
    ({"intake_per_day": "5", "max_active": "9"}, {"intake_per_day": 5, "max_active": 9}),
    ({"recent_touch_days": "7"}, {"recent_touch_days": 7}),
    ({"re_enrolment": "any", "exclusive": "on"}, {"re_enrolment": "any", "exclusive": True}),
    ({"stop__on_reply": "nobody", "stop__on_click": "on"}, {"stop": {"on_reply": "nobody", "on_click": True}}),
    ({"stop__on_booking": ""}, {"stop": {"on_booking": False}}),
    ({"tracking__opens": "on", "tracking__clicks": "on"}, {"tracking": {"opens": True, "clicks": True}}),
    ({"breaker__bounce_rate": "5.5", "breaker__minimum": "80"}, {"breaker": {"bounce_rate": 0.055, "minimum": 80}}),
    ({"breaker__complaint_rate": "0.1"}, {"breaker": {"complaint_rate": 0.001}}),
    ({"breaker__error_rate": "100"}, {"breaker": {"error_rate": 1.0}}),
]


def test_what_is_entered_is_stored(browser: Client, campaign: Campaign) -> None:
    blank = opened(browser, campaign)
    stored_for = []
    for entered, _config in CHANGES:
        configured(campaign, {})
        entries = {name: value for name, value in {**blank, **entered}.items() if value != ""}
        stored_for.append(save(browser, campaign, entries))
    assert stored_for == [config for _entered, config in CHANGES]


def test_every_setting_of_the_schedule_is_on_the_form(browser: Client, campaign: Campaign) -> None:
    page = browser.get(url(campaign)).content.decode()
    nested = {name: schema.get("properties", {}) for name, schema in SCHEDULE.items()}
    names = [f"{name}__{each}" if each else name for name, parts in nested.items() for each in parts or [""]]
    assert len(names) > 15
    missing = [name for name in names if f'name="{name}"' not in page and f"id_{name}" not in page]
    assert not missing


def test_one_change_leaves_everything_else_as_it_is(browser: Client, campaign: Campaign) -> None:
    configured(campaign, FULL)
    changed = save(browser, campaign, {**opened(browser, campaign), "window__start": "10:00", "daily_cap": ""})
    assert changed == {
        **{name: value for name, value in FULL.items() if name != "daily_cap"},
        "window": {**FULL["window"], "start": "10:00"},
    }


def test_days_replace_those_stored_under_their_older_name(browser: Client, campaign: Campaign) -> None:
    configured(campaign, {"working_days": ["monday"]})
    changed = save(browser, campaign, {**opened(browser, campaign), "window__days": ["sunday"]})
    assert changed == {"working_days": ["sunday"], "window": {"days": ["sunday"]}}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"window__start": "25:00"}, "window__start"),
    ({"window__start": "09:00", "window__end": "09:00"}, "window__end"),
    ({"window__days": []}, "window__days"),
    ({"window__zone": "Mars/Olympus"}, "window__zone"),
    ({"daily_cap": "0"}, "daily_cap"),
    ({"recent_touch_days": "-1"}, "recent_touch_days"),
    ({"breaker__bounce_rate": "101"}, "breaker__bounce_rate"),
    ({"email_accounts": ["4d1c7a52-6f0a-4a8e-8c56-8c5f7f3d7b11"]}, "email_accounts"),
]


def test_a_wrong_entry_is_reported_at_its_field(browser: Client, campaign: Campaign) -> None:
    blank = opened(browser, campaign)
    found = [list(save(browser, campaign, {**blank, **entered})) for entered, _field in WRONG]
    assert found == [[field] for _entered, field in WRONG]
    assert stored(campaign).config == {}


def test_mailboxes_are_chosen_and_one_that_is_gone_stays_chosen(
    browser: Client, campaign: Campaign, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        account = EmailAccountFactory.create(email="sales@acme.example")
    gone = "4d1c7a52-6f0a-4a8e-8c56-8c5f7f3d7b11"
    configured(campaign, {"email_accounts": [gone]})
    changed = save(browser, campaign, {**opened(browser, campaign), "email_accounts": [gone, str(account.pk)]})
    assert changed == {"email_accounts": [gone, str(account.pk)]}


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten_unseen(
    browser: Client, campaign: Campaign
) -> None:
    mine = {**opened(browser, campaign), "daily_cap": "40"}
    configured(campaign, {"exclusive": True})
    response = browser.post(url(campaign), mine)
    assert "Somebody changed the settings" in response.content.decode()
    assert stored(campaign).config == {"exclusive": True}
    again = {**filled(response), "exclusive": "on"}
    assert save(browser, campaign, again) == {"exclusive": True, "daily_cap": 40}


def test_wider_hours_wake_the_leads_that_wait_for_them(browser: Client, campaign: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        rows = {
            reason: CampaignLeadFactory.create(
                campaign=campaign, status="active", reason=reason, next_action_at="2090-01-01T00:00Z"
            )
            for reason in ("outside_window", "delay")
        }
    in_state(campaign, CampaignStatus.RUNNING)
    save(browser, campaign, {**opened(browser, campaign), "window__start": "06:00", "window__end": "22:00"})
    due = {reason: stored(row).next_action_at.year < 2090 for reason, row in rows.items()}  # type: ignore[union-attr]
    assert due == {"outside_window": True, "delay": False}


def test_the_page_tells_the_settings_in_words(browser: Client, campaign: Campaign) -> None:
    configured(campaign, FULL)
    page = browser.get(f"/admin/campaigns/campaign/{campaign.pk}/change/").content.decode()
    for text in (
        "08:30 to 17:00, Mon, Fri, Oslo time",
        "50 messages a day, 20 new leads a day, 100 leads at the same time",
        "rest of 14 days after another contact",
        "7.15 % bounces, 0.1 % complaints, 30 % failures, after 20 messages",
    ):
        assert text.casefold() in page.casefold(), text
    assert "lad-json" not in page
