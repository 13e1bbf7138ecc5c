"""The activity log of a campaign."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet

from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLeadActivity

# Filters by their name in a query, with the column that each compares.
FILTERS: Final = {"status": "status", "channel": "channel", "step": "step", "lead": "campaign_lead__lead"}


def activities(campaign: Campaign, wanted: Mapping[str, Any]) -> QuerySet[CampaignLeadActivity]:
    """Return the campaign's activities that meet the filters, newest first."""
    rows = CampaignLeadActivity.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk)
    given = {column: wanted[name] for name, column in FILTERS.items() if name in wanted}
    return rows.filter(**given).select_related("campaign_lead").order_by("-created_at")
