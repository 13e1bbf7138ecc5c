"""Campaigns on the lead's page and in the lead's API resource."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignLeadActivityFactory, CampaignLeadFactory


@pytest.fixture
def enrolment(tenant: Tenant, campaign: Campaign) -> CampaignLead:
    with platform_context(tenant_id=tenant.pk):
        return CampaignLeadFactory.create(campaign=campaign)


def test_a_lead_is_read_with_its_enrolments(api: Any, owner: User, enrolment: CampaignLead) -> None:
    shown = api(owner).get(f"/api/v1/leads/{enrolment.lead_id}/", {"include": "enrolments"}).json()
    assert [each["id"] for each in shown["enrolments"]["results"]] == [str(enrolment.pk)]


def test_the_timeline_shows_what_campaigns_did_but_not_what_they_plan(
    admin_of: Callable[..., Client], owner: User, tenant: Tenant, enrolment: CampaignLead
) -> None:
    with platform_context(tenant_id=tenant.pk):
        for status in (ActivityStatus.SENT, ActivityStatus.QUEUED):
            CampaignLeadActivityFactory.create(
                campaign=enrolment.campaign, campaign_lead=enrolment, step=None, status=status
            )
    page = admin_of(owner).get(f"/admin/leads/lead/{enrolment.lead_id}/change/").content.decode()
    assert page.count(f"LAD visited the LinkedIn profile of {enrolment.lead.first_name}") == 1
