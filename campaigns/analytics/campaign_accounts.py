"""The accounts through which a campaign acts, whether they work or not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from campaigns.accounts.models import (
    AssignmentStatus,
    CampaignAccount,
    ChannelAccount,
    EmailAccount,
    LinkedinAccount,
    NetworkAccount,
)
from campaigns.accounts.standing import Standing, standing_of
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.schedule import schedule_of
from campaigns.design.step_specs import channel_of
from leads.channels import Channel

Account = EmailAccount | NetworkAccount
MODELS: Final[tuple[type[EmailAccount | LinkedinAccount | ChannelAccount], ...]] = (
    EmailAccount,
    LinkedinAccount,
    ChannelAccount,
)
FINE: Final = "success"


def channels_of(campaign: Campaign) -> set[Channel]:
    """Return the channels that the campaign's steps use."""
    types = CampaignStep.objects.filter(campaign=campaign.pk).order_by().values_list("type", flat=True).distinct()
    return {channel for channel in map(channel_of, types) if channel is not None}


def channel_of_account(account: Account) -> Channel:
    """Return the channel that an account acts on."""
    if isinstance(account, EmailAccount):
        return Channel.EMAIL
    return Channel(account.channel) if isinstance(account, ChannelAccount) else Channel.LINKEDIN


def tenant_accounts(tenant_id: UUID, channel: Channel) -> list[Account]:
    """Return all accounts of a tenant on a channel. Calls have numbers instead."""
    if channel == Channel.EMAIL:
        return list(EmailAccount.objects.filter(tenant=tenant_id).order_by("email"))
    if channel == Channel.LINKEDIN:
        return list(LinkedinAccount.objects.filter(tenant=tenant_id).order_by("account_name"))
    return list(ChannelAccount.objects.filter(tenant=tenant_id, channel=channel).order_by("account_name"))


def accounts_of(campaign: Campaign, channel: Channel) -> list[Account]:
    """Return the accounts that a campaign would use on a channel: those chosen for it, or else all of the tenant."""
    accounts = tenant_accounts(campaign.tenant_id, channel)
    chosen = _chosen(campaign, channel)
    return [each for each in accounts if each.pk in chosen] if chosen else accounts


def uses(campaign: Campaign, account: Account) -> bool:
    """Return whether the campaign acts through the account."""
    chosen = _chosen(campaign, channel_of_account(account))
    return not chosen or account.pk in chosen


def find_account(account_id: UUID) -> Account | None:
    """Return the account with an id, of any kind, of the current scope."""
    rows = (model.objects.filter(pk=account_id).first() for model in MODELS)
    return next((row for row in rows if row is not None), None)


def stopped_accounts(campaign: Campaign, *, now: datetime) -> Iterator[tuple[NetworkAccount, Standing]]:
    """Yield the accounts on networks that the campaign would use but that do nothing now, and how each stands."""
    for channel in sorted(channels_of(campaign) - {Channel.EMAIL}):
        for account in accounts_of(campaign, channel):
            assert isinstance(account, NetworkAccount)  # all but those for e-mail are
            standing = standing_of(account, now=now)
            if standing.tone != FINE:
                yield account, standing


def _chosen(campaign: Campaign, channel: Channel) -> set[UUID]:
    if channel == Channel.EMAIL:
        return set(schedule_of(campaign).email_accounts)
    if channel == Channel.LINKEDIN:
        own = CampaignAccount.objects.filter(campaign=campaign.pk, status=AssignmentStatus.ACTIVE)
        return set(own.values_list("linkedin_account", flat=True))
    return set()
