"""Send e-mails: ask whether each lead may be written to, write the message for it, and wait until it is settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.accounts import choose_accounts
from campaigns.design.graph import Step
from campaigns.design.step_specs import channel_of
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, End, Outcome, Place, Send, Wait
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import ActivityStatus, CampaignLead, DailyCount, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.messages.models import Message, MessageState
from campaigns.messages.services import Draft
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import contexts
from campaigns.templates.rendering import MissingVariables, RenderedMessage
from campaigns.templates.texts import render_step
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.calendar import start_of_day
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide

NO_ACCOUNT_RETRY: Final = timedelta(minutes=15)
MISSING_RETRY: Final = timedelta(days=1)
TEMPLATE_RETRY: Final = timedelta(hours=1)
UNDER_WAY: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
SETTLED: Final = (EnrolmentReason.SENT, EnrolmentReason.SEND_FAILED, EnrolmentReason.SEND_CANCELLED)
GONE: Final = (ReasonCode.LEAD_MISSING, ReasonCode.LEAD_ARCHIVED)

Outcomes = dict[UUID, Outcome]


@handles("email_send", "email_followup")
def send(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Queue the message for those that may be written to now. Let those go on whose message is settled."""
    found: Outcomes = {place.id: _settled(step, place) for place in places if place.reason in SETTLED}
    left = [place for place in places if place.id not in found]
    found |= _under_way(step, left)
    left = [place for place in left if place.id not in found]
    decisions = _decisions(left, context)
    found |= _not_allowed(step, left, decisions, context)
    left = [place for place in left if place.id not in found]
    if left:
        found |= _messages(step, left, decisions, context)
    return [found[place.id] for place in places]


def _settled(step: Step, place: Place) -> Outcome:
    if place.reason == EnrolmentReason.SENT:
        return Advance("sent", at=place.entered_at, status=None)
    if place.reason == EnrolmentReason.SEND_FAILED:
        if step.config.get("if_failed") == "stop":
            return End(EnrolmentStatus.STOPPED, EnrolmentReason.SEND_FAILED, step.title)
        return Advance("failed", status=None)
    return Advance("skipped", status=None)


def _under_way(step: Step, places: Sequence[Place]) -> Outcomes:
    """Let those wait for whom a message of the step is on its way already."""
    if not places:
        return {}
    rows = Message.objects.filter(campaign_lead__in=[place.id for place in places], step=step.id, state__in=UNDER_WAY)
    return {key: Wait(None, EnrolmentReason.SENDING) for key in rows.values_list("campaign_lead", flat=True)}


def _decisions(places: Sequence[Place], context: Context) -> dict[UUID, Decision]:
    lead_ids = [place.lead_id for place in places]
    return decide(
        lead_ids=lead_ids,
        channel=Channel.EMAIL,
        purpose=Purpose.OUTREACH,
        at=context.now,
        windows=context.schedule.window,
    )


def _not_allowed(step: Step, places: Sequence[Place], decisions: Mapping[UUID, Decision], context: Context) -> Outcomes:
    found: Outcomes = {}
    for place in places:
        decision = decisions[place.lead_id]
        if decision.verdict == Verdict.DEFER and decision.until is not None:
            keeps_place = _has_place(place, context) and _same_day(decision.until, context.now, context)
            code = EnrolmentReason.DAILY_CAP if keeps_place else decision.reasons[0].code
            found[place.id] = Wait(decision.until, code, decision.sentence())
        elif decision.verdict != Verdict.ALLOW:
            found[place.id] = _refused(step, decision, context)
    return found


