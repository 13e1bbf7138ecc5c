"""Calls that steps of campaigns ask for: made, taken back, and told of when they are over."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from campaigns.design.models import CampaignStep
from campaigns.engine import calls as steps
from campaigns.engine.calls import Asked
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from lad.errors import DomainError
from lad.outbox.consumers import Event
from leads.bookings import services as bookings
from leads.bookings.models import IS_OPEN, LeadBooking, TaskStatus
from leads.contactability.models import Purpose
from voice.agents.models import VoiceAgent
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.services import cancel_calls, start_call
from voice.follow_ups.attempts import has_next_attempt
from voice.follow_ups.automatic import KEY, NOT_WANTED
from voice.statuses import CALL_FINISHED, CallStatus

NO_FURTHER: Final = "The next attempt was taken off the calendar."
REASONS: Final = {
    Outcome.ANSWERED: EnrolmentReason.CALL_ANSWERED,
    Outcome.VOICEMAIL: EnrolmentReason.CALL_VOICEMAIL,
    Outcome.BUSY: EnrolmentReason.CALL_NOT_REACHED,
    Outcome.NO_ANSWER: EnrolmentReason.CALL_NOT_REACHED,
    Outcome.DECLINED: EnrolmentReason.CALL_NOT_REACHED,
    Outcome.CANCELLED: EnrolmentReason.CALL_CANCELLED,
}
# For calls that were ended by hand, without an outcome.
BY_STATUS: Final = {
    CallStatus.ENDED: EnrolmentReason.CALL_ANSWERED,
    CallStatus.DECLINED: EnrolmentReason.CALL_NOT_REACHED,
    CallStatus.CANCELLED: EnrolmentReason.CALL_CANCELLED,
}

log = structlog.get_logger("voice.follow_ups")


def make_calls(requests: Iterable[Event], *, now: datetime) -> None:
    """Start the calls that steps asked for. One that cannot be made ends its step as failed, with the reason."""
    for request in requests:
        asked = Asked(request.aggregate_id, UUID(request.payload["step_id"]))  # type: ignore[arg-type]
        if not steps.is_wanted(asked):
            # A paused campaign asks again when it is resumed.
            steps.take_back([asked.campaign_lead_id], now=now)
            continue
        try:
            with transaction.atomic():
                _make(request, asked)
        except DomainError as error:
            log.info("no call for a step", enrolment=str(asked.campaign_lead_id), reason=error.detail)
            steps.call_ended(asked, reason=EnrolmentReason.CALL_FAILED, at=now, detail=error.detail)


def _make(request: Event, asked: Asked) -> None:
    enrolment = CampaignLead.objects.select_related("lead", "campaign").get(pk=asked.campaign_lead_id)
    agent = VoiceAgent.objects.filter(pk=request.payload["agent_id"]).first()
    if agent is None:
        raise AgentGone
    said = CampaignLeadActivity.objects.filter(pk=request.payload["activity_id"])
    start_call(
        lead=enrolment.lead,
        to_phone=enrolment.phone,
        agent=agent,
        context=said.values_list("message_content", flat=True).first() or "",
        purpose=Purpose.OUTREACH,
        actor=enrolment.campaign.created_by_user,
        campaign_lead=enrolment,
        campaign_step=CampaignStep.objects.get(pk=asked.step_id),
    )


class AgentGone(DomainError):
    """The step's voice agent was deleted. Choose another one."""

    code = "agent_gone"


def calls_ended(call_ids: Sequence[UUID], *, now: datetime) -> None:
    """Let the enrolments go on whose calls are over and that have no further attempt."""
    rows = CallLog.objects.filter(
        pk__in=call_ids, campaign_lead__isnull=False, campaign_step__isnull=False, status__in=CALL_FINISHED
    )
    for call in rows.order_by("pk"):
        if has_next_attempt(call):
            continue
        outcome = Outcome(call.outcome) if call.outcome else None
        reason = REASONS.get(outcome) if outcome else BY_STATUS.get(CallStatus(call.status))
        steps.call_ended(
            _asked(call),
            reason=reason or EnrolmentReason.CALL_FAILED,
            at=call.ended_at or now,
            detail=_detail(call, outcome) if reason != EnrolmentReason.CALL_ANSWERED else "",
            outcome=call.outcome,
        )


