"""Send e-mails: ask whether each lead may be written to, write the message for it, and wait until it is settled."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.accounts import choose_senders
from campaigns.engine import acting, words
from campaigns.engine.acting import Outcomes, left
from campaigns.engine.handlers import Context, handles_together
from campaigns.engine.outcomes import Place, Send, Wait
from campaigns.enrolment import daily_limits
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.messages.models import Message, MessageState
from campaigns.messages.services import Draft
from campaigns.templates.rendering import RenderedMessage
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.decisions import Decision

FOLLOW_UP: Final = "email_followup"


@handles_together("email_send", FOLLOW_UP)
def send(places: Sequence[Place], context: Context) -> Outcomes:
    """Queue the message for those that may be written to now. Let those go on whose message is settled."""
    settled = [place for place in places if place.reason in acting.SETTLED]
    found: Outcomes = {place.id: acting.settled(context.step_of(place), place) for place in settled}
    found |= acting.under_way(left(places, found))
    asking = left(places, found)
    decided = acting.decisions(asking, context, channel=Channel.EMAIL)
    found |= acting.not_allowed(asking, decided, context)
    if able := left(places, found):
        found |= _messages(able, decided, context)
    return found


def _messages(places: Sequence[Place], decided: Mapping[UUID, Decision], context: Context) -> Outcomes:
    """Write the messages of those that have an account, all their details, and a place among today's messages."""
    accounts = choose_senders(context.campaign, [place.id for place in places])
    without = [place for place in places if place.id not in accounts]
    retry_at = context.now + acting.NO_ACCOUNT_RETRY
    found: Outcomes = {place.id: Wait(retry_at, EnrolmentReason.NO_ACCOUNT) for place in without}
    able = left(places, found)
    texts, problems = _texts(able, accounts, context)
    found |= problems
    found |= acting.without_place(left(able, found), context)
    able = left(able, found)
    threads = _threads([place for place in able if context.step_of(place).type == FOLLOW_UP])
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
            step_id=place.step_id,
            activity_id=activity_id,
            email_account_id=accounts[place.id].pk,
            due_at=context.now,
            thread_id=threads.get(place.id),
            decision=decided[place.lead_id].as_json(),
            counted_day=today if capped else None,
        )
        found[place.id] = Send(draft, activity_id)
    return found


def _texts(
    places: Sequence[Place], accounts: Mapping[UUID, EmailAccount], context: Context
) -> tuple[dict[UUID, RenderedMessage], Outcomes]:
    """Return the filled texts of the steps, and what becomes of those for whom they cannot be filled."""
    texts: dict[UUID, RenderedMessage] = {}
    problems: Outcomes = {}
    values = words.values_of(places, accounts, context)
    for step, group in context.by_step(places).items():
        here = {place.id: values[place.id] for place in group if place.id in values}
        filled, unfilled = words.fill(step, group, here, context)
        texts |= filled
        problems |= unfilled
    return texts, problems


def _threads(places: Sequence[Place]) -> dict[UUID, UUID]:
    """Return the first message of each enrolment's newest thread."""
    if not places:
        return {}
    sent = Message.objects.filter(campaign_lead__in=[place.id for place in places], state=MessageState.SENT)
    rows = sent.filter(channel=Channel.EMAIL).order_by("created_at").values_list("campaign_lead", "thread", "pk")
    return {enrolment: thread or key for enrolment, thread, key in rows}
