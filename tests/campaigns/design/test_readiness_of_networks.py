"""Before a campaign starts it says which channels have no account, and what its steps on networks will not do."""

from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStep
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tests.campaigns.design.test_lifecycle import missing
from tests.campaigns.design.test_steps import VALID, send
from tests.factories.campaigns import (
    CampaignLeadFactory,
    ChannelAccountFactory,
    LinkedinAccountFactory,
    WhatsappTemplateFactory,
)
from tests.support.api import field_problems

ON: dict[str, tuple[str, str, dict[str, Any]]] = {
    "whatsapp_send": ("no_whatsapp_account", "a WhatsApp number", {"channel": Channel.WHATSAPP}),
    "sms_send": ("no_sms_account", "a number for SMS", {"channel": Channel.SMS, "provider": "twilio"}),
    "instagram_follow": ("no_instagram_account", "an Instagram account", {"channel": Channel.WEB}),
}


@pytest.fixture
def enrolled(campaign: Campaign, tenant: Any) -> Campaign:
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create(campaign=campaign)
    return campaign


@pytest.mark.parametrize("type_", ON)
def test_a_channel_without_a_working_account_keeps_the_campaign_from_starting(
    type_: str, enrolled: Campaign, call: Any, add_step: Any, tenant: Any
) -> None:
    code, account, values = ON[type_]
    add_step(enrolled, type=type_, title="Reach them", config=VALID[type_])
    with platform_context(tenant_id=tenant.pk):
        ChannelAccountFactory.create(**values, status="expired")
        ChannelAccountFactory.create(**values, is_active=False)
    refused = call("post", "campaigns", enrolled, "start")
    assert missing(refused) == [code]
    assert f"“Reach them” needs {account}, and none works. Connect one" in refused.json()["detail"]
    with platform_context(tenant_id=tenant.pk):
        ChannelAccountFactory.create(**values)
    assert call("post", "campaigns", enrolled, "start").status_code == 200


def test_any_linkedin_account_serves_a_campaign_that_has_none_of_its_own(
    enrolled: Campaign, call: Any, add_step: Any, tenant: Any
) -> None:
    add_step(enrolled, type="linkedin_visit", config={})
    assert missing(call("post", "campaigns", enrolled, "start")) == ["no_linkedin_account"]
    with platform_context(tenant_id=tenant.pk):
        LinkedinAccountFactory.create()
    assert call("post", "campaigns", enrolled, "start").status_code == 200


def test_an_account_of_another_tenant_serves_nobody_else(
    enrolled: Campaign, call: Any, add_step: Any, other_tenant: Any
) -> None:
    add_step(enrolled, type="sms_send", config=VALID["sms_send"])
    with platform_context(tenant_id=other_tenant.pk):
        ChannelAccountFactory.create(channel=Channel.SMS)
    assert missing(call("post", "campaigns", enrolled, "start")) == ["no_sms_account"]


def test_a_step_of_an_older_campaign_that_lad_cannot_do_is_named(
    enrolled: Campaign, call: Any, add_step: Any, tenant: Any
) -> None:
    step = add_step(enrolled, type="linkedin_visit", title="Find them", config={})
    with platform_context(tenant_id=tenant.pk):
        LinkedinAccountFactory.create()
        CampaignStep.objects.filter(pk=step.pk).update(type="linkedin_employee_list")
    refused = call("post", "campaigns", enrolled, "start")
    assert missing(refused) == ["step_not_possible"]
    assert "“Find them” cannot run" in refused.json()["detail"]


def notes(call: Any, campaign: Campaign) -> list[str]:
    return [each["code"] for each in call("get", "campaigns", campaign, "readiness").json()["notes"]]


def test_what_a_campaign_will_not_do_is_noted(enrolled: Campaign, call: Any, add_step: Any, tenant: Any) -> None:
    add_step(enrolled, type="whatsapp_send", config={"message": "Hello"})
    add_step(enrolled, type="sms_send", config={"message": "Hello"})
    add_step(enrolled, type="instagram_follow", config={"username": "acme"})
    assert notes(call, enrolled) == ["sms_opt_out", "one_instagram_name"]
    with platform_context(tenant_id=tenant.pk):
        ChannelAccountFactory.create(provider="whatsapp_cloud")
    assert notes(call, enrolled) == ["whatsapp_window", "sms_opt_out", "one_instagram_name"]


GREETING = {"template": "greeting", "variables": ["{{first_name}}"]}


@pytest.mark.parametrize(
    ("status", "config", "says"),
    [
        ("approved", GREETING, ""),
        ("approved", {**GREETING, "language": "en"}, ""),
        ("pending", GREETING, "template: “greeting” is not approved by WhatsApp: in review"),
        ("paused", GREETING, "paused by whatsapp (Low quality)"),
        ("approved", {**GREETING, "language": "fr"}, "language: WhatsApp has approved “greeting” in en only"),
        ("approved", {"template": "greeting"}, "variables: “greeting” (en) has 1, and 0 are filled in"),
        ("approved", {**GREETING, "variables": ["{{frist_name}}"]}, "variables: 1: Line 1: Nothing fills"),
        ("approved", {"template": "gretting", "variables": ["x"]}, "Approved are: greeting."),
    ],
)
def test_the_template_that_a_step_names_is_approved(
    status: str, config: Any, says: str, campaign: Campaign, call: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        reason = "Low quality" if status == "paused" else ""
        WhatsappTemplateFactory.create(name="greeting", status=status, status_reason=reason)
    made = send(call, campaign, "whatsapp_send", config)
    if not says:
        assert made.status_code == 201, made.content
    else:
        assert says in " ".join(field_problems(made)["config"])


def test_a_template_of_another_tenant_is_not_known(campaign: Campaign, call: Any, other_tenant: Any) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        WhatsappTemplateFactory.create(name="greeting")
    made = send(call, campaign, "whatsapp_send", GREETING)
    assert "None is approved yet" in field_problems(made)["config"][0]
