"""Publish a post, once for the whole campaign: the first lead that comes to the step carries it, the others pass."""

from collections.abc import Sequence
from typing import Final

from campaigns.channels.choosing import choose
from campaigns.design.graph import Step
from campaigns.design.step_specs import FAILED, SENT, step_types
from campaigns.engine import acting
from campaigns.engine.acting import Outcomes, left
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place, Send
from campaigns.engine.steps.networks import without_account
from campaigns.messages.models import Action, Message, MessageState
from campaigns.messages.services import Draft
from lad.db.identifiers import uuid7
from leads.channels import Channel

# A post that failed is not tried again for each further lead.
NOT_POSTED: Final = (MessageState.CANCELLED, MessageState.DRAFT)


@handles("linkedin_autopost")
def publish(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Queue the post unless the campaign has it already, and let everybody else go on."""
    found: Outcomes = {place.id: acting.settled(step, place) for place in places if place.reason in acting.SETTLED}
    found |= acting.under_way(left(places, found))
    waiting = left(places, found)
    if waiting and not _is_posted(step):
        found |= _post(step, waiting[0], context)
    outcome = Advance(FAILED if _has_failed(step) else SENT, status=None)
    return [found.get(place.id, outcome) for place in places]


def _is_posted(step: Step) -> bool:
    return Message.objects.filter(step=step.id, action=Action.POST).exclude(state__in=NOT_POSTED).exists()


def _has_failed(step: Step) -> bool:
    return Message.objects.filter(step=step.id, action=Action.POST, state=MessageState.FAILED).exists()


def _post(step: Step, place: Place, context: Context) -> Outcomes:
    channel = Channel(step_types.get(step.type).channel)  # type: ignore[arg-type]
    chosen = choose(context.campaign, channel, [place.id], action=Action.POST)
    found = without_account([place], chosen, channel, step, context)
    if found:
        return found
    activity_id = uuid7()
    draft = Draft(
        # It is addressed to nobody, so no lead is asked about and none is told of it.
        lead_id=None,
        channel=channel,
        subject="",
        body=step.config["content"],
        campaign_id=context.campaign.pk,
        campaign_lead_id=place.id,
        step_id=step.id,
        activity_id=activity_id,
        linkedin_account_id=chosen[place.id].account_id,
        action=Action.POST,
        due_at=context.now,
    )
    return {place.id: Send(draft, activity_id)}
