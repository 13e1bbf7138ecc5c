"""Send e-mails: ask whether each lead may be written to, write the message for it, and wait until it is settled."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from campaigns.channels.email.accounts import choose_senders
from campaigns.design.graph import Step
from campaigns.engine import acting, words
from campaigns.engine.acting import Outcomes, left
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Outcome, Place, Send, Wait
from campaigns.enrolment import daily_limits
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.messages.models import Message, MessageState
from campaigns.messages.services import Draft
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.decisions import Decision


@handles("email_send", "email_followup")
def send(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Queue the message for those that may be written to now. Let those go on whose message is settled."""
    found: Outcomes = {place.id: acting.settled(step, place) for place in places if place.reason in acting.SETTLED}
    found |= acting.under_way(step, left(places, found))
    asking = left(places, found)
    decided = acting.decisions(asking, context, channel=Channel.EMAIL)
    found |= acting.not_allowed(step, asking, decided, context)
    if able := left(places, found):
        found |= _messages(step, able, decided, context)
    return [found[place.id] for place in places]


def _messages(step: Step, places: Sequence[Place], decided: Mapping[UUID, Decision], context: Context) -> Outcomes:
    """Write the messages of those that have an account, all their details, and a place among today's messages."""
    accounts = choose_senders(context.campaign, [place.id for place in places])
    without = [place for place in places if place.id not in accounts]
    retry_at = context.now + acting.NO_ACCOUNT_RETRY
    found: Outcomes = {place.id: Wait(retry_at, EnrolmentReason.NO_ACCOUNT) for place in without}
    able = left(places, found)
    values = words.values_of(able, accounts, context)
    texts, problems = words.fill(step, able, values, context)
    found |= problems
    found |= acting.without_place(left(able, found), context)
    able = left(able, found)
    threads = _threads(able) if step.type == "email_followup" else {}
    capped, today = context.schedule.daily_cap is not None, daily_limits.local_day(context.now, context.tenant_zone)
    for place in able:
        text, activity_id = texts[place.id], uuid7()
        draft = Draft(
            lead_id=place.lead_id,
            channel=Channel.EMAIL,
            subject=text.subject,
            body=text.body,
            html=text.html,
            campaign_id=context.campaign.pk,
            campaign_lead_id=place.id,
            step_id=step.id,
            activity_id=activity_id,
            email_account_id=accounts[place.id].pk,
            due_at=context.now,
            thread_id=threads.get(place.id),
            decision=decided[place.lead_id].as_json(),
            counted_day=today if capped else None,
        )
        found[place.id] = Send(draft, activity_id)
    return found


def _threads(places: Sequence[Place]) -> dict[UUID, UUID]:
    """Return the first message of each enrolment's newest thread."""
    sent = Message.objects.filter(campaign_lead__in=[place.id for place in places], state=MessageState.SENT)
    rows = sent.filter(channel=Channel.EMAIL).order_by("created_at").values_list("campaign_lead", "thread", "pk")
    return {enrolment: thread or key for enrolment, thread, key in rows}
