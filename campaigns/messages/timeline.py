"""Messages in the timeline of a lead."""

from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Left
from django.urls import reverse

from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind, MessageState
from campaigns.messages.wording import DEEDS, deed_in_words, network_of, why_not_sent
from lad.times import day
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.extensions import Known, TimelineEntry, TimelineKind, add_timeline_source
from leads.contacts.models import Lead

MAX_EXCERPT: Final = 300
# Where to read the day on which somebody comes back, as the receiver of messages records it.
RETURNS_ON: Final = "returns_on"
ICONS: Final = {
    Channel.EMAIL: "mail",
    Channel.LINKEDIN: "work",
    Channel.WHATSAPP: "chat",
    Channel.SMS: "sms",
    Channel.WEB: "photo_camera",
}
# Columns that sentences need. Bodies can be long: only their beginning is read.
COLUMNS: Final = (
    "subject",
    "state",
    "kind",
    "direction",
    "channel",
    "error",
    "decision",
    "metadata",
    "next_attempt_at",
    "opened_at",
    "clicked_at",
    "replied_at",
    "created_by_user_id",
    "action",
)
# What a sentence says, by the state of a message to the lead. The message is {what}.
OUTBOUND: Final[dict[str, str]] = {
    MessageState.DRAFT: "{who} drafted {what} to {lead}",
    MessageState.QUEUED: "{what} waits to be sent to {lead}",
    MessageState.SENDING: "{what} is being sent to {lead}",
    MessageState.SENT: "{who} sent {what} to {lead}",
    MessageState.UNKNOWN: "It is not known whether {what} reached {lead}",
    MessageState.FAILED: "{what} could not be sent to {lead}",
    MessageState.CANCELLED: "LAD did not write: {why}",
}
INBOUND: Final[dict[str, tuple[str, str]]] = {
    MessageKind.REPLY: ("reply", "{lead} answered {what}"),
    MessageKind.OUTREACH: ("inbox", "{lead} wrote {what}"),
    MessageKind.OUT_OF_OFFICE: ("beach_access", "{lead} was out of office{until}"),
    MessageKind.AUTO_REPLY: ("smart_toy", "An automatic answer of {lead} came: {what}"),
    MessageKind.BOUNCE: ("unsubscribe", "A message to {lead} came back: {what}"),
    MessageKind.COMPLAINT: ("report", "{lead} reported a message as spam"),
    MessageKind.UNSUBSCRIBE: ("notifications_off", "{lead} asked not to be written to any more"),
}
EVENTS: Final[dict[str, tuple[str, str]]] = {
    MessageEventKind.BOUNCED: ("unsubscribe", "{what} could not be delivered to {lead}"),
    MessageEventKind.COMPLAINED: ("report", "{lead} reported {what} as spam"),
    MessageEventKind.UNSUBSCRIBED: ("notifications_off", "{lead} unsubscribed after {what}"),
    MessageEventKind.CLICKED: ("ads_click", "{lead} followed a link in {what}"),
}
WARNING_STATES: Final = (MessageState.UNKNOWN, MessageState.FAILED)
WARNING_KINDS: Final = (MessageKind.BOUNCE, MessageKind.COMPLAINT)


def messages_of(lead: Lead) -> QuerySet[Message]:
    """Return the messages to and from the lead, with the beginning of each."""
    messages = Message.objects.filter(tenant=lead.tenant_id, lead=lead.pk).exclude(
        kind__in=(MessageKind.NOISE, MessageKind.OWN_COPY)
    )
    return messages.only(*COLUMNS).annotate(
        beginning=Left("body", MAX_EXCERPT),
        at=Coalesce("occurred_at", "created_at"),
        # On a network somebody acts in their own name.
        acted_by=Coalesce("created_by_user_id", "linkedin_account__user_id", "channel_account__user_id"),
    )


def message_entry(message: Message, known: Known) -> TimelineEntry:
    url = reverse("admin:campaigns_message_change", args=(message.pk,))
    beginning: str = message.beginning  # type: ignore[attr-defined]  # annotated
    if message.direction == ContactDirection.INBOUND:
        icon, sentence = INBOUND.get(message.kind, INBOUND[MessageKind.OUTREACH])
        text = sentence.format(lead=known.lead, what=_named(message), until=_until(message))
        return TimelineEntry(icon=icon, text=text, detail=beginning, url=url, warns=message.kind in WARNING_KINDS)
    cancelled, failed = message.state == MessageState.CANCELLED, message.state == MessageState.FAILED
    author: UUID | None = message.acted_by  # type: ignore[attr-defined]  # annotated
    is_deed = message.action in DEEDS
    sentence = OUTBOUND.get(message.state, OUTBOUND[MessageState.SENT])
    text = sentence.format(
        who=known.user(author),
        what=_named(message),
        lead=known.lead,
        why=why_not_sent(message, known.lead) if cancelled else "",
    )
    if is_deed:
        text = deed_in_words(message, known.lead, known.user(author))
    return TimelineEntry(
        icon="block" if cancelled else ICONS.get(Channel(message.channel), "send"),
        text=text[:1].upper() + text[1:],
        detail=_named(message)
        if cancelled and not is_deed
        else why_not_sent(message, known.lead)
        if failed
        else beginning,
        marks=_marks(message),
        user_id=author,
        url=url,
        warns=message.state in WARNING_STATES,
    )


def events_of(lead: Lead) -> QuerySet[MessageEvent]:
    """Return what happened to the messages to the lead, without what machines did."""
    return (
        MessageEvent.objects.filter(tenant=lead.tenant_id, message__lead=lead.pk, kind__in=EVENTS, is_machine=False)
        .select_related("message")
        .only("kind", "occurred_at", "detail", "message__subject", "message__channel")
    )


def event_entry(event: MessageEvent, known: Known) -> TimelineEntry:
    icon, sentence = EVENTS[event.kind]
    text = sentence.format(lead=known.lead, what=_named(event.message))
    return TimelineEntry(
        icon=icon,
        text=text[:1].upper() + text[1:],
        url=reverse("admin:campaigns_message_change", args=(event.message_id,)),
        warns=event.kind in (MessageEventKind.BOUNCED, MessageEventKind.COMPLAINED),
    )


def _named(message: Message) -> str:
    """Return the message as a phrase: “Re: A question” in quotes, or “a message on LinkedIn”."""
    if message.subject:
        return f"“{message.subject}”"
    if message.channel == Channel.EMAIL:
        return "an e-mail without a subject"
    return "a text message" if message.channel == Channel.SMS else f"a message on {network_of(message)}"


def _until(message: Message) -> str:
    try:
        returns = date.fromisoformat(str(message.metadata[RETURNS_ON])[:10])
    except (KeyError, ValueError):
        return ""
    return f" until {returns:%-d %B %Y}"


def _marks(message: Message) -> tuple[str, ...]:
    """Return what people did with the message, and when."""
    done = (("Opened", message.opened_at), ("Link clicked", message.clicked_at), ("Answered", message.replied_at))
    return tuple(f"{label} {day(at)}" for label, at in done if at is not None)


add_timeline_source(
    "messages",
    messages_of,
    message_entry,
    kind=TimelineKind.MESSAGE,
    right="campaigns.view",
    feature="campaigns",
    at="at",
    user="created_by_user",
    users=lambda message: (message.acted_by,),
)
add_timeline_source(
    "message-events",
    events_of,
    event_entry,
    kind=TimelineKind.MESSAGE,
    right="campaigns.view",
    feature="campaigns",
    at="occurred_at",
)
