"""Find the campaigns that are due, fair to tenants, and claim their enrolments.

Neither grows with the number of waiting enrolments: a campaign carries the time at which its first enrolment is
due, and each tenant has one campaign's batch at a time, that of the campaign that was worked on least recently.
No two workers work for one tenant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from campaigns.design.models import Campaign
from campaigns.engine.outcomes import Claimed
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from lad.db.queries import rows
from lad.tenancy.context import platform_context

BATCH_SIZE: Final = 500
TENANTS_PER_ROUND: Final = 200

# The recursion steps from tenant to tenant through the index.
DUE_CAMPAIGNS: Final = """
WITH RECURSIVE queue(tenant_id) AS (
    (SELECT tenant_id FROM campaigns
     WHERE status = 'running' AND deleted_at IS NULL AND next_run_at IS NOT NULL ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.tenant_id FROM campaigns c
            WHERE c.status = 'running' AND c.deleted_at IS NULL AND c.next_run_at IS NOT NULL
                AND c.tenant_id > queue.tenant_id
            ORDER BY c.tenant_id LIMIT 1)
    FROM queue WHERE queue.tenant_id IS NOT NULL
)
SELECT due.tenant_id, due.id
FROM queue
JOIN tenants ON tenants.id = queue.tenant_id AND tenants.deleted_at IS NULL AND (
    tenants.status = 'active'
    OR tenants.status = 'trial' AND (tenants.trial_ends_at IS NULL OR tenants.trial_ends_at > %(now)s)
)
CROSS JOIN LATERAL (
    SELECT id, tenant_id, next_run_at FROM campaigns
    WHERE tenant_id = queue.tenant_id AND status = 'running' AND deleted_at IS NULL AND next_run_at <= %(now)s
    ORDER BY next_run_at, last_lead_check_at NULLS FIRST LIMIT 1
) AS due
ORDER BY due.next_run_at
LIMIT %(limit)s
"""

# A tenant has one worker at a time: however much is due, the others are free for everybody else.
LOCK_CAMPAIGN: Final = """
WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)) AS is_free)
SELECT campaigns.* FROM turn, campaigns
WHERE is_free AND tenant_id = %s AND id = %s AND status = 'running' AND deleted_at IS NULL AND next_run_at <= %s
FOR KEY SHARE OF campaigns SKIP LOCKED
"""
TURN_OF_TENANT: Final = "campaigns.engine {}"

COLUMNS: Final = (
    "pk",
    "lead",
    "status",
    "next_step",
    "step_entered_at",
    "next_action_at",
    "reason",
    "current_step_order",
    "started_at",
)


@dataclass(frozen=True, slots=True)
class DueCampaign:
    tenant_id: UUID
    campaign_id: UUID


def due_campaigns(now: datetime, *, limit: int = TENANTS_PER_ROUND) -> list[DueCampaign]:
    """Return the due campaign of each tenant that was worked on least recently, the longest due first."""
    with platform_context():
        found = rows(DUE_CAMPAIGNS, {"now": now, "limit": limit})
    return [DueCampaign(*each) for each in found]


def lock_campaign(due: DueCampaign, now: datetime) -> Campaign | None:
    """Return the campaign, locked against pause and stop until the transaction ends.

    None if it is not due any more, or if another worker works for its tenant.
    """
    turn = TURN_OF_TENANT.format(due.tenant_id)
    locked = Campaign.objects.raw(LOCK_CAMPAIGN, [turn, due.tenant_id, due.campaign_id, now])
    return next(iter(locked), None)


def claim_due(campaign: Campaign, now: datetime, *, limit: int) -> list[Claimed]:
    """Lock due enrolments and return them, the longest due first. Those that another worker has are left out."""
    due = CampaignLead.objects.filter(tenant=campaign.tenant_id, campaign=campaign, next_action_at__lte=now)
    return _claim(due, "next_action_at", limit)


def claim_new(campaign: Campaign, *, limit: int) -> list[Claimed]:
    """Lock enrolments that have not begun and return them, in the order they were enrolled."""
    new = Q(status=EnrolmentStatus.PENDING, next_action_at__isnull=True)
    return _claim(CampaignLead.objects.filter(new, tenant=campaign.tenant_id, campaign=campaign), "pk", limit)


def _claim(enrolments: QuerySet[CampaignLead], order: str, limit: int) -> list[Claimed]:
    locked = enrolments.order_by(order).select_for_update(no_key=True, skip_locked=True, of=("self",))
    return [Claimed(*each) for each in locked.values_list(*COLUMNS)[:limit]]
