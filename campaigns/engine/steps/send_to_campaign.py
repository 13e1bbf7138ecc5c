"""Enrol leads in another campaign."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services.circles import leads_back
from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place
from campaigns.enrolment.models import ActivityStatus
from campaigns.enrolment.services import enrolment

OPEN: Final = (CampaignStatus.DRAFT, CampaignStatus.RUNNING, CampaignStatus.PAUSED)
GONE: Final = "The other campaign does not exist any more, or has finished."
CIRCLE: Final = "The other campaign leads back to this one."


@handles("send_to_campaign")
def pass_to(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Enrol the leads, if the other campaign takes any. Its own rules decide which."""
    target = Campaign.objects.filter(pk=UUID(step.config["campaign"]), status__in=OPEN).first()
    if target is None:
        return _skipped(places, GONE)
    if leads_back(target, to=context.campaign.pk):
        return _skipped(places, CIRCLE)
    outcome = enrolment.enrol(campaign=target, leads=[place.lead_id for place in places], actor=None, now=context.now)
    metadata = {"campaign": str(target.pk), "name": target.name, "outcome": str(outcome)}
    return [Advance("done", metadata=metadata) for _place in places]


def _skipped(places: Sequence[Place], why: str) -> list[Outcome]:
    return [Advance("skipped", status=ActivityStatus.SKIPPED, error=why) for _place in places]
