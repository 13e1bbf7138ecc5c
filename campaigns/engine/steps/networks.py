"""Act towards leads on networks other than e-mail: ask whether each may be contacted, queue it, wait for its end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, LinkedinAccount
from campaigns.channels.choosing import AccountRef, choose, usable_accounts
from campaigns.design.graph import Step
from campaigns.design.step_specs import StepSpec, step_types
from campaigns.engine import acting
from campaigns.engine.acting import Outcomes, left
from campaigns.engine.handlers import Context, handles
from campaigns.engine.networks import instagram, linkedin, sms, whatsapp
from campaigns.engine.outcomes import Outcome, Place, Send, Wait
from campaigns.engine.words import Account, Prepared
from campaigns.enrolment import daily_limits
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.messages.models import WORDED, Action
from campaigns.messages.services import Draft
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.decisions import Decision

Preparation = Callable[[Step, Sequence[Place], Mapping[UUID, Account], Context], Prepared]

PREPARATIONS: Final[Mapping[str, Preparation]] = {
    "linkedin_visit": linkedin.act,
    "linkedin_follow": linkedin.act,
    "linkedin_like": linkedin.act,
    "linkedin_scrape_profile": linkedin.act,
    "linkedin_comment_reply": linkedin.comment,
    "linkedin_connect": linkedin.invite,
    "linkedin_message": linkedin.write,
    "instagram_follow": instagram.act,
    "instagram_like": instagram.act,
    "instagram_dm": instagram.act,
    "instagram_story_view": instagram.act,
    "instagram_comment_reply": instagram.act,
    "whatsapp_send": whatsapp.write,
    "sms_send": sms.write,
}


@handles(*PREPARATIONS)
def act(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Queue the action for those that may be contacted now. Let those go on whose action is settled."""
    spec = step_types.get(step.type)
    channel = Channel(spec.channel)  # type: ignore[arg-type]  # each of these types has one
    found = _settled(step, places)
    found |= acting.under_way(left(places, found))
    asking = left(places, found)
    decided = acting.decisions(asking, context, channel=channel, is_message=spec.action in WORDED)
    found |= acting.not_allowed(asking, decided, context)
    if able := left(places, found):
        found |= _actions(step, spec, able, decided, context)
    return [found[place.id] for place in places]


def _settled(step: Step, places: Sequence[Place]) -> Outcomes:
    settled = [place for place in places if place.reason in acting.SETTLED]
    failed = [place for place in settled if place.reason == EnrolmentReason.SEND_FAILED]
    unconnected = linkedin.after_failure(step, failed) if failed else {}
    return {place.id: unconnected.get(place.id) or acting.settled(step, place) for place in settled}


def _actions(
    step: Step, spec: StepSpec, places: Sequence[Place], decided: Mapping[UUID, Decision], context: Context
) -> Outcomes:
    """Queue the actions of those that have an account, all details, and a place among today's messages."""
    channel = Channel(spec.channel)  # type: ignore[arg-type]
    chosen = choose(context.campaign, channel, [place.id for place in places], action=Action(spec.action))
    found = without_account(places, chosen, channel, step, context)
    able = left(places, found)
    rows = accounts_of(chosen)
    accounts = {place.id: rows[chosen[place.id].account_id] for place in able}
    prepared = PREPARATIONS[step.type](step, able, accounts, context)
    found |= prepared.outcomes
    is_message = spec.action in WORDED
    if is_message:
        found |= acting.without_place(left(able, found), context)
    is_counted = is_message and context.schedule.daily_cap is not None
    today = daily_limits.local_day(context.now, context.tenant_zone) if is_counted else None
    for place in left(able, found):
        words, account, activity_id = prepared.words[place.id], chosen[place.id], uuid7()
        draft = Draft(
            lead_id=place.lead_id,
            channel=channel,
            subject="",
            body=words.body,
            campaign_id=context.campaign.pk,
            campaign_lead_id=place.id,
            step_id=step.id,
            activity_id=activity_id,
            action=Action(spec.action),
            due_at=context.now,
            decision=decided[place.lead_id].as_json(),
            counted_day=today,
            metadata=words.metadata or None,
            linkedin_account_id=account.account_id if account.column == LinkedinAccount.message_column else None,
            channel_account_id=account.account_id if account.column == ChannelAccount.message_column else None,
        )
        found[place.id] = Send(draft, activity_id)
    return found


def without_account(
    places: Sequence[Place], chosen: Mapping[UUID, AccountRef], channel: Channel, step: Step, context: Context
) -> Outcomes:
    """Let those wait for whom no account can act now, and say whether there is one at all."""
    without = left(places, chosen)
    if not without:
        return {}
    is_connected = bool(usable_accounts(context.campaign, channel))
    reason = EnrolmentReason.NO_ACCOUNT if is_connected else EnrolmentReason.CHANNEL_NOT_CONNECTED
    retry_at = context.now + acting.NO_ACCOUNT_RETRY
    return {place.id: Wait(retry_at, reason, "" if is_connected else step.title) for place in without}


def accounts_of(chosen: Mapping[UUID, AccountRef]) -> dict[UUID, LinkedinAccount | ChannelAccount]:
    """Return the rows of the chosen accounts, by their ids."""
    found: dict[UUID, LinkedinAccount | ChannelAccount] = {}
    for model in (LinkedinAccount, ChannelAccount):
        ids = {each.account_id for each in chosen.values() if each.column == model.message_column}
        found |= {row.pk: row for row in model.objects.filter(pk__in=ids)} if ids else {}
    return found