def _refused(step: Step, decision: Decision, context: Context) -> Outcome:
    """Skip the step, or stop where the step says so or the campaign has no other way to reach the lead."""
    metadata = {"decision": decision.as_json()}
    channels = {channel_of(each.type) for each in context.graph.steps} - {None, Channel.EMAIL}
    stops = step.config.get("if_refused", "skip" if channels else "stop") == "stop"
    if stops or any(reason.code in GONE for reason in decision.reasons):
        return End(
            EnrolmentStatus.STOPPED, EnrolmentReason.REFUSED, decision.sentence(), ActivityStatus.SKIPPED, metadata
        )
    return Advance("skipped", status=ActivityStatus.SKIPPED, metadata=metadata, error=decision.sentence())


def _messages(step: Step, places: Sequence[Place], decisions: Mapping[UUID, Decision], context: Context) -> Outcomes:
    """Write the messages of those that have an account, all their details, and a place among today's messages."""
    found: Outcomes = {}
    accounts = choose_accounts(context.campaign, [place.id for place in places])
    without = [place for place in places if place.id not in accounts]
    found |= {place.id: Wait(context.now + NO_ACCOUNT_RETRY, EnrolmentReason.NO_ACCOUNT) for place in without}
    left = [place for place in places if place.id in accounts]
    texts, problems = _texts(step, left, accounts, context)
    found |= problems
    left = [place for place in left if place.id in texts]
    postponed = _without_place(left, context)
    found |= postponed
    left = [place for place in left if place.id not in postponed]
    threads = _threads(left) if step.type == "email_followup" else {}
    capped, today = context.schedule.daily_cap is not None, daily_limits.local_day(context.now, context.tenant_zone)
    for place in left:
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
            email_account_id=accounts[place.id],
            due_at=context.now,
            thread_id=threads.get(place.id),
            decision=decisions[place.lead_id].as_json(),
            counted_day=today if capped else None,
        )
        found[place.id] = Send(draft, activity_id)
    return found


def _texts(
    step: Step, places: Sequence[Place], accounts: Mapping[UUID, UUID], context: Context
) -> tuple[dict[UUID, RenderedMessage], Outcomes]:
    """Return the filled texts, and what becomes of those for whom they cannot be filled."""
    senders = {row.pk: row for row in EmailAccount.objects.filter(pk__in=set(accounts.values()))}
    rows = list(CampaignLead.objects.filter(pk__in=[place.id for place in places]))
    values = contexts(
        enrolments_or_leads=rows,
        account={row.pk: senders[accounts[row.pk]] for row in rows},
        campaign=context.campaign,
        now=context.now,
    )
    filled: dict[UUID, RenderedMessage] = {}
    problems: Outcomes = {}
    for key, written in render_step(step, values).items():
        if isinstance(written, MissingVariables):
            problems[key] = _missing(step, written, context.now)
        elif isinstance(written, TemplateError):
            problems[key] = Wait(context.now + TEMPLATE_RETRY, EnrolmentReason.BAD_TEMPLATE, str(written))
        else:
            filled[key] = written
    gone = [place for place in places if place.id not in values]
    problems |= {place.id: End(EnrolmentStatus.STOPPED, EnrolmentReason.LEAD_DELETED) for place in gone}
    return filled, problems


def _missing(step: Step, error: MissingVariables, now: datetime) -> Outcome:
    names = ", ".join(error.names)
    if step.config.get("if_missing") == "skip":
        metadata = {"missing": list(error.names)}
        return Advance("skipped", status=ActivityStatus.SKIPPED, metadata=metadata, error=str(error))
    return Wait(now + MISSING_RETRY, EnrolmentReason.MISSING_VARIABLE, names)


def _without_place(places: Sequence[Place], context: Context) -> dict[UUID, Wait]:
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


def _threads(places: Sequence[Place]) -> dict[UUID, UUID]:
    """Return the first message of each enrolment's newest thread."""
    sent = Message.objects.filter(campaign_lead__in=[place.id for place in places], state=MessageState.SENT)
    rows = sent.filter(channel=Channel.EMAIL).order_by("created_at").values_list("campaign_lead", "thread", "pk")
    return {enrolment: thread or key for enrolment, thread, key in rows}
