"""What a change of the steps does to enrolments that are under way.

Enrolments stand at a step by its id, so that inserting or moving steps moves nobody. Who stands at a step that is
removed goes on to the step that follows on its usual outcome. Who waits at a step whose settings change is looked at
again under the new ones; a message that is queued is written anew, one that is being sent still arrives.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from campaigns.design.graph import graph_of
from campaigns.design.models import CampaignStep, StepLink
from campaigns.enrolment.models import (
    OPEN_ENROLMENTS,
    ActivityStatus,
    CampaignLead,
    CampaignLeadActivity,
    EnrolmentStatus,
)
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.messages import services as messages
from campaigns.messages.models import Message, MessageState

REMOVED: Final = "The step was removed from the campaign."
CHANGED: Final = "The step was changed. The message is written again."


def before_removal(step: CampaignStep, *, now: datetime | None = None) -> int:
    """Let enrolments and links that are at the step go on to the one that follows. Return how many enrolments."""
    now, graph = now or timezone.now(), graph_of(step.campaign)
    known = graph.by_id.get(step.pk)
    following = graph.usual_next(known) if known else None
    target = None if following is None or following.id == step.pk else following.id
    StepLink.objects.filter(target=step).update(target=target)
    StepLink.objects.filter(step=step).delete()
    standing = CampaignLead.objects.filter(next_step=step, status__in=OPEN_ENROLMENTS)
    if target is None:
        ids = states.stop(standing, reason=EnrolmentReason.FINISHED, now=now, status=EnrolmentStatus.COMPLETED)
    else:
        ids = list(standing.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
        CampaignLead.objects.filter(pk__in=ids).update(
            next_step=target, step_entered_at=now, next_action_at=now, reason="", reason_detail=""
        )
    _withdraw(step, REMOVED)
    states.wake_campaigns([step.campaign_id], at=now)
    return len(ids)


def after_change(step: CampaignStep, *, type_changed: bool, now: datetime | None = None) -> int:
    """Look again at the enrolments that wait at the step. Return how many."""
    now = now or timezone.now()
    standing = CampaignLead.objects.filter(next_step=step, status__in=OPEN_ENROLMENTS)
    queued = Message.objects.filter(step=step, state=MessageState.QUEUED).values("campaign_lead")
    waiting = standing.exclude(reason__in=(EnrolmentReason.SENDING, EnrolmentReason.MANUAL_TASK))
    again = waiting | standing.filter(reason=EnrolmentReason.SENDING, pk__in=queued)
    if type_changed:
        again = again | standing.filter(reason=EnrolmentReason.MANUAL_TASK)
    ids = list(again.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
    # What was settled, such as a message that was sent, is acted on as it is.
    settled = (EnrolmentReason.SENT, EnrolmentReason.TASK_DONE, EnrolmentReason.TASK_SKIPPED)
    rows = CampaignLead.objects.filter(pk__in=ids)
    rows.exclude(reason__in=settled).update(next_action_at=now, reason="", reason_detail="")
    _withdraw(step, CHANGED, tasks=type_changed)
    states.wake_campaigns([step.campaign_id], at=now)
    return len(ids)


def _withdraw(step: CampaignStep, reason: str, *, tasks: bool = True) -> None:
    """Cancel what the step has queued or asked somebody to do."""
    queued = Message.objects.filter(step=step, state=MessageState.QUEUED).values_list("pk", flat=True)
    messages.cancel(reason=reason, message_ids=list(queued))
    if tasks:
        pending = CampaignLeadActivity.objects.filter(step=step, status=ActivityStatus.PENDING)
        pending.update(status=ActivityStatus.CANCELLED, error_message=reason)
