"""Enrolments and activities in the API."""

from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from lad.api import router
from leads.contacts.models import Lead
from leads.contacts.selectors import of_found_leads

FEATURE = "campaigns"


router.register(
    CampaignLead,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "lead", "status", "email", "created_at"],
    search=of_found_leads,
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
