"""The campaigns domain in the API."""

from campaigns.accounts.models import CampaignAccount, EmailAccount, LinkedinAccount
from lad.api import router

FEATURE = "campaigns"


router.register(
    EmailAccount,
    area="sending-accounts",
    feature=FEATURE,
    filters=["email", "is_active", "created_at"],
    order=["-created_at", "email"],
)


router.register(
    LinkedinAccount,
    area="sending-accounts",
    feature="social-integration",
    filters=["user", "status", "is_active", "created_at"],
    order=["-created_at", "account_name"],
)


router.register(
    CampaignAccount,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "linkedin_account", "status", "created_at"],
    order=["-created_at", "-priority"],
)