def bookings_ended(booking_ids: Sequence[UUID], *, now: datetime) -> None:
    """Let the enrolments go on whose next attempt was cancelled, missed or deleted before its call was asked for."""
    rows = LeadBooking.all_objects.filter(pk__in=booking_ids).exclude(task_status=TaskStatus.EXECUTED)
    for booking in rows.filter(**{f"metadata__{KEY}__has_key": "campaign_lead_id"}).order_by("pk"):
        asked = _asked_by(booking)
        others = LeadBooking.objects.filter(IS_OPEN, lead=booking.lead_id)
        same = others.filter(**{f"metadata__{KEY}__campaign_lead_id": str(asked.campaign_lead_id)})
        calls = CallLog.objects.filter(campaign_lead=asked.campaign_lead_id, campaign_step=asked.step_id)
        if same.exists() or calls.exclude(status__in=CALL_FINISHED).exists():
            continue
        detail = booking.last_execution_error or NO_FURTHER
        steps.call_ended(asked, reason=EnrolmentReason.CALL_NOT_REACHED, at=now, detail=detail)


def _detail(call: CallLog, outcome: Outcome | None) -> str:
    said = call.metadata.get("reason") or call.cause
    label = outcome.label if outcome else CallStatus(call.status).label
    return f"{label}: {said}" if said else f"{label}."


def call_heard(call: CallLog, *, interested: bool, now: datetime) -> None:
    """Let the enrolment go on whose lead answered, by what the lead said."""
    if call.campaign_lead_id and call.campaign_step_id:
        steps.heard(_asked(call), interested=interested, at=now)


def _asked(call: CallLog) -> Asked:
    return Asked(call.campaign_lead_id, call.campaign_step_id)  # type: ignore[arg-type]


def drop_unwanted(*, calls: Q, booked: Q, now: datetime) -> int:
    """Cancel those of the calls, and of the booked attempts, that no step waits for. Return how many.

    A call that a carrier was asked to place already goes on. Enrolments of paused campaigns stand at their step as
    before, and ask again when the campaign goes on.
    """
    waiting = _not_placed(calls)
    held = _booked(booked)
    asked = {*map(_asked, waiting), *(_asked_by(booking) for booking in held)}
    unwanted = asked - steps.wanted(asked)
    # First the enrolments, so that a cancelled call does not move them on.
    steps.take_back([each.campaign_lead_id for each in unwanted], now=now)
    dropped = [call for call in waiting if _asked(call) in unwanted]
    if dropped:
        cancel_calls(dropped, forced=False, actor=None)
    ended = [booking for booking in held if _asked_by(booking) in unwanted]
    for booking in ended:
        bookings.cancel(booking=booking, reason=NOT_WANTED)
    return len(dropped) + len(ended)


def _not_placed(condition: Q) -> list[CallLog]:
    queued = CallPlacement.objects.filter(state=PlacementState.QUEUED).values("call_log")
    rows = CallLog.objects.filter(condition, status=CallStatus.PENDING, pk__in=queued)
    return list(rows.filter(campaign_lead__isnull=False, campaign_step__isnull=False).order_by("pk"))


def _booked(condition: Q) -> list[LeadBooking]:
    rows = LeadBooking.objects.filter(IS_OPEN, condition, task_status=TaskStatus.SCHEDULED)
    return list(rows.filter(**{f"metadata__{KEY}__has_key": "campaign_lead_id"}).order_by("pk"))


def _asked_by(booking: LeadBooking) -> Asked:
    return Asked.of(booking.metadata[KEY])
