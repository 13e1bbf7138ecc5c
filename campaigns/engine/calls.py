"""What whoever makes the calls of steps asks and reports. Each function runs in the tenant's scope."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from campaigns.design.models import CampaignStatus
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.figures.models import Milestone
from campaigns.figures.recording import record

# What was said in a call is known a little later. Whoever answered goes on after this at the latest.
FOR_THE_ANALYSIS: Final = timedelta(minutes=15)
LOOKED_AT_AGAIN: Final = "The lead is looked at again before anybody calls."
STATUSES: Final = {
    EnrolmentReason.CALL_ANSWERED: ActivityStatus.DELIVERED,
    EnrolmentReason.CALL_VOICEMAIL: ActivityStatus.DELIVERED,
    EnrolmentReason.CALL_NOT_REACHED: ActivityStatus.FAILED,
    EnrolmentReason.CALL_FAILED: ActivityStatus.FAILED,
    EnrolmentReason.CALL_CANCELLED: ActivityStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The step of an enrolment that asked for a call."""

    campaign_lead_id: UUID
    step_id: UUID

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Asked":
        """Return what was stored under ``campaign_lead_id`` and ``campaign_step_id``."""
        return cls(UUID(str(stored["campaign_lead_id"])), UUID(str(stored["campaign_step_id"])))


def wanted(asked: Collection[Asked]) -> set[Asked]:
    """Return those that an enrolment still waits for, in a campaign that runs. In one statement."""
    rows = states.open_enrolments().filter(
        pk__in=[each.campaign_lead_id for each in asked],
        reason=EnrolmentReason.CALLING,
        campaign__status=CampaignStatus.RUNNING,
        campaign__deleted_at__isnull=True,
        lead__deleted_at__isnull=True,
    )
    return set(asked) & {Asked(key, step) for key, step in rows.values_list("pk", "next_step")}


def is_wanted(asked: Asked) -> bool:
    """Return whether an enrolment still waits for the call, in a campaign that runs."""
    return bool(wanted([asked]))


@transaction.atomic
def call_ended(asked: Asked, *, reason: EnrolmentReason, at: datetime, detail: str = "", outcome: str = "") -> bool:
    """Let the enrolment go on after its call. Return whether it waited for it. ``reason`` says what became of it.

    Whoever answered goes on when it is known what they said (``heard``), or a while later. ``outcome`` is kept with
    the activity, for conditions.
    """
    activity = CampaignLeadActivity.objects.filter(
        campaign_lead=asked.campaign_lead_id, step=asked.step_id, status=ActivityStatus.QUEUED
    )
    activity.update(
        status=STATUSES[reason], error_message=detail, executed_at=at, metadata={"outcome": outcome} if outcome else {}
    )
    due = at + FOR_THE_ANALYSIS if reason == EnrolmentReason.CALL_ANSWERED else at
    return _move(_waiting(asked), reason=reason, at=at, due=due)


@transaction.atomic
def heard(asked: Asked, *, interested: bool, at: datetime) -> bool:
    """Let the enrolment go on whose lead answered, now that it is known what they said. Return whether it waited."""
    reason = EnrolmentReason.CALL_ANSWERED if interested else EnrolmentReason.CALL_NOT_INTERESTED
    record(Milestone.INTERESTED, [asked.campaign_lead_id], at=at, holds=interested)
    answered = _standing(asked).filter(reason=EnrolmentReason.CALL_ANSWERED)
    return _move(answered, reason=reason, at=at, due=at)


@transaction.atomic
def take_back(campaign_lead_ids: Collection[UUID], *, now: datetime) -> int:
    """Let enrolments whose call was not made yet stand at their step as before. Return how many."""
    waiting = states.open_enrolments().filter(pk__in=list(campaign_lead_ids), reason=EnrolmentReason.CALLING)
    found = dict(waiting.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", "campaign"))
    CampaignLeadActivity.objects.filter(
        campaign_lead__in=list(found), step_type="voice_agent_call", status=ActivityStatus.QUEUED
    ).update(status=ActivityStatus.CANCELLED, error_message=LOOKED_AT_AGAIN)
    CampaignLead.objects.filter(pk__in=list(found)).update(reason="", reason_detail="", next_action_at=now)
    states.wake_campaigns(found.values(), at=now)
    return len(found)


def _move(enrolments: QuerySet[CampaignLead], *, reason: EnrolmentReason, at: datetime, due: datetime) -> bool:
    """Write what became of the call, and let the engine look at the enrolment when it is due."""
    row = enrolments.select_for_update(no_key=True, of=("self",)).values_list("pk", "campaign").first()
    if row is None:
        return False
    key, campaign = row
    CampaignLead.objects.filter(pk=key).update(reason=reason, reason_detail="", next_action_at=due, step_entered_at=at)
    states.wake_campaigns([campaign], at=due)
    return True


def _standing(asked: Asked) -> QuerySet[CampaignLead]:
    return CampaignLead.objects.filter(pk=asked.campaign_lead_id, next_step=asked.step_id, status__in=OPEN_ENROLMENTS)


def _waiting(asked: Asked) -> QuerySet[CampaignLead]:
    return _standing(asked).filter(reason=EnrolmentReason.CALLING)
