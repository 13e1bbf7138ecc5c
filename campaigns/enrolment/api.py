"""The campaigns domain in the API."""

from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from lad.api import router

FEATURE = "campaigns"


router.register(
    CampaignLead,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "lead", "status", "email", "created_at"],
    includes={"activities": CampaignLeadActivity},
)


router.register(
    CampaignLeadActivity,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["campaign", "campaign_lead", "step", "status", "created_at"],
)
