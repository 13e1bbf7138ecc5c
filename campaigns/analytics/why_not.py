"""Why something was not sent: all checks before a message, in their order, for a lead, a step or an account."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from campaigns.accounts.network_use import main_action
from campaigns.analytics import checks
from campaigns.analytics.account_checks import account_checks, no_account
from campaigns.analytics.campaign_accounts import Account, accounts_of, find_account, uses
from campaigns.analytics.checks import Answer, Check
from campaigns.channels.choosing import choose
from campaigns.channels.email.accounts import choose_accounts
from campaigns.channels.sending.account_kinds import account_of
from campaigns.charging import quotes
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import channel_of, step_types
from campaigns.engine.asking import outcome_now
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Advance, Call, End, Outcome, Send, Wait
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead
from campaigns.enrolment.wording import reason_in_words
from campaigns.messages.models import Action, Message, MessageState
from lad.times import written
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead

ACCOUNTS_SHOWN: Final = 10
REASONS_SHOWN: Final = 20
UNDER_WAY: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
READY: Final = "Nothing stands in the way. LAD does it as soon as it is its turn."
# Waits of the engine that end only when somebody does something, and what that is.
ADVICE: Final = {
    "missing_variable": "Fill the details in, or give the template a default.",
    "bad_template": "Correct the text of the step.",
    "no_account": "Connect another account, or raise a limit.",
    "no_credit": "Top up the wallet, then resume the campaign.",
    "channel_not_connected": "Connect the channel, or remove the step.",
}


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The checks about one lead, step or account. ``summary`` is the first one that stands in the way."""

    subject: str
    checks: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        """Return ``no`` if somebody has to act, else ``waits`` if time will tell, else ``yes``."""
        given = {check.answer for check in self.checks}
        return next((each for each in (Answer.NO, Answer.WAITS) if each in given), Answer.YES)

    @property
    def summary(self) -> str:
        """Return the first check with that answer."""
        return next((check.text for check in self.checks if check.answer == self.answer != Answer.YES), READY)


@dataclass
class Question:
    """A campaign and the moment about which is asked."""

    campaign: Campaign
    now: datetime

    @cached_property
    def context(self) -> Context:
        return Context(self.campaign, self.now)

    @property
    def zone(self) -> str:
        return str(self.campaign.tenant.timezone)


def about_lead(campaign: Campaign, lead: Lead, *, now: datetime | None = None) -> WhyNot:
    """Return why the campaign has not written to the lead, or when it will."""
    question = Question(campaign, now or timezone.now())
    return WhyNot(str(lead), tuple(_of_lead(question, lead)))


def about_step(campaign: Campaign, step: CampaignStep, *, now: datetime | None = None) -> WhyNot:
    """Return why a step of the campaign is not done for those who wait at it."""
    question = Question(campaign, now or timezone.now())
    return WhyNot(str(step), tuple(_of_step(question, step)))


def about_account(campaign: Campaign, account: Account, *, now: datetime | None = None) -> WhyNot:
    """Return why an account does not send the campaign's messages."""
    question = Question(campaign, now or timezone.now())
    return WhyNot(str(account), tuple(_of_account(question, account)))


def _of_lead(question: Question, lead: Lead) -> Iterator[Check]:
    name = lead.first_name or lead.full_name or lead.company_name or lead.email or "the lead"
    yield checks.campaign_check(question.campaign, question.now)
    enrolment = _newest_enrolment(question.campaign, lead)
    yield checks.enrolment_check(enrolment, name)
    if enrolment is None or enrolment.status not in OPEN_ENROLMENTS:
        return
    message = _message_under_way(enrolment)
    yield checks.step_check(enrolment.next_step)
    if message is None:
        yield checks.due_check(enrolment, name, question.now)
    channel = Channel(message.channel) if message else _channel(enrolment.next_step)
    if channel is None:
        yield from _engine_check(question, enrolment, name)
        return
    decision = decide(
        lead_ids=[lead.pk],
        channel=channel,
        purpose=Purpose(message.purpose) if message else Purpose.OUTREACH,
        at=question.now,
        # The sender asks without the campaign's hours: a message is written within them.
        windows=None if message else question.context.schedule.window,
        ignoring=[message.pk] if message else (),
    )[lead.pk]
    yield from checks.contact_checks(decision, name)
    if channel != Channel.VOICE:
        action = Action(message.action) if message else _action(enrolment.next_step)
        account = account_of(message) if message else _account(question, enrolment, channel, action)
        yield from _account_checks(question, account, channel, action)
    yield _credit_check(question)
    if message is not None:
        yield checks.message_check(message, name, question.now)
    elif decision.allowed:
        yield from _engine_check(question, enrolment, name)


def _of_step(question: Question, step: CampaignStep) -> Iterator[Check]:
    yield checks.campaign_check(question.campaign, question.now)
    yield checks.step_check(step)
    standing = CampaignLead.objects.filter(
        tenant=question.campaign.tenant_id, next_step=step.pk, status__in=OPEN_ENROLMENTS
    )
    groups = standing.order_by().values_list("reason").annotate(number=Count("pk"), first=Min("next_action_at"))
    for reason, number, first in sorted(groups, key=lambda each: -each[1])[:REASONS_SHOWN]:
        yield _group_check(reason, number, first, question.now)
    channel = channel_of(step.type)
    if channel is not None and channel != Channel.VOICE:
        yield from _all_accounts(question, channel, _action(step))
    yield _credit_check(question)


