"""The pages staff work in."""

import re
from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import CampaignLead
from lad.tenancy.context import platform_context
from tests.campaigns.design.test_lifecycle import in_state, now_in
from tests.campaigns.design.test_steps import order_of, three
from tests.contract.pages import faults, untouched
from tests.factories.campaigns import CampaignLeadActivityFactory, CommunicationTemplateFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MemberFactory


@pytest.fixture
def browser(admin_of: Any, owner: Any) -> Any:
    return admin_of(owner)


def page_of(campaign: Campaign, action: str = "change") -> str:
    return f"/admin/campaigns/campaign/{campaign.pk}/{action}/"


def action_of(campaign: Campaign, action: str) -> str:
    return f"/admin/campaigns/campaign/{campaign.pk}/{action}/"


def steps_form(browser: Any, campaign: Campaign) -> dict[str, str]:
    return untouched(browser.get(page_of(campaign)), Campaign)


def save(browser: Any, campaign: Campaign, entries: dict[str, str]) -> Any:
    response = browser.post(page_of(campaign), entries)
    return "" if response.status_code == 302 else str(faults(response))


def test_steps_swap_places_on_the_page(browser: Any, campaign: Campaign, add_step: Any) -> None:
    three(campaign, add_step)
    entries = steps_form(browser, campaign)
    entries |= {"campaign_steps-0-order": "3", "campaign_steps-1-order": "1", "campaign_steps-2-order": "2"}
    assert not save(browser, campaign, entries)
    assert order_of(campaign) == [(1, "two"), (2, "three"), (3, "one")]


def test_a_step_moved_to_a_taken_place_takes_it(browser: Any, campaign: Campaign, add_step: Any) -> None:
    three(campaign, add_step)
    assert not save(browser, campaign, {**steps_form(browser, campaign), "campaign_steps-2-order": "1"})
    assert order_of(campaign) == [(1, "three"), (2, "one"), (3, "two")]


def test_steps_are_changed_and_removed_at_once(browser: Any, campaign: Campaign, add_step: Any) -> None:
    three(campaign, add_step)
    entries = steps_form(browser, campaign)
    entries |= {"campaign_steps-0-DELETE": "on", "campaign_steps-1-title": "changed"}
    assert not save(browser, campaign, entries)
    assert [title for _place, title in order_of(campaign)] == ["changed", "three"]


def test_a_wrong_step_is_rejected_on_the_page_and_nothing_is_saved(browser: Any, campaign: Any, add_step: Any) -> None:
    three(campaign, add_step)
    entries = {**steps_form(browser, campaign), "campaign_steps-0-title": "", "name": "Renamed"}
    assert "required" in save(browser, campaign, entries)
    assert now_in(campaign).name == "Autumn"


def test_the_steps_of_a_running_campaign_are_read_only(browser: Any, ready: Campaign) -> None:
    in_state(ready, CampaignStatus.RUNNING)
    page = browser.get(page_of(ready)).content.decode()
    assert "Write" in page
    assert 'name="campaign_steps-0-title"' not in page


def test_the_page_shows_what_is_missing_and_the_progress(
    browser: Any, campaign: Campaign, ready: Campaign, tenant: Any
) -> None:
    assert "Draft: nothing is missing." in browser.get(page_of(ready)).content.decode()
    with platform_context(tenant_id=tenant.pk):
        enrolment = ready.enrolments.get()
        step = ready.steps.get()
        CampaignLeadActivityFactory.create(
            campaign=ready, campaign_lead=enrolment, step=step, step_type=step.type, channel="email", status="replied"
        )
        CampaignLead.objects.update(status="stopped")
    page = " ".join(re.sub("<[^>]+>", " ", browser.get(page_of(ready)).content.decode()).split())
    assert "It has no open enrolments" in page
    assert "Enrolled 1 0 in progress" in page
    assert "Answered 1 100 % of contacted" in page
    assert re.search(r"1\. Write E-mail: send 1 0 1 1 0 0", page)


def test_a_campaign_is_started_paused_and_stopped_from_its_page(browser: Any, ready: Campaign) -> None:
    for action, status in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        assert browser.get(action_of(ready, action)).status_code == 200, action
        assert browser.post(action_of(ready, action), follow=True).status_code == 200
        assert now_in(ready).status == status


def test_a_campaign_that_is_not_ready_says_why_instead_of_starting(browser: Any, campaign: Campaign) -> None:
    page = browser.post(action_of(campaign, "start"), follow=True).content.decode()
    assert "It has no step that contacts or finds leads. Add one." in page
    assert now_in(campaign).status == "draft"


