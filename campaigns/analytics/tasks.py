"""Count large running campaigns in advance."""

from datetime import timedelta
from typing import Final

from campaigns.analytics.funnel import kept_funnels
from campaigns.analytics.queue import kept_groups
from campaigns.design.models import Campaign
from lad.db.queries import rows
from lad.schedule import regular_task
from lad.tenancy.context import platform_context, tenant_context

# Smaller ones are counted while somebody waits.
LARGE: Final = 100_000
LARGE_CAMPAIGNS: Final = """
SELECT c.tenant_id, c.id FROM campaigns c
WHERE c.status = 'running' AND c.deleted_at IS NULL AND EXISTS (
    SELECT FROM campaign_leads e
    WHERE e.tenant_id = c.tenant_id AND e.campaign_id = c.id AND e.deleted_at IS NULL
    OFFSET %s LIMIT 1
)
"""


@regular_task("campaigns.count_large", every=timedelta(minutes=5))
def count_large() -> None:
    """Count the large running campaigns, so that their pages never wait for it."""
    with platform_context():
        found = rows(LARGE_CAMPAIGNS, [LARGE])
    for tenant_id, campaign_id in found:
        with tenant_context(tenant_id):
            campaign = Campaign.objects.filter(pk=campaign_id).first()
            if campaign is not None:
                kept_funnels.count_again(campaign)
                kept_groups.count_again(campaign)
