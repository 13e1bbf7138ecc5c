"""A new type of step is one registered spec: services, API and admin take it from there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import TEXT, StepSpec, step_types
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity
from lad import writes
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.design.test_steps import send
from tests.factories.campaigns import CampaignLeadFactory
from tests.support.api import field_problems


@pytest.fixture
def fax() -> Iterator[StepSpec]:
    """A step type that no module of LAD registers."""
    spec = StepSpec(
        key="fax_send",
        label="Fax: send",
        channel=Channel.SMS,
        contacts_lead=True,
        synonyms=("fax",),
        required={"message": {**TEXT, "maxLength": 160}},
        config_synonyms={"faxMessage": "message"},
    )
    yield step_types.register(spec)
    step_types.unregister(spec.key)


@pytest.fixture
def enrolment(tenant: Tenant, campaign: Campaign) -> CampaignLead:
    with platform_context(tenant_id=tenant.pk):
        return CampaignLeadFactory.create(campaign=campaign)


def test_the_api_takes_a_new_type_and_its_synonyms(fax: StepSpec, campaign: Campaign, call: Any) -> None:
    made = send(call, campaign, "fax", {"faxMessage": "Hello"})
    assert made.status_code == 201, made.content
    assert (made.json()["type"], made.json()["config"]) == ("fax_send", {"message": "Hello"})
    listed = call("get", "campaign-steps", body={"type": "fax_send"}).json()["results"]
    assert [step["id"] for step in listed] == [made.json()["id"]]


def test_a_new_type_has_its_settings_checked(fax: StepSpec, campaign: Campaign, call: Any) -> None:
    assert (
        "message is too long" in field_problems(send(call, campaign, "fax_send", {"message": "x" * 161}))["config"][0]
    )


def test_an_unregistered_type_is_refused(campaign: Campaign, call: Any) -> None:
    assert field_problems(send(call, campaign, "fax_send", {"message": "Hello"}))["type"]


def test_the_admin_offers_a_new_type_and_asks_for_what_it_needs(
    fax: StepSpec, admin_of: Callable[..., Client], owner: User, campaign: Campaign
) -> None:
    browser, url = admin_of(owner), f"/admin/campaigns/campaign/{campaign.pk}/add_step/"
    assert 'href="?option=fax_send"' in browser.get(url).content.decode()
    assert 'name="message"' in browser.get(f"{url}?option=fax_send").content.decode()


def test_an_activity_of_a_new_type_gets_its_channel_and_counts_as_contact(
    fax: StepSpec, tenant: Tenant, enrolment: CampaignLead
) -> None:
    values = {"campaign_lead": enrolment, "step_type": "fax", "status": ActivityStatus.SENT}
    with platform_context(tenant_id=tenant.pk):
        activity = writes.create(CampaignLeadActivity, values)
        enrolment.lead.refresh_from_db()
    assert (activity.step_type, activity.channel) == ("fax_send", Channel.SMS)
    assert str(activity) == "Fax: send · Sent"
    assert enrolment.lead.last_contacted_at is not None


def test_steps_of_a_type_that_was_removed_are_still_shown(
    fax: StepSpec, admin_of: Callable[..., Client], owner: User, campaign: Campaign, add_step: Any
) -> None:
    step: CampaignStep = add_step(campaign, type="fax_send", title="Text them", config={"message": "Hello"})
    step_types.unregister(fax.key)
    browser = admin_of(owner)
    for address in (
        f"/admin/campaigns/campaign/{campaign.pk}/change/",
        f"/admin/campaigns/campaignstep/{step.pk}/change/",
    ):
        assert "Text them" in browser.get(address).content.decode(), address
