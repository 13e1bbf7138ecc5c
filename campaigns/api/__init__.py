"""The campaigns domain in the API."""

from campaigns.api.forms import CampaignSerializer, CampaignStepSerializer
from campaigns.api.views import CampaignViewSet, TemplateViewSet
from campaigns.models import (
    Campaign,
    CampaignAccount,
    CampaignLead,
    CampaignLeadActivity,
    CampaignStep,
    CommunicationTemplate,
    EmailAccount,
    LinkedinAccount,
)
from lad.api import router

FEATURE = "campaigns"

router.register(
    Campaign,
    area="campaigns",
    feature=FEATURE,
    serializer=CampaignSerializer,
    filters=["status", "execution_state", "created_by_user", "starts_at", "next_run_at", "created_at"],
    order=["-created_at", "name", "starts_at"],
    viewset=CampaignViewSet,
    includes={"steps": CampaignStep, "enrolments": CampaignLead, "accounts": CampaignAccount},
)
router.register(
    CampaignStep,
    area="campaigns",
    feature=FEATURE,
    serializer=CampaignStepSerializer,
    filters=["campaign", "type", "created_at"],
    order=["order", "-created_at"],
)
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
router.register(
    CommunicationTemplate,
    area="templates",
    feature=FEATURE,
    filters=["channel", "template_key", "language", "category", "is_active", "agent_id", "created_at"],
    order=["-created_at", "name"],
    viewset=TemplateViewSet,
)
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
