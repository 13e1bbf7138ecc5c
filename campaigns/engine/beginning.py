"""Let enrolments begin: a few a day where the campaign says so, and none that another campaign is writing to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Max, Q

from campaigns.design.models import CampaignStatus
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Place, Wait
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import CampaignLead, DailyCount, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from leads.contactability.models import LeadTouch
from leads.contacts.models import Lead

# A lead that another campaign is writing to is looked at again after this.
BUSY_FOR: Final = timedelta(hours=6)


def intake(context: Context, *, wanted: int) -> int:
    """Return how many enrolments may begin now, and count them."""
    schedule = context.schedule
    number = wanted
    if schedule.max_active is not None:
        active = CampaignLead.objects.filter(campaign=context.campaign, status=EnrolmentStatus.ACTIVE).order_by()
        number = min(number, schedule.max_active - active.values("pk")[: schedule.max_active].count())
    if schedule.intake_per_day is not None and number > 0:
        today = daily_limits.local_day(context.now, context.tenant_zone)
        campaign = context.campaign
        taken = daily_limits.book(
            campaign.tenant_id,
            campaign.pk,
            DailyCount.Kind.INTAKE,
            number=number,
            limit=schedule.intake_per_day,
            days=islice(iter([today]), 1),
        )
        number = len(taken)
    return max(number, 0)


def held_back(places: Sequence[Place], context: Context) -> dict[UUID, Wait]:
    """Return the enrolments that must not begin yet, with the reason."""
    held = _in_other_campaigns(places, context)
    days = context.schedule.recent_touch_days
    if days:
        lead_ids = [place.lead_id for place in places if place.id not in held]
        since = context.now - timedelta(days=days)
        touches = LeadTouch.objects.filter(lead__in=lead_ids, occurred_at__gt=since).order_by()
        last: dict[UUID, datetime] = dict(
            touches.values("lead").annotate(at=Max("occurred_at")).values_list("lead", "at")
        )
        for place in places:
            if place.id not in held and place.lead_id in last:
                held[place.id] = Wait(last[place.lead_id] + timedelta(days=days), EnrolmentReason.RECENT_TOUCH)
    return held


def _in_other_campaigns(places: Sequence[Place], context: Context) -> dict[UUID, Wait]:
    """Return those whose lead another campaign works on, if this campaign or the other one wants leads for itself.

    Of several campaigns that a lead has not begun, the one with the highest priority comes first.
    """
    lead_ids = {place.lead_id for place in places}
    if not _competing(lead_ids, context):
        return {}
    # Two campaigns that begin at once see each other's enrolments, and then wait here for each other.
    list(Lead.objects.filter(pk__in=lead_ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    busy = _competing(lead_ids, context)
    return {
        place.id: Wait(context.now + BUSY_FOR, EnrolmentReason.IN_OTHER_CAMPAIGN)
        for place in places
        if place.lead_id in busy
    }


def _competing(lead_ids: set[UUID], context: Context) -> set[UUID]:
    campaign = context.campaign
    first = Q(status=EnrolmentStatus.ACTIVE, campaign__status__in=(CampaignStatus.RUNNING, CampaignStatus.PAUSED))
    first |= Q(
        status=EnrolmentStatus.PENDING,
        campaign__status=CampaignStatus.RUNNING,
        campaign__priority__gt=campaign.priority,
    )
    others = CampaignLead.objects.filter(first, lead__in=lead_ids).exclude(campaign=campaign)
    if not context.schedule.exclusive:
        others = others.filter(campaign__config__exclusive=True)
    return set(others.values_list("lead", flat=True))
