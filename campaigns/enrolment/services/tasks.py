"""Settle the tasks that campaigns give to people."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services.states import wake_campaigns
from lad.errors import Conflict
from lad.types import Actor

MANUAL_TASK = "manual_task"


class TaskSettled(Conflict):
    """This is no open task. Somebody has done or skipped it, or its campaign has gone on without it."""

    code = "task_settled"


@transaction.atomic
def settle_task(
    *, activity: CampaignLeadActivity, done: bool, actor: Actor, note: str = "", now: datetime | None = None
) -> CampaignLeadActivity:
    """Record that a task was done, or is not going to be done, and let its enrolment go on. Raises TaskSettled."""
    now = now or timezone.now()
    row = CampaignLeadActivity.objects.select_for_update(no_key=True).get(pk=activity.pk)
    if row.step_type != MANUAL_TASK or row.status != ActivityStatus.PENDING:
        raise TaskSettled
    by = {"by": str(actor.pk)} if getattr(actor, "pk", None) else {}
    row.status = ActivityStatus.DELIVERED if done else ActivityStatus.SKIPPED
    row.executed_at, row.metadata = now, {**row.metadata, **by, **({"note": note} if note else {})}
    row.save(update_fields=["status", "executed_at", "metadata", "updated_at"])
    waiting = CampaignLead.objects.filter(
        pk=row.campaign_lead_id, next_step=row.step_id, reason=EnrolmentReason.MANUAL_TASK
    )
    reason = EnrolmentReason.TASK_DONE if done else EnrolmentReason.TASK_SKIPPED
    if waiting.update(reason=reason, next_action_at=now, reason_detail=""):
        wake_campaigns([row.campaign_id], at=now)
    return row
