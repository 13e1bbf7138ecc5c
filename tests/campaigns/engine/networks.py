"""A tenant's accounts on networks, leads that can be reached on all of them, and what the networks report."""

from datetime import datetime
from typing import Any

from campaigns.accounts.models import ChannelAccount, LinkedinAccount
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services.enrolment import enrol
from campaigns.messages.models import Message, MessageState
from campaigns.network_contacts import services
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tests.campaigns.engine.conftest import Outreach
from tests.factories.campaigns import (
    CampaignAccountFactory,
    ChannelAccountFactory,
    LinkedinAccountFactory,
    NetworkContactFactory,
)
from tests.factories.leads import LeadFactory, LeadSocialFactory

PROFILE = {"linkedin_url": "https://www.linkedin.com/in/maya", "phone": "+971501234567", "location": "Dubai"}


def linkedin(outreach: Outreach, **values: Any) -> LinkedinAccount:
    """Connect a LinkedIn account to the campaign."""
    with platform_context(tenant_id=outreach.tenant.pk):
        account: LinkedinAccount = LinkedinAccountFactory.create(account_name="Ana Ferreira", **values)
        CampaignAccountFactory.create(campaign=outreach.campaign, linkedin_account=account)
    return account


def account_on(outreach: Outreach, channel: Channel, **values: Any) -> ChannelAccount:
    """Connect an account of another network."""
    with platform_context(tenant_id=outreach.tenant.pk):
        account: ChannelAccount = ChannelAccountFactory.create(channel=channel, **values)
    return account


def enrol_on_instagram(outreach: Outreach, *names: str) -> list[CampaignLead]:
    """Enrol a lead with each of the names on Instagram."""
    with platform_context(tenant_id=outreach.tenant.pk):
        leads = [LeadFactory.create(first_name="Maya", **PROFILE) for _name in names]
        for lead, name in zip(leads, names, strict=True):
            LeadSocialFactory.create(lead=lead, data={"instagram": name})
    with outreach.inside():
        enrol(campaign=outreach.campaign, leads=[lead.pk for lead in leads], actor=None, now=outreach.now)
        return list(CampaignLead.objects.filter(campaign=outreach.campaign).order_by("lead"))


def know(
    outreach: Outreach, enrolment: CampaignLead, account: LinkedinAccount | ChannelAccount, **values: Any
) -> NetworkContact:
    """Record what is known of a lead from an account."""
    named = {"linkedin_account": None, "channel_account": None, account.message_column: account}
    channel = Channel.LINKEDIN if isinstance(account, LinkedinAccount) else account.channel
    with platform_context(tenant_id=outreach.tenant.pk):
        made: NetworkContact = NetworkContactFactory.create(lead=enrolment.lead, channel=channel, **{**named, **values})
    return made


def accept(outreach: Outreach, contact: NetworkContact, at: datetime | None = None) -> None:
    """Report that the lead has accepted the invitation, as whoever records connections does."""
    with outreach.inside():
        contact.relation, contact.connected_at = Relation.CONNECTED, at or outreach.now
        contact.save(update_fields=["relation", "connected_at"])
        for hook in services._connected:
            hook([contact])


def queued(outreach: Outreach) -> list[Message]:
    return outreach.messages(MessageState.QUEUED)
