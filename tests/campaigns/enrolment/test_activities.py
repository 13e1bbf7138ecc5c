"""Activities of campaigns, and the contact with leads that they mean."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity
from lad import writes
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignLeadFactory
from tests.factories.leads import LeadFactory

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def enrolment(tenant: Tenant, campaign: Campaign) -> CampaignLead:
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(last_activity_at=None, last_contacted_at=None)
        return CampaignLeadFactory.create(campaign=campaign, lead=lead)


def record(tenant: Tenant, enrolment: CampaignLead, status: str, **values: Any) -> CampaignLeadActivity:
    values = {"campaign_lead": enrolment, "step_type": "email_send", "status": status, **values}
    with platform_context(tenant_id=tenant.pk):
        activity: CampaignLeadActivity = writes.create(CampaignLeadActivity, values)
    return activity


def last_contact(enrolment: CampaignLead) -> datetime | None:
    with platform_context():
        moment: datetime | None = Lead.objects.get(pk=enrolment.lead_id).last_contacted_at
    return moment


@pytest.mark.parametrize("status", [ActivityStatus.SENT, ActivityStatus.DELIVERED])
def test_a_message_that_went_out_is_contact_at_its_time(tenant: Tenant, enrolment: CampaignLead, status: str) -> None:
    record(tenant, enrolment, status, executed_at=NOON)
    assert last_contact(enrolment) == NOON


@pytest.mark.parametrize("status", [ActivityStatus.QUEUED, ActivityStatus.FAILED, ActivityStatus.SKIPPED])
def test_a_message_that_did_not_go_out_is_no_contact(tenant: Tenant, enrolment: CampaignLead, status: str) -> None:
    record(tenant, enrolment, status, executed_at=NOON)
    assert last_contact(enrolment) is None


def test_a_reply_is_contact_when_it_comes(tenant: Tenant, enrolment: CampaignLead) -> None:
    activity = record(tenant, enrolment, ActivityStatus.SENT, executed_at=NOON)
    with platform_context(tenant_id=tenant.pk):
        writes.update(activity, {"status": ActivityStatus.REPLIED})
    moment = last_contact(enrolment)
    assert moment is not None and moment > NOON


def test_a_correction_that_keeps_the_status_is_no_new_contact(tenant: Tenant, enrolment: CampaignLead) -> None:
    activity = record(tenant, enrolment, ActivityStatus.SENT, executed_at=NOON)
    with platform_context(tenant_id=tenant.pk):
        writes.update(activity, {"subject": "Hello", "executed_at": NOON.replace(hour=15)})
    assert last_contact(enrolment) == NOON


@pytest.mark.parametrize("step_type", ["delay", "voice_agent_call", "linkedin_visit", "linkedin_autopost"])
def test_a_step_that_sends_the_lead_nothing_is_no_contact(
    tenant: Tenant, enrolment: CampaignLead, step_type: str
) -> None:
    record(tenant, enrolment, ActivityStatus.SENT, step_type=step_type, executed_at=NOON)
    assert last_contact(enrolment) is None
