"""React to what became of messages, and to what leads do: go on, wake, rest or stop. Set-based.

Each function runs in the scope of the messages' tenant, in the transaction that records what happened.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.schedule import ReplyRule, Schedule, schedule_of
from campaigns.design.step_specs import channel_of, step_types
from campaigns.engine import facts
from campaigns.engine.breaker import check_health
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.figures.models import Milestone
from campaigns.figures.recording import record_for_leads
from campaigns.messages.hooks import on_happened, on_received, on_settled
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind, MessageState
from lad.db.queries import execute, rows
from leads.channels import Channel
from leads.contactability.calendar import start_of_day
from leads.contactability.models import ALL_CHANNELS
from leads.contacts.models import Lead
from tenants.teams.models import Tenant

# Without a return date an absence is taken to last so long.
USUAL_ABSENCE: Final = timedelta(days=7)
LONGEST_ABSENCE: Final = timedelta(days=180)
SETTLED: Final = {
    MessageState.SENT: (ActivityStatus.SENT, EnrolmentReason.SENT),
    MessageState.FAILED: (ActivityStatus.FAILED, EnrolmentReason.SEND_FAILED),
    MessageState.CANCELLED: (ActivityStatus.CANCELLED, EnrolmentReason.SEND_CANCELLED),
}
# Bounces that say nothing about the address for good.
PASSING: Final = ("soft", "block")
# Twilio's code for a recipient who has opted out.
OPTED_OUT: Final = ("21610",)
SETTLE_ACTIVITIES: Final = """
UPDATE campaign_lead_activities AS activities SET status = %(status)s,
    executed_at = coalesce(given.at, executed_at),
    error_message = CASE WHEN given.at IS NULL THEN given.error ELSE error_message END