def test_leads_are_enrolled_from_the_page(browser: Any, ready: Campaign, tenant: Any, other_tenant: Any) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        LeadFactory.create(tags=["vip"])
    with platform_context(tenant_id=tenant.pk):
        seller = MemberFactory.create()
        mine = LeadFactory.create(tags=["vip"], assigned_user=seller)
        LeadFactory.create(tags=["vip"])
        LeadFactory.create(assigned_user=seller)
    form = browser.get(action_of(ready, "enrol"), follow=True).content.decode()
    assert str(seller.pk) in form
    chosen = {"tag": "vip", "assigned_user": str(seller.pk)}
    assert "1 enrolled." in browser.post(action_of(ready, "enrol"), chosen, follow=True).content.decode()
    with platform_context(tenant_id=tenant.pk):
        assert ready.enrolments.filter(lead=mine).count() == 1
        assert ready.enrolments.count() == 2
    assert "Choose leads by id" in browser.post(action_of(ready, "enrol"), {}, follow=True).content.decode()


def test_platform_staff_see_the_choices_of_the_campaigns_tenant_only(
    root: Any, ready: Campaign, tenant: Any, other_tenant: Any
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        stranger = MemberFactory.create()
    with platform_context(tenant_id=tenant.pk):
        member = MemberFactory.create()
    form = root.get(action_of(ready, "enrol"), follow=True).content.decode()
    assert str(member.pk) in form and str(stranger.pk) not in form


def test_a_campaign_is_duplicated_under_another_name(browser: Any, ready: Campaign, tenant: Any) -> None:
    browser.post(action_of(ready, "duplicate"), {"name": "Winter"}, follow=True)
    with platform_context(tenant_id=tenant.pk):
        assert Campaign.objects.get(name="Winter").steps.count() == 1


def test_a_template_is_previewed_and_its_html_is_sandboxed(browser: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CommunicationTemplateFactory.create(
            body="Hello {{first_name}} of {{planet}}", html_content="<script>alert(1)</script><p>{{first_name}}</p>"
        )
    page = browser.get(f"/admin/campaigns/communicationtemplate/{row.pk}/change/").content.decode()
    assert "Hello Maya of [planet]" in page
    assert "Nothing fills {{ planet }}" in page
    [frame] = re.findall(r"<iframe[^>]*>", page)
    assert 'sandbox=""' in frame
    assert "Content-Security-Policy" in frame
    assert "script&gt;" not in frame


def test_the_page_shows_the_message_while_somebody_writes(browser: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create(first_name="Ines", title="", email="ines@northwind.example")
    url = "/admin/campaigns/communicationtemplate/preview/"
    entered = {"channel": "email", "language": "en", "subject": "{{ title }}", "body": "Hi {{ first_name }} {% if"}
    assert "“{%” is not closed" in browser.post(url, entered).content.decode()
    entered = {**entered, "body": "Hi {{ first_name }}", "html_content": "<p>{a|b}</p>", "preview_variant": "9" * 50}
    page = browser.post(url, {**entered, "preview_lead": "INES@northwind.example"}).content.decode()
    assert "Hi Ines" in page
    assert "no value for title" in page
    assert "Variant 1 of 2" in page
    assert "No lead has this" in browser.post(url, {**entered, "preview_lead": "nobody@x.example"}).content.decode()
    assert browser.get(url).status_code == 405


def test_a_built_in_template_is_not_deleted_even_by_the_platform(root: Any, db: None) -> None:
    with platform_context():
        row = CommunicationTemplateFactory.create(tenant_id=None, is_builtin=True)
    assert root.post(f"/admin/campaigns/communicationtemplate/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert now_in(row).deleted_at is None


def test_actions_that_are_seldom_used_share_a_menu(browser: Any, ready: Campaign) -> None:
    def titles() -> list[Any]:
        shown = browser.get(page_of(ready)).context["actions_detail"]
        return [
            {each["title"]: [item["title"] for item in each["items"]]} if "items" in each else each["title"]
            for each in shown
        ]

    in_state(ready, CampaignStatus.RUNNING)
    menu = {"More": ["Duplicate", "Share as a template", "Complete", "Stop"]}
    assert titles() == ["Sequence", "Checklist", "Pause", "Add step", "Settings", "Enrol leads", menu]
    # A menu of one action would only hide it.
    in_state(ready, CampaignStatus.ARCHIVED)
    assert titles() == ["Sequence", "Checklist", "Duplicate"]
