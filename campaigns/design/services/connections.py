"""Which channels a campaign can act on: those with an account that works."""

from typing import Final

from campaigns.accounts.models import EmailAccount
from campaigns.channels.choosing import usable_accounts
from campaigns.design.models import Campaign
from leads.channels import Channel

# What people call an account of each channel, and where there is none.
ACCOUNTS: Final = {
    Channel.LINKEDIN: "LinkedIn account",
    Channel.EMAIL: "e-mail account",
    Channel.WHATSAPP: "WhatsApp number",
    Channel.SMS: "number for SMS",
    Channel.WEB: "Instagram account",
}


def is_connected(campaign: Campaign, channel: Channel) -> bool:
    """Return whether an account of the channel works that the campaign can use. Calls have their own checks."""
    if channel == Channel.EMAIL:
        return EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).exclude(smtp_host="").exists()
    return channel == Channel.VOICE or bool(usable_accounts(campaign, channel))