FROM json_to_recordset(%(given)s) AS given (activity uuid, at timestamptz, error text)
WHERE activities.tenant_id = %(tenant)s AND activities.id = given.activity AND activities.status = 'queued'
"""
# Delays count from the sending. Whatever was not sent is due since its step was entered.
SETTLE_ENROLMENTS: Final = """
WITH waiting AS (
    SELECT enrolments.id, coalesce(given.at, enrolments.step_entered_at) AS since
    FROM campaign_leads AS enrolments
    JOIN json_to_recordset(%(given)s) AS given (enrolment uuid, step uuid, at timestamptz)
        ON given.enrolment = enrolments.id AND given.step = enrolments.next_step_id
    WHERE enrolments.tenant_id = %(tenant)s AND enrolments.reason = 'sending' AND enrolments.deleted_at IS NULL
    ORDER BY enrolments.id FOR NO KEY UPDATE OF enrolments
)
UPDATE campaign_leads SET reason = %(reason)s, reason_detail = '', next_action_at = since, step_entered_at = since
FROM waiting WHERE campaign_leads.tenant_id = %(tenant)s AND campaign_leads.id = waiting.id
RETURNING campaign_leads.campaign_id, since
"""
WAS_SENT: Final = (ActivityStatus.SENT, ActivityStatus.OPENED, ActivityStatus.CLICKED)


@on_settled
def go_on(settled: Sequence[Message]) -> None:
    """Settle the activities of messages that were sent, failed or were cancelled, and let their enrolments go on."""
    for state, (status, reason) in SETTLED.items():
        group = [message for message in settled if message.state == state and message.campaign_lead_id]
        if group:
            _settle(group, status, reason)
    check_health(message.campaign_id for message in settled if message.state == MessageState.FAILED)


def _settle(group: Sequence[Message], status: ActivityStatus, reason: EnrolmentReason) -> None:
    """Write what became of messages of one tenant, in a few statements."""
    sent = status == ActivityStatus.SENT
    tenant_id = group[0].tenant_id
    given = [
        {
            "activity": str(message.activity_id) if message.activity_id else None,
            "enrolment": str(message.campaign_lead_id),
            "step": str(message.step_id) if message.step_id else None,
            "at": message.occurred_at.isoformat() if sent and message.occurred_at else None,
            "error": message.error,
        }
        for message in group
    ]
    values = {"given": json.dumps(given), "tenant": tenant_id, "status": status, "reason": reason}
    execute(SETTLE_ACTIVITIES, values)
    first_due: dict[UUID, datetime] = {}
    for campaign, due in rows(SETTLE_ENROLMENTS, values):
        first_due[campaign] = min(first_due.get(campaign, due), due)
    states.wake_campaigns_at(first_due)


@on_received
def heed(received: Sequence[Message]) -> None:
    """Stop those who replied, let those rest who are out of office. Other automatic mail changes nothing."""
    replies = [message for message in received if message.kind == MessageKind.REPLY and message.lead_id]
    if replies:
        by_channel: dict[str, set[UUID]] = {}
        for message in replies:
            if message.lead_id:
                by_channel.setdefault(message.channel, set()).add(message.lead_id)
        for channel, lead_ids in sorted(by_channel.items()):
            _replied(lead_ids, Channel(channel), _moment(replies))
    unsubscribed = {m.lead_id for m in received if m.kind == MessageKind.UNSUBSCRIBE and m.lead_id}
    if unsubscribed:
        _stop_all(unsubscribed, EnrolmentReason.UNSUBSCRIBED, _moment(received))
    for message in received:
        if message.kind == MessageKind.OUT_OF_OFFICE and message.lead_id:
            until = return_moment(message)
            rest = states.open_enrolments().filter(lead=message.lead_id)
            states.pause_until(rest, until=until, reason=EnrolmentReason.OUT_OF_OFFICE)


def return_moment(message: Message) -> datetime:
    """Return when to go on after an out-of-office note: the day after the return, or a week later without a date."""
    received = message.occurred_at or timezone.now()
    written = message.metadata.get("returns_on")
    zone = ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=message.tenant_id))
    try:
        day = date.fromisoformat(str(written))
    except ValueError:
        return received + USUAL_ABSENCE
    latest = received + LONGEST_ABSENCE
    return max(received, min(start_of_day(day + timedelta(days=1), zone), latest.astimezone(UTC)))


def _replied(lead_ids: Collection[UUID], channel: Channel, now: datetime) -> None:
    _mark_replied(lead_ids, channel)
    own = states.open_enrolments().filter(lead__in=lead_ids)
    names = [name for name, wanted in facts.REPLIES.items() if wanted in (None, channel)]
    _stop_or_wake(
        own,
        EnrolmentReason.REPLIED,
        lambda schedule: schedule.stop.on_reply != ReplyRule.NOBODY,
        now,
        conditions=names,
    )
    domains = set(
        Lead.objects.filter(pk__in=lead_ids).exclude(company_domain="").values_list("company_domain", flat=True)
    )
    if domains:
        colleagues = states.open_enrolments().filter(
            lead__in=Lead.objects.filter(company_domain__in=domains).exclude(pk__in=lead_ids)
        )
        wants = _campaigns(colleagues, lambda schedule: schedule.stop.on_reply == ReplyRule.COMPANY)
        states.stop(colleagues.filter(campaign__in=wants), reason=EnrolmentReason.COMPANY_REPLIED, now=now)


def _mark_replied(lead_ids: Collection[UUID], channel: Channel) -> None:
    """Show on the last thing said to each enrolment, on the channel of the answer if there is one, that it came."""
    said = [spec.key for spec in step_types if spec.contacts_lead]
    sent = CampaignLeadActivity.objects.filter(
        campaign_lead__lead__in=lead_ids, step_type__in=said, status__in=(*WAS_SENT, ActivityStatus.CONNECTED)
    )
    here_first = Case(When(channel=channel, then=0), default=1)
    last = sent.order_by("campaign_lead", here_first, "-created_at").distinct("campaign_lead")
    CampaignLeadActivity.objects.filter(pk__in=list(last.values_list("pk", flat=True))).update(
        status=ActivityStatus.REPLIED
    )


@on_happened
def react(events: Sequence[MessageEvent]) -> None:
    """Stop those who unsubscribed, complained or do not exist; wake those whose condition may be met now."""
    human = [event for event in events if not event.is_machine]
    by_kind: dict[str, set[UUID]] = {}
    opted_out = {event.message_id for event in human if str(event.detail.get("code", "")) in OPTED_OUT}
    messages = {m.pk: m for m in Message.objects.filter(pk__in={event.message_id for event in human})}
    for event in human:
        if not _is_soft(event) and event.message_id in messages:
            by_kind.setdefault(event.kind, set()).add(event.message_id)
    now = max((event.occurred_at for event in human), default=timezone.now())
    for kind, ids in by_kind.items():
        _happened(MessageEventKind(kind), [messages[key] for key in ids], now, opted_out)
    unhealthy = {MessageEventKind.BOUNCED, MessageEventKind.COMPLAINED}
    check_health(messages[e.message_id].campaign_id for e in human if e.kind in unhealthy and e.message_id in messages)


def _is_soft(event: MessageEvent) -> bool:
    return event.kind == MessageEventKind.BOUNCED and event.detail.get("severity") in PASSING


def _happened(
    kind: MessageEventKind, messages: Sequence[Message], now: datetime, opted_out: Collection[UUID] = ()
) -> None:
    lead_ids = {message.lead_id for message in messages if message.lead_id}
    own = states.open_enrolments().filter(pk__in=[m.campaign_lead_id for m in messages if m.campaign_lead_id])
    match kind:
        case MessageEventKind.UNSUBSCRIBED:
            _stop_all(lead_ids, EnrolmentReason.UNSUBSCRIBED, now)
        case MessageEventKind.COMPLAINED:
            _stop_all(lead_ids, EnrolmentReason.COMPLAINED, now)
        case MessageEventKind.BOUNCED:
            for channel in sorted({message.channel for message in messages}):
                here = [message for message in messages if message.channel == channel]
                refused = {m.lead_id for m in here if m.lead_id and m.pk in opted_out}
                _bounced(refused, channel, EnrolmentReason.UNSUBSCRIBED, now)
                unreachable = {m.lead_id for m in here if m.lead_id} - refused
                _bounced(unreachable, channel, EnrolmentReason.BOUNCED, now)
        case MessageEventKind.CLICKED:
            _stop_or_wake(own, EnrolmentReason.CLICKED, lambda schedule: schedule.stop.on_click, now)
        case MessageEventKind.OPENED | MessageEventKind.DELIVERED | MessageEventKind.REPLIED:
            states.wake(own, now=now)


def _bounced(lead_ids: Collection[UUID], channel: str, reason: EnrolmentReason, now: datetime) -> None:
    """Stop those who cannot be reached on the channel, unless the campaign has another way to them."""
    if not lead_ids:
        return
    everywhere = states.open_enrolments().filter(lead__in=lead_ids)
    states.stop(everywhere.exclude(_has_other_channel(channel)), reason=reason, now=now)
    states.wake(everywhere, now=now)


def booked(lead_ids: Collection[UUID], now: datetime) -> None:
    """Stop or wake the enrolments of leads that have an appointment."""
    record_for_leads(Milestone.BOOKED, lead_ids, at=now)
    own = states.open_enrolments().filter(lead__in=lead_ids)
    _stop_or_wake(own, EnrolmentReason.BOOKED, lambda schedule: schedule.stop.on_booking, now)


def suppressed(lead_ids: Collection[UUID], channel: str, now: datetime) -> None:
    """Stop the enrolments of leads that may not be contacted on the channel, unless there is another way to them."""
    enrolments = states.open_enrolments().filter(lead__in=lead_ids)
    if channel != ALL_CHANNELS:
        enrolments = enrolments.exclude(_has_other_channel(channel))
    states.stop(enrolments, reason=EnrolmentReason.SUPPRESSED, now=now)


def stop_enrolments(
    *,
    lead_ids: Collection[UUID] = (),
    domains: Collection[str] = (),
    reason: EnrolmentReason,
    now: datetime | None = None,
) -> int:
    """End the open enrolments of leads, or of all leads of companies with these domains. Return how many."""
    of_companies = Lead.objects.filter(company_domain__in=list(domains)).values("pk")
    chosen = states.open_enrolments().filter(Q(lead__in=list(lead_ids)) | Q(lead__in=of_companies))
    return len(states.stop(chosen, reason=reason, now=now or timezone.now()))


def _stop_all(lead_ids: Collection[UUID], reason: EnrolmentReason, now: datetime) -> None:
    states.stop(states.open_enrolments().filter(lead__in=lead_ids), reason=reason, now=now)


def _stop_or_wake(
    enrolments: QuerySet[CampaignLead],
    reason: EnrolmentReason,
    wants: Callable[[Schedule], bool],
    now: datetime,
    *,
    conditions: Collection[str] = (),
) -> None:
    """Stop the enrolments of the campaigns that want it. The others are woken.

    A campaign with this as its goal, and a step that waits for just this, are woken too: they act on it themselves.
    ``conditions`` are the conditions about it, by default the one of the same name.
    """
    waits_for_it = _waits_for(reason, conditions or [str(reason)])
    stopped = enrolments.filter(campaign__in=_campaigns(enrolments, wants)).exclude(waits_for_it)
    states.stop(stopped, reason=reason, now=now)
    states.take_back(enrolments.filter(_has_goal(reason)), now=now)
    states.wake(enrolments, now=now)


def _campaigns(enrolments: QuerySet[CampaignLead], wants: Callable[[Schedule], bool]) -> list[UUID]:
    found = Campaign.objects.filter(pk__in=enrolments.order_by().values("campaign"))
    return [campaign.pk for campaign in found if wants(schedule_of(campaign))]


def _has_goal(reason: EnrolmentReason) -> Exists:
    goals = CampaignStep.objects.filter(tenant=OuterRef("tenant"), campaign=OuterRef("campaign"), type="goal")
    return Exists(goals.filter(config__goal=str(reason)))


def _waits_for(reason: EnrolmentReason, names: Collection[str]) -> Q:
    """Return a condition: the campaign has this goal, or the enrolment stands at a condition about it."""
    waiting = Q(next_step__type="condition", next_step__config__condition__in=names)
    return Q(_has_goal(reason)) | (waiting & Q(reason=EnrolmentReason.CONDITION))


def _has_other_channel(channel: str) -> Exists:
    """Return a condition: the enrolment's campaign has steps on another channel than this one."""
    types = set(CampaignStep.objects.order_by().values_list("type", flat=True).distinct())
    others = [each for each in types if channel_of(each) not in (None, channel)]
    return Exists(
        CampaignStep.objects.filter(tenant=OuterRef("tenant"), campaign=OuterRef("campaign"), type__in=others)
    )


def _moment(messages: Sequence[Message]) -> datetime:
    return max((message.occurred_at for message in messages if message.occurred_at), default=timezone.now())
