"""Steps are added, moved, linked, changed and removed on pages that say first what that does to leads under way."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.test import Client

from campaigns.design.admin.step_forms import insert_form
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep, StepLink
from campaigns.design.step_specs import step_types
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.design.pages import CONFIRM, faults, filled
from tests.campaigns.design.test_lifecycle import in_state
from tests.campaigns.design.test_steps import order_of
from tests.factories.campaigns import CampaignLeadFactory
from tests.factories.voice import VoiceAgentFactory
from tests.support.database import stored

WAIT = {"type": "delay", "title": "Wait", "config": {"days": 2}}
ASK = {"type": "condition", "title": "Ask", "config": {"condition": "replied"}}


@pytest.fixture
def browser(admin_of: Callable[..., Client], owner: User) -> Client:
    return admin_of(owner)


@pytest.fixture
def steps(campaign: Campaign, add_step: Any, tenant: Tenant) -> dict[str, CampaignStep]:
    """A running campaign: three leads ask, two wait after that, and the last step is to write."""
    made: dict[str, CampaignStep] = {"Ask": add_step(campaign, **ASK), "Wait": add_step(campaign, **WAIT)}
    made["Write"] = add_step(campaign)
    with platform_context(tenant_id=tenant.pk):
        for title, number in (("Ask", 3), ("Wait", 2)):
            for _each in range(number):
                CampaignLeadFactory.create(
                    campaign=campaign, status="active", next_step=made[title], next_action_at="2090-01-01T00:00Z"
                )
    in_state(campaign, CampaignStatus.RUNNING)
    return made


def of_campaign(campaign: Campaign, action: str) -> str:
    return f"/admin/campaigns/campaign/{campaign.pk}/{action}/"


def of_step(step: CampaignStep, action: str) -> str:
    return f"/admin/campaigns/campaignstep/{step.pk}/{action}/"


def ask(browser: Client, url: str, **entered: Any) -> str:
    """Fill in the form and return the page that says what the action would do."""
    response = browser.post(url, {**filled(browser.get(url)), **entered})
    assert response.status_code == 200, response.status_code
    page: str = response.content.decode()
    assert "Nothing has happened yet" in page
    return page


def do(browser: Client, url: str, **entered: Any) -> None:
    """Fill in the form and confirm what it would do, if it asks."""
    response = browser.post(url, {**filled(browser.get(url)), **entered})
    if response.status_code == 200:
        assert not faults(response)
        response = browser.post(url, filled(response, CONFIRM))
    assert response.status_code == 302, faults(response)


def test_a_step_is_added_before_another_after_its_effect_was_shown(
    browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    url = of_campaign(campaign, "add_step") + "?option=delay"
    entered = {"step_title": "Rest", "step_place": "2", "hours": "4"}
    page = ask(browser, url, **entered)
    assert "2 leads will skip “Rest”." in page
    assert len(order_of(campaign)) == 3
    do(browser, url, **entered)
    assert order_of(campaign) == [(1, "Ask"), (2, "Rest"), (3, "Wait"), (4, "Write")]
    with platform_context():
        assert CampaignStep.objects.get(title="Rest").config == {"hours": 4}


def test_a_step_that_nobody_skips_is_added_at_once(
    browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    url = of_campaign(campaign, "add_step") + "?option=manual_task"
    entries = {**filled(browser.get(url)), "step_title": "Ring", "instructions": "Ring them."}
    assert browser.post(url, entries).status_code == 302
    assert order_of(campaign)[-1] == (4, "Ring")


def test_what_a_new_step_lacks_is_shown_on_the_form(browser: Client, campaign: Campaign) -> None:
    url = of_campaign(campaign, "add_step") + "?option=email_send"
    response = browser.post(url, {**filled(browser.get(url)), "subject": "Hello"})
    assert "is missing body" in str(faults(response))
    assert order_of(campaign) == []


def test_rules_are_filled_in_one_by_one(browser: Client, campaign: Campaign) -> None:
    url = of_campaign(campaign, "add_step") + "?option=branch"
    entered = {
        "step_title": "Sort",
        "rules__0__condition": "tag",
        "rules__0__values": "hot\nwarm",
        "rules__1__condition": "field",
        "rules__1__field": "title",
        "rules__1__operator": "contains",
        "rules__1__values": "chief",
    }
    do(browser, url, **entered)
    with platform_context():
        step = CampaignStep.objects.get(title="Sort")
    rules = [
        {"condition": "tag", "values": ["hot", "warm"]},
        {"condition": "field", "field": "title", "operator": "contains", "values": ["chief"]},
    ]
    assert step.config == {"rules": rules}
    # The first rule is emptied; there is room for one more.
    emptied = {"rules__0__condition": "", "rules__0__values": ""}
    do(browser, of_step(step, "settings"), **emptied, rules__2__condition="replied")
    assert stored(step).config == {"rules": [rules[1], {"condition": "replied"}]}


def test_a_campaign_is_chosen_by_its_name(browser: Client, campaign: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = type(campaign).objects.create(tenant_id=tenant.pk, name="Winter")
    url = of_campaign(campaign, "add_step") + "?option=send_to_campaign"
    assert "Winter · Draft" in browser.get(url).content.decode()
    do(browser, url, step_title="On", campaign=str(other.pk))
    with platform_context():
        assert CampaignStep.objects.get(title="On").config == {"campaign": str(other.pk)}


def test_a_voice_agent_is_chosen_by_its_name(browser: Client, campaign: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        agent = VoiceAgentFactory.create(name="Friendly Fiona")
    url = of_campaign(campaign, "add_step") + "?option=voice_agent_call"
    assert f'<option value="{agent.pk}">Friendly Fiona</option>' in browser.get(url).content.decode()
    do(browser, url, step_title="Ring", agent_id=str(agent.pk), context="They asked for a call.")
    with platform_context():
        step = CampaignStep.objects.get(title="Ring")
    assert step.config == {"agent_id": agent.pk, "context": "They asked for a call."}
    page = browser.get(of_step(step, "change")).content.decode()
    assert "<th>Voice agent</th><td>Friendly Fiona</td>" in page
    # The chosen one is still chosen when the form is opened again.
    do(browser, of_step(step, "settings"))
    assert stored(step).config == step.config


def test_every_type_has_a_form_without_json(browser: Client, campaign: Campaign) -> None:
    options = browser.get(of_campaign(campaign, "add_step")).content.decode()
    shown = 0
    for spec in step_types:
        assert (f'href="?option={spec.key}"' in options) is not bool(spec.cannot)
        with platform_context():
            form = insert_form(campaign, spec.key)()
        assert not any(isinstance(field, forms.JSONField) for field in form.fields.values()), spec.key
        shown += 1
    assert shown > 20


UNTOUCHED: list[tuple[str, dict[str, Any]]] = [
    ("lead_generation", {"filters": {"roles": ["CTO"], "newer": 1}, "limit": 5, "unknown": [1]}),
    ("email_send", {"subject": "A", "body": "B", "if_missing": "skip", "unknown": {"a": 1}}),
    ("condition", {"condition": "tag", "values": ["a", "b"], "within": {"days": 2}, "wait_until": False}),
    ("condition", {"condition": "voice_busy"}),
    ("branch", {"rules": [{"condition": "tag", "values": ["a"]}, {"condition": "replied"}], "unknown": True}),
    ("ab_split", {"weights": [1, 3]}),
]


def test_saving_the_settings_of_a_step_loses_nothing(browser: Client, campaign: Campaign, add_step: Any) -> None:
    kept = []
    for key, config in UNTOUCHED:
        step = add_step(campaign, type=key, config=config)
        do(browser, of_step(step, "settings"))
        kept.append(stored(step).config)
    assert kept == [config for _key, config in UNTOUCHED]


def test_a_step_is_moved_after_its_effect_was_shown(
    browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    entered = {"place": "first"}
    page = ask(browser, of_step(steps["Write"], "move"), **entered)
    assert "5 leads will skip “Write”." in page
    do(browser, of_step(steps["Write"], "move"), **entered)
    assert order_of(campaign) == [(1, "Write"), (2, "Ask"), (3, "Wait")]
    do(browser, of_step(steps["Write"], "move"), place=str(steps["Ask"].pk))
    assert order_of(campaign) == [(1, "Ask"), (2, "Write"), (3, "Wait")]


def test_a_path_is_led_elsewhere_and_back_after_its_effect_was_shown(
    browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    url = of_step(steps["Wait"], "link")
    assert "5 leads will skip “Write”." in ask(browser, url, target="end")
    do(browser, url, target="end")
    with platform_context():
        link = StepLink.objects.get()
    assert (link.step_id, link.outcome, link.target_id) == (steps["Wait"].pk, "done", None)
    page = browser.get(of_step(steps["Wait"], "change")).content.decode()
    assert "The end" in page
    do(browser, url, target="next")
    with platform_context():
        assert not StepLink.objects.exists()


def test_each_outcome_has_a_path_of_its_own(
    browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    do(browser, of_step(steps["Ask"], "link"), outcome="no", target=str(steps["Write"].pk))
    page = browser.get(of_step(steps["Ask"], "change")).content.decode()
    assert "<tr><th>Yes</th><td>2. Wait</td></tr><tr><th>No</th><td>3. Write</td></tr>" in page


def test_removing_says_where_leads_go_on(browser: Client, campaign: Campaign, steps: dict[str, CampaignStep]) -> None:
    url = of_step(steps["Wait"], "remove")
    page = browser.get(of_step(steps["Wait"], "change")).content.decode()
    assert url in page
    assert of_step(steps["Wait"], "delete") not in page
    response = browser.get(url)
    assert "2 leads at “Wait” will go on to “Write”." in response.content.decode()
    assert browser.post(url, filled(response, CONFIRM)).status_code == 302
    assert [title for _place, title in order_of(campaign)] == ["Ask", "Write"]


def test_people_who_only_read_campaigns_change_no_steps(
    admin_of: Callable[..., Client], viewer: User, campaign: Campaign, steps: dict[str, CampaignStep]
) -> None:
    browser = admin_of(viewer)
    urls = [of_step(steps["Wait"], name) for name in ("move", "link", "settings", "remove")]
    urls += [of_campaign(campaign, "add_step") + "?option=delay", of_campaign(campaign, "settings")]
    assert [browser.get(url).status_code for url in urls] == [403] * 6
