"""The messages behind the demo's e-mail activities, what people did with them, and their answers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from campaigns.accounts.models import EmailAccount
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind, MessageState
from demo.demo_tenant import DemoTenant
from leads.channels import Channel
from leads.contactability.models import ContactDirection

STATES: Final = {
    ActivityStatus.QUEUED: MessageState.QUEUED,
    ActivityStatus.FAILED: MessageState.FAILED,
    ActivityStatus.CANCELLED: MessageState.CANCELLED,
}
# What a message of an activity in this status went through.
EVENTS: Final[dict[str, tuple[MessageEventKind, ...]]] = {
    ActivityStatus.OPENED: (MessageEventKind.OPENED,),
    ActivityStatus.CLICKED: (MessageEventKind.OPENED, MessageEventKind.CLICKED),
    ActivityStatus.REPLIED: (MessageEventKind.OPENED, MessageEventKind.REPLIED),
    ActivityStatus.FAILED: (MessageEventKind.BOUNCED,),
}
ANSWERS: Final = (
    "Thank you, that sounds interesting. Could you send me two times next week?",
    "Not now, please come back to us after the summer.",
    "Whom did you speak to before? I am happy to have a look at the report.",
    "We have a tool for this already, but I would like to compare. Is there a price list?",
)
AWAY: Final = "I am out of office until {} and read my e-mails after that."
# The share of leads that were away when they got a message.
AWAY_SHARE: Final = 0.06
# A message that waits is sent within so many hours.
WAITS_HOURS: Final = 20


def write(demo: DemoTenant, activities: Sequence[CampaignLeadActivity]) -> None:
    """Write a message for each e-mail activity, with its events and answers."""
    accounts = list(EmailAccount.objects.filter(is_active=True).exclude(status="paused").order_by("email"))
    if not accounts:
        return
    written = [
        (each, _message(demo, each, accounts[number % len(accounts)]))
        for number, each in enumerate(activities)
        if each.channel == Channel.EMAIL and each.status not in (ActivityStatus.PENDING, ActivityStatus.SKIPPED)
    ]
    Message.objects.bulk_create(message for _activity, message in written)
    MessageEvent.objects.bulk_create(event for pair in written for event in _events(demo, *pair))
    Message.objects.bulk_create(answer for pair in written for answer in _answers(demo, *pair))


def _message(demo: DemoTenant, activity: CampaignLeadActivity, account: EmailAccount) -> Message:
    enrolment, at = activity.campaign_lead, activity.executed_at or activity.created_at
    state = STATES.get(ActivityStatus(activity.status), MessageState.SENT)
    opened = activity.status in (ActivityStatus.OPENED, ActivityStatus.CLICKED, ActivityStatus.REPLIED)
    waits = state == MessageState.QUEUED
    return Message(
        **demo.created(at),
        tenant=demo.tenant,
        lead_id=enrolment.lead_id,
        campaign=activity.campaign,
        campaign_lead=enrolment,
        step=activity.step,
        activity_id=activity.pk,
        email_account=account,
        channel=Channel.EMAIL,
        direction=ContactDirection.OUTBOUND,
        state=state,
        from_address=account.email,
        to_address=enrolment.email,
        subject=activity.subject,
        body=activity.message_content,
        message_id=f"<{demo.random.getrandbits(64):016x}@{demo.domain}>",
        error=activity.error_message,
        next_attempt_at=demo.now + timedelta(hours=demo.random.uniform(0.5, WAITS_HOURS)) if waits else None,
        occurred_at=at if state in (MessageState.SENT, MessageState.FAILED) else None,
        opened_at=at + timedelta(hours=2) if opened else None,
        clicked_at=at + timedelta(hours=3) if activity.status == ActivityStatus.CLICKED else None,
        replied_at=_answered_at(at) if activity.status == ActivityStatus.REPLIED else None,
    )


def _events(demo: DemoTenant, activity: CampaignLeadActivity, message: Message) -> Iterator[MessageEvent]:
    for number, kind in enumerate(EVENTS.get(activity.status, ()), start=2):
        at = min(message.created_at + timedelta(hours=number), demo.now)
        yield MessageEvent(
            **demo.created(at),
            tenant=demo.tenant,
            message=message,
            kind=kind,
            occurred_at=at,
            source_key=f"demo-{demo.random.getrandbits(48):012x}",
            detail={"hard": True} if kind == MessageEventKind.BOUNCED else {},
        )


def _answers(demo: DemoTenant, activity: CampaignLeadActivity, message: Message) -> Iterator[Message]:
    if activity.status == ActivityStatus.REPLIED:
        yield _received(demo, message, MessageKind.REPLY, demo.random.choice(ANSWERS), _answered_at(message.created_at))
    elif message.state == MessageState.SENT and demo.random.random() < AWAY_SHARE:
        returns = (message.created_at + timedelta(days=demo.random.randint(4, 18))).date()
        away = _received(demo, message, MessageKind.OUT_OF_OFFICE, AWAY.format(f"{returns:%-d %B}"), message.created_at)
        away.metadata = {"returns_on": returns.isoformat()}
        yield away


def _received(demo: DemoTenant, message: Message, kind: MessageKind, text: str, at: datetime) -> Message:
    at = min(at + timedelta(minutes=demo.random.randint(1, 50)), demo.now)
    return Message(
        **demo.created(at),
        tenant=demo.tenant,
        lead_id=message.lead_id,
        campaign=message.campaign,
        campaign_lead=message.campaign_lead,
        email_account=message.email_account,
        thread=message,
        channel=Channel.EMAIL,
        direction=ContactDirection.INBOUND,
        kind=kind,
        state=MessageState.RECEIVED,
        from_address=message.to_address,
        to_address=message.from_address,
        subject=f"Re: {message.subject}"[:500],
        body=text,
        message_id=f"<{demo.random.getrandbits(64):016x}@answers.example>",
        in_reply_to=message.message_id,
        occurred_at=at,
    )


def _answered_at(sent_at: datetime) -> datetime:
    return sent_at + timedelta(hours=5)
