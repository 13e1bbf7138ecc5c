"""What the tables of the domain refuse by themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLeadActivity
from campaigns.templates.models import CommunicationTemplate
from lad.tenancy.context import platform_context
from tests.factories.campaigns import (
    CampaignAccountFactory,
    CampaignFactory,
    CampaignLeadActivityFactory,
    CampaignLeadFactory,
    CampaignStepFactory,
    CommunicationTemplateFactory,
    EmailAccountFactory,
    LinkedinAccountFactory,
)
from tests.support.api import field_problems

NOW = timezone.now()
HOUR = timedelta(hours=1)

BROKEN = [
    (CampaignFactory, {"starts_at": NOW, "ends_at": NOW}, "campaigns_starts_before_it_ends"),
    (CampaignFactory, {"name": ""}, "campaigns_name_given"),
    (CampaignLeadFactory, {"started_at": NOW, "completed_at": NOW - HOUR}, "campaign_leads_completed_after_started"),
    (CampaignLeadFactory, {"completed_at": NOW}, "campaign_leads_completed_after_started"),
    (CampaignLeadFactory, {"status": "completed", "started_at": NOW}, "campaign_leads_completed_when"),
    (EmailAccountFactory, {"smtp_port": 0}, "email_accounts_port_valid"),
    (EmailAccountFactory, {"smtp_port": 65_536}, "email_accounts_port_valid"),
    (EmailAccountFactory, {"daily_send_limit": 5, "sent_today": 6}, "email_accounts_within_limit"),
    (EmailAccountFactory, {"daily_send_limit": -1}, "daily_send_limit"),
    (EmailAccountFactory, {"sent_today": -1}, "sent_today"),
    (LinkedinAccountFactory, {"daily_action_limit": 1, "actions_today": 2}, "social_linkedin_accounts_within"),
    (
        CampaignAccountFactory,
        {"daily_requests_limit": 1, "daily_requests_used": 2},
        "campaign_linkedin_accounts_within",
    ),
    (CommunicationTemplateFactory, {"is_builtin": True}, "communication_templates_builtin_is_shared"),
]


@pytest.fixture(autouse=True)
def _inside(tenant: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        yield


@pytest.mark.parametrize(("factory", "values", "rule"), BROKEN, ids=lambda each: each if isinstance(each, str) else "")
def test_the_database_refuses_what_cannot_be(factory: Any, values: Any, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        factory.create(**values)


def twice(factory: Any, rule: str, **values: Any) -> Any:
    """The row was made, and a second is refused while it lives and accepted once it is deleted."""
    first = factory.create(**values)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        factory.create(**values)
    first.delete()
    return factory.create(**values)


def test_an_address_is_one_mailbox_per_company(other_tenant: Any) -> None:
    twice(EmailAccountFactory, "email_accounts_email_key", email="hello@acme.example")
    with platform_context(tenant_id=other_tenant.pk):
        EmailAccountFactory.create(email="hello@acme.example")


def test_a_linkedin_account_is_connected_once() -> None:
    twice(LinkedinAccountFactory, "social_linkedin_accounts_key", unipile_account_id="u-1")


def test_a_campaign_uses_an_account_once_and_has_one_primary() -> None:
    campaign, account = CampaignFactory.create(), LinkedinAccountFactory.create()
    twice(CampaignAccountFactory, "campaign_linkedin_accounts_key", campaign=campaign, linkedin_account=account)
    twice(CampaignAccountFactory, "campaign_linkedin_accounts_primary", campaign=campaign, is_primary=True)


@pytest.mark.parametrize("own", [True, False])
def test_a_template_is_one_per_key_and_language_for_a_company_and_for_all(own: bool, tenant: Any) -> None:
    whose = {"tenant_id": tenant.pk if own else None}
    twice(CommunicationTemplateFactory, "communication_templates_key", template_key="intro", language="de", **whose)
    CommunicationTemplateFactory.create(template_key="intro", language="en", **whose)
    CommunicationTemplateFactory.create(template_key="intro", language="de", agent_id=7, **whose)


def test_linkedin_pairs_an_invitation_and_its_follow_up_under_one_key() -> None:
    pair = {"channel": "linkedin", "template_key": "warm", "subject": ""}
    for category in ("linkedin_connection", "linkedin_followup"):
        CommunicationTemplateFactory.create(category=category, **pair)
    assert CommunicationTemplate.objects.filter(template_key="warm").count() == 2


def test_step_and_enrolment_of_an_activity_are_of_one_campaign() -> None:
    here, elsewhere = CampaignFactory.create(), CampaignFactory.create()
    enrolment = CampaignLeadFactory.create(campaign=here)
    foreign_step = CampaignStepFactory.create(campaign=elsewhere)
    with pytest.raises(IntegrityError, match="step_same_campaign"), transaction.atomic():
        CampaignLeadActivityFactory.create(campaign=here, campaign_lead=enrolment, step=foreign_step)
    with pytest.raises(IntegrityError, match="lead_same_campaign"), transaction.atomic():
        CampaignLeadActivityFactory.create(campaign=elsewhere, campaign_lead=enrolment, step=foreign_step)


def test_an_activity_outlives_the_step_it_was_done_for() -> None:
    activity = CampaignLeadActivityFactory.create()
    models.QuerySet(CampaignStep).filter(pk=activity.step_id)._raw_delete("default")
    assert CampaignLeadActivity.objects.get(pk=activity.pk).step_id is None


def test_an_event_of_a_provider_is_recorded_once() -> None:
    event = {"provider": "unipile", "provider_event_id": "e-1"}
    CampaignLeadActivityFactory.create(**event)
    with pytest.raises(IntegrityError, match="event_once"), transaction.atomic():
        CampaignLeadActivityFactory.create(**event)
    CampaignLeadActivityFactory.create_batch(2, provider="unipile")


def test_a_limit_is_not_lowered_below_what_was_sent_today(call: Any) -> None:
    account = EmailAccountFactory.create(sent_today=80)
    refused = field_problems(call("patch", "email-accounts", account, body={"daily_send_limit": 50}))
    assert "switch the account off" in str(refused)
    assert call("patch", "email-accounts", account, body={"daily_send_limit": 80}).status_code == 200


def test_the_settings_of_a_campaign_have_a_known_shape(call: Any) -> None:
    wrong = {"working_days": ["caturday"], "leads_per_day": 0, "campaign_type": "spam"}
    says = str(field_problems(call("post", "campaigns", body={"name": "Autumn", "config": wrong}))["config"])
    assert "working_days[0] must be one of" in says
    assert "leads_per_day must be at least 1" in says
    fine = {"working_days": ["monday"], "leads_per_day": 25, "campaign_type": "inbound", "note": "extra"}
    assert call("post", "campaigns", body={"name": "Autumn", "config": fine}).status_code == 201
