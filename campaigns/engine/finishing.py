"""Decide when a campaign is due next, and complete it when there is nothing left to do."""

from datetime import datetime, timedelta
from typing import Final

from campaigns.design.models import Campaign, CampaignStatus, ExecutionState
from campaigns.design.services import lifecycle
from campaigns.engine.handlers import Context
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from lad.db.queries import execute

# A campaign whose leads may not all be active at once looks again after this whether one has finished.
FULL_FOR: Final = timedelta(minutes=10)
STAY_DUE: Final = """
UPDATE campaigns SET next_run_at = %(now)s, last_lead_check_at = %(now)s, execution_state = 'active'
WHERE tenant_id = %(tenant)s AND id = (
    SELECT id FROM campaigns
    WHERE tenant_id = %(tenant)s AND id = %(campaign)s AND status = 'running' FOR NO KEY UPDATE SKIP LOCKED
)
"""


def has_ended(campaign: Campaign, now: datetime) -> bool:
    """Return whether the campaign's end has come."""
    return campaign.ends_at is not None and campaign.ends_at <= now


def end(campaign: Campaign, now: datetime) -> bool:
    """Complete a campaign whose end has come. Return whether it was running still."""
    return lifecycle.expire(campaign=campaign, now=now)


def set_next_run(context: Context, *, is_full: bool) -> bool:
    """Store when the campaign is due next, after a batch. Return whether it has nothing due any more.

    After a full batch it is due at once, behind the other campaigns of its tenant. The campaign's row is locked
    before anything is read: who makes an enrolment due locks it too. If somebody else has it, it stays due.
    """
    if is_full:
        keys = {"tenant": context.campaign.tenant_id, "campaign": context.campaign.pk}
        execute(STAY_DUE, {**keys, "now": context.now})
        return False
    row = Campaign.objects.select_for_update(no_key=True, skip_locked=True).filter(
        pk=context.campaign.pk, status=CampaignStatus.RUNNING
    )
    campaign = row.first()
    if campaign is None:
        return False
    next_run = _after_last_batch(campaign, context)
    return next_run is None or next_run > context.now


def _after_last_batch(campaign: Campaign, context: Context) -> datetime | None:
    """Store when the next enrolment is due, or that there is none, and return that time."""
    now, enrolments = context.now, CampaignLead.objects.filter(campaign=campaign, tenant=campaign.tenant_id).order_by()
    waiting = enrolments.filter(next_action_at__isnull=False).order_by("next_action_at")
    due, status = waiting.values_list("next_action_at", "status").first() or (None, None)
    times = [due, campaign.ends_at, _next_intake(campaign, context)]
    # The first one that waits mostly answers this. In a campaign that has mostly ended, others take long to find.
    if status not in OPEN_ENROLMENTS and not enrolments.filter(status__in=OPEN_ENROLMENTS).exists():
        if not lifecycle.finds_leads(campaign):
            lifecycle.complete(campaign=campaign)
            return None
        state, reason = ExecutionState.WAITING_FOR_LEADS, "All its leads have finished. It waits for new ones."
    else:
        state, reason = ExecutionState.ACTIVE, ""
    next_run = min((each for each in times if each is not None), default=None)
    if state == ExecutionState.ACTIVE and next_run is not None and _is_another_day(next_run, context):
        state, reason = ExecutionState.SLEEPING, "Nothing is due before the next day."
    Campaign.objects.filter(pk=campaign.pk).update(
        next_run_at=next_run, last_lead_check_at=now, execution_state=state, last_execution_reason=reason
    )
    return next_run


def _is_another_day(at: datetime, context: Context) -> bool:
    return daily_limits.local_day(at, context.tenant_zone) > daily_limits.local_day(context.now, context.tenant_zone)


def _next_intake(campaign: Campaign, context: Context) -> datetime | None:
    """Return when leads that have not begun may begin; None if there are none."""
    new = CampaignLead.objects.filter(
        campaign=campaign, tenant=campaign.tenant_id, status=EnrolmentStatus.PENDING, next_action_at__isnull=True
    )
    # In order, so that the index of those that have not begun finds one, however many others the campaign has.
    if new.order_by("pk").values_list("pk").first() is None:
        return None
    schedule, now = context.schedule, context.now
    if not schedule.limits_intake:
        # They came in, or another worker had them, while the batch ran.
        return now
    if schedule.max_active is None:
        return daily_limits.next_day(now, context.tenant_zone)
    return min(now + FULL_FOR, daily_limits.next_day(now, context.tenant_zone))