def _of_account(question: Question, account: Account) -> Iterator[Check]:
    yield checks.campaign_check(question.campaign, question.now)
    if not uses(question.campaign, account):
        text, advice = f"The campaign does not use {account}.", "Add it to the campaign’s accounts."
        yield Check("chosen", "Account of the campaign", Answer.NO, text, advice)
    action = main_action(account)
    yield from account_checks(account, action, zone=question.zone, now=question.now)
    waiting = _outbound(question.campaign).filter(**{account.message_column: account.pk}, state=MessageState.QUEUED)
    counted = waiting.aggregate(number=Count("pk"), first=Min("next_attempt_at"))
    if not counted["number"]:
        text = "No message of this campaign waits for the account."
        yield Check("messages", "Messages", Answer.YES, text)
        return
    yield _group_check("", counted["number"], counted["first"], question.now, what="message")
    yield _credit_check(question)


def _group_check(reason: str, number: int, first: datetime | None, now: datetime, *, what: str = "lead") -> Check:
    """Return how many wait for a reason, and until when."""
    why = f": {reason_in_words(reason, 'the lead')}" if reason else ""
    later = f", the first until {written(first)}" if first and first > now else ""
    text = f"{number:,} {what}{'s wait' if number > 1 else ' waits'}{later}{why}."
    answer = Answer.NO if reason in ADVICE else Answer.WAITS
    return Check(reason or "waiting", "Waiting", answer, text, ADVICE.get(reason, ""), until=first)


def _newest_enrolment(campaign: Campaign, lead: Lead) -> CampaignLead | None:
    rows = CampaignLead.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk, lead=lead.pk)
    return rows.select_related("next_step").order_by("-created_at").first()


def _message_under_way(enrolment: CampaignLead) -> Message | None:
    rows = Message.objects.filter(tenant=enrolment.tenant_id, campaign_lead=enrolment.pk, state__in=UNDER_WAY)
    return rows.filter(direction=ContactDirection.OUTBOUND).select_related("email_account").order_by("-pk").first()


def _outbound(campaign: Campaign) -> QuerySet[Message]:
    return Message.objects.filter(tenant=campaign.tenant_id, campaign=campaign.pk, direction=ContactDirection.OUTBOUND)


def _channel(step: CampaignStep | None) -> Channel | None:
    return channel_of(step.type) if step is not None else None


def _action(step: CampaignStep | None) -> Action:
    """Return what the step does towards the lead."""
    return Action(step_types.get(step.type).action or Action.MESSAGE) if step is not None else Action.MESSAGE


def _account(question: Question, enrolment: CampaignLead, channel: Channel, action: Action) -> Account | None:
    """Return the account that would act for the enrolment now."""
    if channel == Channel.EMAIL:
        chosen = choose_accounts(question.campaign, [enrolment.pk]).get(enrolment.pk)
    else:
        found = choose(question.campaign, channel, [enrolment.pk], action=action).get(enrolment.pk)
        chosen = found.account_id if found else None
    return find_account(chosen) if chosen else None


def _account_checks(question: Question, account: Account | None, channel: Channel, action: Action) -> Iterator[Check]:
    if account is None:
        yield no_account(channel)
    else:
        yield from account_checks(account, action, zone=question.zone, now=question.now)


def _all_accounts(question: Question, channel: Channel, action: Action) -> Iterator[Check]:
    accounts = accounts_of(question.campaign, channel)[:ACCOUNTS_SHOWN]
    if not accounts:
        yield no_account(channel)
    for account in accounts:
        yield from _account_checks(question, account, channel, action)


def _credit_check(question: Question) -> Check:
    quote = quotes.quote(question.campaign, now=question.now)
    if quote.payable:
        return Check("credit", "Credit", Answer.YES, quote.warning or "There is credit for the next message.")
    text = "The wallet cannot pay the next message."
    return Check("credit", "Credit", Answer.NO, text, "Top up the wallet, then resume the campaign.")


def _engine_check(question: Question, enrolment: CampaignLead, lead: str) -> Iterator[Check]:
    """Ask the engine what it would do now. It knows the text, the places of the day and other campaigns."""
    found = _outcome_check(outcome_now(enrolment, question.context), lead)
    if found is not None:
        yield found


def _outcome_check(outcome: Outcome | None, lead: str) -> Check | None:
    title = "Next step"
    match outcome:
        case Wait(until, reason, detail):
            why = reason_in_words(str(reason), lead, detail=detail)
            more = f" ({detail})" if detail and detail not in why else ""
            text = f"It would wait{f' until {written(until)}' if until else ''}: {why}{more}."
            answer = Answer.NO if str(reason) in ADVICE else Answer.WAITS
            return Check(str(reason), title, answer, text, ADVICE.get(str(reason), ""), until=until)
        case Advance(error=error) if error:
            return Check("skipped", title, Answer.NO, f"The step would be skipped: {error}")
        case End(reason=reason, detail=detail):
            why = reason_in_words(str(reason), lead, detail=detail)
            return Check(str(reason), title, Answer.NO, f"The enrolment would end: {detail or why}.")
        case Call():
            return Check("webhook", title, Answer.YES, "The other system can be called.")
        case Send():
            return Check("text", title, Answer.YES, "The message can be written.")
    return None
