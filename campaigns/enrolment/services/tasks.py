"""Tasks for people: steps of a campaign that wait until somebody has done something for the lead."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from lad.errors import Conflict
from lad.types import Actor
from leads.contacts.services.activity import record_activity

TASK: Final = "manual_task"
MAX_RESULT: Final = 5_000


class TaskSettled(Conflict):
    """This task is done or was skipped already."""

    code = "task_settled"


def open_tasks(*, assignee_id: UUID | None = None) -> QuerySet[CampaignLeadActivity]:
    """Return the tasks of the tenant that wait, the oldest first: all, or those whose lead is assigned to a user."""
    tasks = CampaignLeadActivity.objects.filter(
        step_type=TASK,
        status=ActivityStatus.PENDING,
        campaign_lead__status__in=OPEN_ENROLMENTS,
        campaign_lead__deleted_at__isnull=True,
    )
    if assignee_id is not None:
        tasks = tasks.filter(campaign_lead__lead__assigned_user=assignee_id)
    return tasks.select_related("campaign", "campaign_lead__lead__assigned_user").order_by("created_at", "pk")


@transaction.atomic
def settle(
    *, task: CampaignLeadActivity, done: bool, result: str = "", actor: Actor, now: datetime | None = None
) -> CampaignLeadActivity:
    """Record that a task was done or skipped, with its result, and let the enrolment go on.

    Counts as activity of the lead. Raises TaskSettled.
    """
    now = now or timezone.now()
    row = CampaignLeadActivity.objects.select_for_update(no_key=True).get(pk=task.pk)
    if row.step_type != TASK or row.status != ActivityStatus.PENDING:
        raise TaskSettled
    row.status = ActivityStatus.DELIVERED if done else ActivityStatus.SKIPPED
    row.executed_at = now
    settled_by = str(actor.pk) if actor is not None else None
    row.metadata = {**row.metadata, "result": result[:MAX_RESULT], "settled_by": settled_by}
    row.save(update_fields=["status", "executed_at", "metadata"])
    reason = EnrolmentReason.TASK_DONE if done else EnrolmentReason.TASK_SKIPPED
    waiting = CampaignLead.objects.filter(pk=row.campaign_lead_id, status__in=OPEN_ENROLMENTS)
    waiting.filter(reason=EnrolmentReason.MANUAL_TASK).update(reason=reason, next_action_at=now)
    states.wake_campaigns([row.campaign_id], at=now)
    record_activity([row.campaign_lead.lead_id], at=now)
    return row
