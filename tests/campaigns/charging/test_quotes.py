"""What a campaign costs at most, in the API and on its page."""

import re
from decimal import Decimal

import pytest

from campaigns.charging.quotes import quote
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.messages.models import MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from tests.campaigns.charging.outbox import NOW, PRICE, books, fund, hold, list_price, queue, settle
from tests.campaigns.design.test_lifecycle import now_in
from tests.campaigns.test_admin import action_of, page_of
from tests.factories.campaigns import CampaignLeadFactory, EmailAccountFactory, StepLinkFactory


@pytest.fixture
def forked(tenant, campaign, add_step):
    """One e-mail, then by the condition either two e-mails or none, and three enrolments, one of them past it."""
    list_price()
    first = add_step(campaign, title="First")
    fork = add_step(campaign, type="condition", title="Opened?", config={"condition": "opened"})
    second, third = add_step(campaign, title="Second"), add_step(campaign, title="Third")
    end = add_step(campaign, type="end", title="End", config={})
    with platform_context(tenant_id=tenant.pk):
        StepLinkFactory.create(step=fork, outcome="yes", target=end)
        CampaignLeadFactory.create_batch(2, campaign=campaign)
        CampaignLeadFactory.create(campaign=campaign, status=EnrolmentStatus.ACTIVE, next_step=third)
        CampaignLeadFactory.create(campaign=campaign, status=EnrolmentStatus.STOPPED)
    return campaign, (first, second, third)


def test_every_enrolment_is_quoted_on_its_dearest_way(tenant, forked):
    campaign, (first, second, third) = forked
    with tenant_context(tenant.pk):
        fund("0.01")
        found = quote(campaign, now=NOW)
    assert [(each.step_id, each.messages) for each in found.steps] == [(first.pk, 2), (second.pk, 2), (third.pk, 3)]
    assert (found.at_most, found.first, found.available) == (7 * PRICE, PRICE, Decimal("0.01"))
    assert (found.enough, found.payable) == (False, True)


def test_a_circle_of_steps_counts_once(tenant, forked):
    campaign, (first, _second, third) = forked
    with platform_context(tenant_id=tenant.pk):
        StepLinkFactory.create(step=third, outcome="failed", target=first)
    with tenant_context(tenant.pk):
        assert quote(campaign, now=NOW).at_most == 9 * PRICE


def test_the_quote_is_read_in_the_api_and_a_dearer_campaign_starts_with_a_warning(tenant, forked, call):
    campaign, _steps = forked
    with tenant_context(tenant.pk):
        fund("0.01")
    with platform_context(tenant_id=tenant.pk):
        EmailAccountFactory.create()
    body = call("get", "campaigns", campaign, "quote").json()
    assert (body["at_most"], body["available"], body["currency"]) == ("0.014000", "0.010000", "USD")
    assert not body["enough"]
    assert "pauses when the credit ends" in body["warning"]
    assert [step["at_most"] for step in body["steps"]] == ["0.004000", "0.004000", "0.006000"]
    assert call("post", "campaigns", campaign, "start").status_code == 200


def test_a_campaign_whose_first_message_cannot_be_paid_does_not_start(ready, call):
    list_price()
    answer = call("post", "campaigns", ready, "start")
    assert (answer.status_code, answer.json()["missing"]) == (409, ["no_credit"])
    assert "Top it up" in answer.json()["detail"]


def test_the_page_shows_the_cost_and_starting_asks_first(tenant, ready, admin_of, owner):
    list_price()
    with tenant_context(tenant.pk):
        fund("0.003")
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create(campaign=ready)
    browser = admin_of(owner)
    assert "may cost up to 0.004 USD" in browser.get(page_of(ready)).content.decode()
    page = browser.post(action_of(ready, "start")).content.decode()
    assert "The wallet has less." in page
    assert now_in(ready).status == "draft"
    [digest] = re.findall(r'name="_preview" value="(\w+)"', page)
    browser.post(action_of(ready, "start"), {"_preview": digest})
    assert now_in(ready).status == "running"


NETWORKS = {
    "linkedin_visit": ("linkedin", {}),
    "instagram_follow": ("instagram", {}),
    "whatsapp_send": ("whatsapp", {"message": "Hello"}),
    "sms_send": ("sms_segment", {"message": "x" * 161}),
    "linkedin_autopost": ("linkedin", {"content": "News"}),
}


def test_steps_on_networks_are_quoted_by_their_own_prices(tenant, campaign, add_step):
    for model in {model for model, _config in NETWORKS.values()}:
        list_price(model=model)
    steps = {key: add_step(campaign, type=key, config=config) for key, (_model, config) in NETWORKS.items()}
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create_batch(3, campaign=campaign)
    with tenant_context(tenant.pk):
        found = quote(campaign, now=NOW)
    costs = {each.step_id: each.at_most for each in found.steps}
    # A text of two segments costs two, and a post is published once for all.
    units = {"sms_send": 6, "linkedin_autopost": 1}
    assert costs == {step.pk: units.get(key, 3) * PRICE for key, step in steps.items()}
    assert found.at_most == 16 * PRICE


def test_a_text_message_is_charged_by_its_segments(tenant, campaign, add_step):
    list_price(model="sms_segment")
    step = add_step(campaign, type="sms_send", config={"message": "Hello"})
    with tenant_context(tenant.pk):
        fund("1")
        [message] = queue(campaign, step)
        message.channel, message.body = Channel.SMS, "a" * 400
        message.save(update_fields=["channel", "body"])
        assert hold([message]).allowed == {message.pk}
        settle(message, MessageState.SENT)
        assert books()[2] == 3 * PRICE
