"""Which accounts on networks a campaign would use but cannot, and why."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from campaigns.accounts.models import AssignmentStatus, CampaignAccount, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.standing import Standing, standing_of
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import channel_of
from leads.channels import Channel

FINE = "success"
NETWORKS = (Channel.WHATSAPP, Channel.SMS, Channel.WEB)


def stopped_accounts(campaign: Campaign, *, now: datetime) -> Iterator[tuple[NetworkAccount, Standing]]:
    """Yield the accounts that do nothing now, and how each stands, on the networks that the campaign's steps use.

    Of LinkedIn these are the campaign's own accounts, or all of the tenant if it has none.
    """
    types = CampaignStep.objects.filter(campaign=campaign.pk).order_by().values_list("type", flat=True).distinct()
    channels = {channel_of(each) for each in types}
    accounts: list[NetworkAccount] = []
    if Channel.LINKEDIN in channels:
        accounts += _linkedin(campaign)
    if used := [channel for channel in NETWORKS if channel in channels]:
        accounts += ChannelAccount.objects.filter(tenant=campaign.tenant_id, channel__in=used).order_by("account_name")
    for account in accounts:
        standing = standing_of(account, now=now)
        if standing.tone != FINE:
            yield account, standing


def _linkedin(campaign: Campaign) -> list[LinkedinAccount]:
    own = CampaignAccount.objects.filter(campaign=campaign.pk, status=AssignmentStatus.ACTIVE)
    keys = list(own.values_list("linkedin_account", flat=True))
    chosen = Q(pk__in=keys) if keys else Q()
    return list(LinkedinAccount.objects.filter(chosen, tenant=campaign.tenant_id).order_by("account_name"))
