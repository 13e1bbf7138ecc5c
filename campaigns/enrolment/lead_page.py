"""Campaigns on the lead's page."""

from campaigns.enrolment.models import CampaignLead
from lad.admin.inlines import ReadOnlyInline
from leads.contacts.extensions import add_inline


class LeadEnrolmentsInline(ReadOnlyInline):
    """The campaigns a lead is enrolled in."""

    model = CampaignLead
    fk_name = "lead"
    area = "campaigns"
    fields = ["campaign", "status", "current_step_order", "started_at", "completed_at"]
    per_page = 10
    verbose_name_plural = "campaigns"


add_inline(LeadEnrolmentsInline, rank=60, feature="campaigns")
