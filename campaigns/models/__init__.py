"""Tables of the campaigns domain."""

from campaigns.models.account import (
    AssignmentStatus,
    CampaignAccount,
    EmailAccount,
    LinkedinAccount,
    LinkedinStatus,
)
from campaigns.models.campaign import Campaign, CampaignStatus, CampaignType, ExecutionState
from campaigns.models.enrolment import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus
from campaigns.models.step import CampaignStep, Channel, StepType
from campaigns.models.template import CommunicationTemplate

__all__ = [
    "ActivityStatus",
    "AssignmentStatus",
    "Campaign",
    "CampaignAccount",
    "CampaignLead",
    "CampaignLeadActivity",
    "CampaignStatus",
    "CampaignStep",
    "CampaignType",
    "Channel",
    "CommunicationTemplate",
    "EmailAccount",
    "EnrolmentStatus",
    "ExecutionState",
    "LinkedinAccount",
    "LinkedinStatus",
    "StepType",
]
