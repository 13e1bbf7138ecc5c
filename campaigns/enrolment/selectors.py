"""Read the progress of campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When

from campaigns.design.models import Campaign
from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import (
    OPEN_ENROLMENTS,
    ActivityStatus,
    CampaignLead,
    CampaignLeadActivity,
    EnrolmentStatus,
)

DONE: Final = "done"
# The type of steps that give a person a task.
TASK: Final = "manual_task"
# The states of a step that reaches nobody, such as a wait or a search. Such a step is done, not delivered.
_OTHER_STATES: Final = {
    ActivityStatus.PENDING: ActivityStatus.PENDING.value,
    ActivityStatus.QUEUED: ActivityStatus.QUEUED.value,
    ActivityStatus.FAILED: ActivityStatus.FAILED.value,
    ActivityStatus.SKIPPED: ActivityStatus.SKIPPED.value,
    ActivityStatus.CANCELLED: ActivityStatus.CANCELLED.value,
}
OTHER_STATES: Final = (*_OTHER_STATES.values(), DONE)


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of a campaign's enrolments and activities in each status, zeros included.

    ``activities`` are those towards the leads. ``other_steps`` are waits, searches and the like.
    """

    enrolments: Mapping[str, int]
    activities: Mapping[str, int]
    other_steps: Mapping[str, int]

    @property
    def leads(self) -> int:
        """The number of enrolled leads."""
        return sum(self.enrolments.values())


def progress(campaign: Campaign) -> Progress:
    """Return the campaign's progress, counted in one query."""
    counted: dict[str, dict[str, int]] = {
        "enrolments": dict.fromkeys(EnrolmentStatus.values, 0),
        "activities": dict.fromkeys(ActivityStatus.values, 0),
        "other_steps": dict.fromkeys(OTHER_STATES, 0),
    }
    reaching = Q(step_type__in=[spec.key for spec in step_types if spec.reaches_lead])
    # Only messages and calls are delivered. Other steps are done.
    reaching &= ~Q(status=ActivityStatus.DELIVERED) | Q(step_type__in=[s.key for s in step_types if s.delivers])
    kinds = {
        "enrolments": Value("enrolments", output_field=CharField()),
        "activities": Case(
            When(reaching, then=Value("activities")),
            default=Value("other_steps"),
            output_field=CharField(),
        ),
    }
    enrolments = CampaignLead.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    activities = CampaignLeadActivity.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    parts = [
        rows.order_by()
        .values(kind=kinds[name], state=F("status"))
        .annotate(number=Count("*"))
        .values_list("kind", "state", "number")
        for name, rows in (("enrolments", enrolments), ("activities", activities))
    ]
    for kind, state, number in parts[0].union(parts[1], all=True):
        counted[kind][_OTHER_STATES.get(state, DONE) if kind == "other_steps" else state] += number
    return Progress(**counted)


def open_tasks(*, assignee_id: UUID | None = None) -> QuerySet[CampaignLeadActivity]:
    """Return the tasks for people that wait, the oldest first: all, or those whose lead is assigned to a user."""
    tasks = CampaignLeadActivity.objects.filter(
        step_type=TASK,
        status=ActivityStatus.PENDING,
        campaign_lead__status__in=OPEN_ENROLMENTS,
        campaign_lead__deleted_at__isnull=True,
    )
    if assignee_id is not None:
        tasks = tasks.filter(campaign_lead__lead__assigned_user=assignee_id)
    return tasks.select_related("campaign", "campaign_lead__lead__assigned_user").order_by("created_at", "pk")
