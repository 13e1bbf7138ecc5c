"""Make a draft campaign of the answers. Nothing is started or sent: a person looks at the draft and starts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiicp.conversations.models import Conversation
from aiicp.wizard import questions as q
from aiicp.wizard.machine import platforms_of
from aiicp.wizard.services import locked, session_of, store_campaign
from aiicp.wizard.steps import steps_of
from campaigns.design.models import Campaign, CampaignStep, CampaignType
from lad import writes
from lad.api.permissions import MissingRight, require_feature
from lad.errors import Conflict
from lad.tenancy.access import Access
from lad.tenancy.context import current_tenant_id
from leads.contactability.whereabouts import zone_named
from tenants.teams.models import Tenant

RIGHT: Final = "campaigns.create"
FEATURE: Final = "campaigns"
_TYPES: Final[Mapping[str, CampaignType]] = {"linkedin": CampaignType.LINKEDIN, "email": CampaignType.EMAIL}


class NotAnswered(Conflict):
    """Some questions are not answered yet. Answer and confirm them first."""

    code = "wizard_not_completed"


@dataclass(frozen=True, slots=True)
class MadeCampaign:
    """The campaign, and whether it was made now or before."""

    campaign: Campaign
    is_new: bool


@writes.in_transaction
def make_campaign(*, conversation: Conversation, access: Access, now: datetime) -> MadeCampaign:
    """Make a draft of the confirmed answers, or return the one that was made of them before.

    It begins on the next day in the tenant's time zone and ends after the chosen number of days. Raises NoWizard,
    NotTheOwner, NotAnswered, MissingRight and FeatureClosed.
    """
    if not access.allows(RIGHT):
        raise MissingRight(right=RIGHT)
    require_feature(access, FEATURE)
    row = locked(conversation, access.user)
    session = session_of(row)
    if not session.progress.completed:
        title = session.question.title if session.question else ""
        raise NotAnswered(f"Answer and confirm the questions first. The next one is “{title}”.")
    made = Campaign.objects.filter(pk=session.campaign_id).first() if session.campaign_id else None
    if made is not None:
        return MadeCampaign(made, is_new=False)
    campaign = _create(session.progress.answers, access, now)
    store_campaign(row, str(campaign.pk), access.user)
    return MadeCampaign(campaign, is_new=True)


def _create(answers: Mapping[str, Any], access: Access, now: datetime) -> Campaign:
    starts_at, ends_at = _dates(answers, now)
    values = {
        "name": answers[q.CAMPAIGN_NAME.intent_key],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "config": _config(answers),
    }
    campaign: Campaign = writes.create(Campaign, values, actor=access.user)
    for order, step in enumerate(steps_of(answers), 1):
        own = {"type": step.type, "title": step.title, "config": dict(step.config)}
        writes.create(CampaignStep, {"campaign": campaign, "order": order, **own}, actor=access.user)
    return campaign


def _config(answers: Mapping[str, Any]) -> dict[str, Any]:
    keys = [platform.key for platform in platforms_of(answers)]
    kind = _TYPES.get(keys[0], CampaignType.MULTI_CHANNEL) if len(keys) == 1 else CampaignType.MULTI_CHANNEL
    goal = answers[q.CAMPAIGN_GOAL.intent_key]
    labels = {option.value: option.label for option in q.CAMPAIGN_GOAL.options}
    return {
        "campaign_type": str(kind),
        "goal": labels.get(goal, goal),
        "leads_per_day": int(answers[q.LEADS_PER_DAY.intent_key]),
        "working_days": list(answers[q.WORKING_DAYS.intent_key]),
    }


def _dates(answers: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """Return the midnight after now in the tenant's time zone, and the one after the chosen number of days."""
    zone = zone_named(Tenant.objects.values_list("timezone", flat=True).get(pk=current_tenant_id()))
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today + timedelta(days=1)
    return start, start + timedelta(days=int(answers[q.CAMPAIGN_DAYS.intent_key]))
