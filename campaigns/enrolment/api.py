"""Enrolments and activities in the API."""

from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from lad.api import router
from leads.contacts.models import Lead

FEATURE = "campaigns"


router.register(
    CampaignLead,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "lead", "status", "email", "created_at"],
    includes={"activities": CampaignLeadActivity},
)
router.include(Lead, "enrolments", CampaignLead)


router.register(
    CampaignLeadActivity,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["campaign", "campaign_lead", "step", "status", "created_at"],
)
