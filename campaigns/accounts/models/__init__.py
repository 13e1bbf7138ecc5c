"""The accounts that campaigns act through."""

from campaigns.accounts.models.channel import ChannelAccount, TemplateStatus, WhatsappTemplate
from campaigns.accounts.models.email import EmailAccount, EmailAccountStatus, EmailSignIn
from campaigns.accounts.models.linkedin import AssignmentStatus, CampaignAccount, LinkedinAccount
from campaigns.accounts.models.network import AccountStatus, NetworkAccount
from campaigns.accounts.models.usage import ActionCount

__all__ = [
    "AccountStatus",
    "ActionCount",
    "AssignmentStatus",
    "CampaignAccount",
    "ChannelAccount",
    "EmailAccount",
    "EmailAccountStatus",
    "EmailSignIn",
    "LinkedinAccount",
    "NetworkAccount",
    "TemplateStatus",
    "WhatsappTemplate",
]
