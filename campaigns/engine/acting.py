"""What all steps that act towards a lead have in common: whether they may, when, and how a settled one goes on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.design.step_specs import FAILED, SENT, SKIPPED, channel_of
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Advance, End, Outcome, Place, Wait
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import ActivityStatus, DailyCount, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.messages.models import Message, MessageState
from leads.channels import Channel
from leads.contactability.calendar import start_of_day
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide

NO_ACCOUNT_RETRY: Final = timedelta(minutes=15)
# A lead that the rules of today never allow is looked at again after this. A change of the rules lets the engine look
# at once.
UNTIL_RULES_CHANGE: Final = timedelta(days=7)
UNDER_WAY: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
SETTLED: Final = (EnrolmentReason.SENT, EnrolmentReason.SEND_FAILED, EnrolmentReason.SEND_CANCELLED)
GONE: Final = (ReasonCode.LEAD_MISSING, ReasonCode.LEAD_ARCHIVED)

Outcomes = dict[UUID, Outcome]


def left(places: Sequence[Place], found: Mapping[UUID, object]) -> list[Place]:
    """Return the enrolments that nothing has been found for yet."""
    return [place for place in places if place.id not in found]


def settled(step: Step, place: Place) -> Outcome:
    """Return how an enrolment goes on whose message is settled."""
    if place.reason == EnrolmentReason.SENT:
        return Advance(SENT, at=place.entered_at, status=None)
    if place.reason == EnrolmentReason.SEND_FAILED:
        if step.config.get("if_failed") == "stop":
            return End(EnrolmentStatus.STOPPED, EnrolmentReason.SEND_FAILED, step.title)
        return Advance(FAILED, status=None)
    return Advance(SKIPPED, status=None)


def under_way(places: Sequence[Place]) -> Outcomes:
    """Let those wait for whom a message of their step is on its way already."""
    if not places:
        return {}
    rows = Message.objects.filter(campaign_lead__in=[place.id for place in places], state__in=UNDER_WAY)
    sending = set(rows.values_list("campaign_lead", "step"))
    waits = Wait(None, EnrolmentReason.SENDING)
    return {place.id: waits for place in places if (place.id, place.step_id) in sending}


def decisions(
    places: Sequence[Place], context: Context, *, channel: Channel, is_message: bool = True
) -> dict[UUID, Decision]:
    """Return whether each lead may be contacted. What is no message keeps to no hours of contact and limits."""
    return decide(
        lead_ids=[place.lead_id for place in places],
        channel=channel,
        purpose=Purpose.OUTREACH,
        at=context.now,
        windows=context.schedule.window,
        is_message=is_message,
    )


def not_allowed(places: Sequence[Place], decided: Mapping[UUID, Decision], context: Context) -> Outcomes:
    """Return what becomes of those who may not be contacted now: they wait, skip the step, or stop."""
    found: Outcomes = {}
    for place in places:
        decision = decided[place.lead_id]
        if decision.verdict == Verdict.DEFER and decision.until is not None:
            keeps_place = _has_place(place, context) and _same_day(decision.until, context.now, context)
            code = EnrolmentReason.DAILY_CAP if keeps_place else decision.reasons[0].code
            until = context.now + UNTIL_RULES_CHANGE if code == ReasonCode.NO_OPEN_TIME else decision.until
            found[place.id] = Wait(until, code, decision.sentence())
        elif decision.verdict != Verdict.ALLOW:
            found[place.id] = refused(context.step_of(place), decision, context)
    return found


def refused(step: Step, decision: Decision, context: Context) -> Outcome:
    """Skip the step, or stop where the step says so or the campaign has no other way to reach the lead."""
    metadata = {"decision": decision.as_json()}
    others = {channel_of(each.type) for each in context.graph.steps} - {None, channel_of(step.type)}
    stops = step.config.get("if_refused", "skip" if others else "stop") == "stop"
    if stops or any(reason.code in GONE for reason in decision.reasons):
        return End(
            EnrolmentStatus.STOPPED, EnrolmentReason.REFUSED, decision.sentence(), ActivityStatus.SKIPPED, metadata
        )
    return skipped(decision.sentence(), metadata)


def skipped(why: str, metadata: Mapping[str, Any] | None = None) -> Advance:
    """Go on without the step, with the reason."""
    return Advance(SKIPPED, status=ActivityStatus.SKIPPED, metadata=metadata or {}, error=why)


def without_place(places: Sequence[Place], context: Context) -> dict[UUID, Wait]:
    """Book a day for those beyond today's messages, and return when their turn is."""
    cap = context.schedule.daily_cap
    if cap is None:
        return {}
    asking = [place for place in places if not _has_place(place, context)]
    zone, today = context.tenant_zone, daily_limits.local_day(context.now, context.tenant_zone)
    days = daily_limits.book(
        context.campaign.tenant_id,
        context.campaign.pk,
        DailyCount.Kind.MESSAGES,
        number=len(asking),
        limit=cap,
        days=daily_limits.open_days(today, context.schedule.window.days),
    )
    booked: list[Any] = [*days, *[None] * (len(asking) - len(days))]
    horizon = context.now + timedelta(days=daily_limits.HORIZON_DAYS)
    return {
        place.id: Wait(start_of_day(day, zone) if day else horizon, EnrolmentReason.DAILY_CAP)
        for place, day in zip(asking, booked, strict=True)
        if day != today
    }


def _has_place(place: Place, context: Context) -> bool:
    """Return whether the enrolment waited for its booked place, and that is of today."""
    waited = place.reason == EnrolmentReason.DAILY_CAP and place.due_at is not None
    return waited and _same_day(place.due_at, context.now, context)  # type: ignore[arg-type]


def _same_day(first: datetime, second: datetime, context: Context) -> bool:
    zone = context.tenant_zone
    return daily_limits.local_day(first, zone) == daily_limits.local_day(second, zone)
