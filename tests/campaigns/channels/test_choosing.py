"""Which account on a network acts for a lead: the one that did, the one that knows the lead, then the freest."""

import pytest

from campaigns.accounts.models import AccountStatus, LinkedinAccount
from campaigns.channels.choosing import choose
from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLead
from campaigns.messages.models import MessageState
from campaigns.network_contacts.models import Relation
from campaigns.network_contacts.services import keep
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    CampaignAccountFactory,
    CampaignLeadFactory,
    ChannelAccountFactory,
    LinkedinAccountFactory,
    MessageFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def accounts(tenant: Tenant) -> list[LinkedinAccount]:
    """Two accounts, of which the first is given a lead first."""
    with platform_context(tenant_id=tenant.pk):
        return sorted(LinkedinAccountFactory.create_batch(2), key=lambda account: str(account.pk))


@pytest.fixture
def enrolments(tenant: Tenant, campaign: Campaign) -> list[CampaignLead]:
    with platform_context(tenant_id=tenant.pk):
        return CampaignLeadFactory.create_batch(2, campaign=campaign)


def chosen(campaign: Campaign, enrolments: list[CampaignLead], channel: Channel = Channel.LINKEDIN) -> list[object]:
    """Return the account of each enrolment, or None."""
    with platform_context(tenant_id=campaign.tenant_id):
        found = choose(campaign, channel, [each.pk for each in enrolments])
    return [found[each.pk].account_id if each.pk in found else None for each in enrolments]


def test_leads_are_shared_out(
    campaign: Campaign, accounts: list[LinkedinAccount], enrolments: list[CampaignLead]
) -> None:
    first, second = accounts
    assert chosen(campaign, enrolments) == [first.pk, second.pk]


def test_the_account_that_acted_for_a_lead_goes_on(
    tenant: Tenant, campaign: Campaign, accounts: list[LinkedinAccount], enrolments: list[CampaignLead]
) -> None:
    first, second = accounts
    with platform_context(tenant_id=tenant.pk):
        for enrolment, account in zip(enrolments, (second, first), strict=True):
            values = {"channel": Channel.LINKEDIN, "state": MessageState.SENT, "linkedin_account": account}
            MessageFactory.create(campaign=campaign, campaign_lead=enrolment, lead=enrolment.lead, **values)
            # Another one knows the lead, but has not written in this campaign.
            keep(first if account == second else second, enrolment.lead_id, relation=Relation.CONNECTED)
    assert chosen(campaign, enrolments) == [second.pk, first.pk]


def test_the_account_that_is_closest_to_a_lead_acts_for_it(
    tenant: Tenant, campaign: Campaign, accounts: list[LinkedinAccount], enrolments: list[CampaignLead]
) -> None:
    first, second = accounts
    with platform_context(tenant_id=tenant.pk):
        keep(first, enrolments[0].lead_id, relation=Relation.INVITED)
        keep(second, enrolments[0].lead_id, relation=Relation.CONNECTED)
        keep(first, enrolments[1].lead_id, relation=Relation.INVITED)
    assert chosen(campaign, enrolments) == [second.pk, first.pk]


def test_only_the_campaigns_own_accounts_act_for_it(
    tenant: Tenant, campaign: Campaign, accounts: list[LinkedinAccount], enrolments: list[CampaignLead]
) -> None:
    _first, second = accounts
    with platform_context(tenant_id=tenant.pk):
        CampaignAccountFactory.create(campaign=campaign, linkedin_account=second)
    assert chosen(campaign, enrolments) == [second.pk, second.pk]


@pytest.mark.parametrize("stopped", [{"is_active": False}, {"status": AccountStatus.CHECKPOINT}])
def test_a_stopped_account_is_given_no_lead(
    tenant: Tenant, campaign: Campaign, enrolments: list[CampaignLead], stopped: dict[str, object]
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LinkedinAccountFactory.create(**stopped)
        ChannelAccountFactory.create(channel=Channel.SMS, provider="twilio", **stopped)
    assert chosen(campaign, enrolments) == [None, None]
    assert chosen(campaign, enrolments, Channel.SMS) == [None, None]
