"""Calculate how a change of the steps affects enrolments that are under way.

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
from campaigns.enrolment.reasons import CALLED, EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.messages import services as messages
from campaigns.messages.models import Message, MessageState

REMOVED: Final = "The step was removed from the campaign."
# What is being sent reports back, and what has been settled is acted on as it is.
SETTLED: Final = (
    EnrolmentReason.SENDING,
    EnrolmentReason.SENT,
    EnrolmentReason.SEND_FAILED,
    EnrolmentReason.WEBHOOK,
    EnrolmentReason.WEBHOOK_DONE,
    EnrolmentReason.WEBHOOK_FAILED,
    EnrolmentReason.CALLING,
    *CALLED,
    EnrolmentReason.TASK_DONE,
    EnrolmentReason.TASK_SKIPPED,
)
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
    list(standing.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))
    # First take back what can be taken back: what is left with the reason "sending" is being sent.
    _withdraw(step, CHANGED, tasks=type_changed)
    kept = SETTLED if type_changed else (*SETTLED, EnrolmentReason.MANUAL_TASK)
    number = standing.exclude(reason__in=kept).update(next_action_at=now, reason="", reason_detail="")
    states.wake_campaigns([step.campaign_id], at=now)
    return number


def _withdraw(step: CampaignStep, reason: str, *, tasks: bool = True) -> None:
    """Cancel what the step has queued or asked somebody to do."""
    queued = Message.objects.filter(step=step, state=MessageState.QUEUED).values_list("pk", flat=True)
    messages.cancel(reason=reason, message_ids=list(queued))
    if tasks:
        pending = CampaignLeadActivity.objects.filter(step=step, status=ActivityStatus.PENDING)
        pending.update(status=ActivityStatus.CANCELLED, error_message=reason)
