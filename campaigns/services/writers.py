"""Which tables have rules of their own when the API, the admin or an import writes them."""

from campaigns.models import (
    Campaign,
    CampaignAccount,
    CampaignLead,
    CampaignLeadActivity,
    CampaignStep,
    CommunicationTemplate,
)
from campaigns.services.accounts import AssignmentWriter
from campaigns.services.activities import ActivityWriter
from campaigns.services.enrolment import EnrolmentWriter
from campaigns.services.lifecycle import CampaignWriter
from campaigns.services.steps import StepWriter
from campaigns.services.templates import TemplateWriter
from lad import writes


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(Campaign, CampaignWriter)
    writes.register(CampaignStep, StepWriter)
    writes.register(CampaignAccount, AssignmentWriter)
    writes.register(CampaignLead, EnrolmentWriter)
    writes.register(CampaignLeadActivity, ActivityWriter)
    writes.register(CommunicationTemplate, TemplateWriter)
