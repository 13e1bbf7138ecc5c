"""A conversation beside its lead: the messages, ways to answer, and what is known of the person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
from campaigns.enrolment.models import CampaignLead
from campaigns.inbox import selectors
from campaigns.inbox.admin.list_pane import Line
from campaigns.inbox.models import Conversation
from campaigns.inbox.services.ways import Way, account_name, account_of, channel_name, ways
from campaigns.messages.models import Message, MessageKind, MessageState
from campaigns.messages.wording import why_not_sent
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad import phones, times
from leads.contactability.models import ALL_CHANNELS, ContactDirection, Suppression
from leads.contacts.models import Lead
from tenants.accounts.models import User

MESSAGES_SHOWN: Final = 50
MAX_MESSAGES_SHOWN: Final = 500
MORNING: Final = 9
SYSTEM_KINDS: Final[Mapping[str, str]] = {
    MessageKind.BOUNCE: "This message came back",
    MessageKind.COMPLAINT: "Reported as spam",
    MessageKind.OUT_OF_OFFICE: "Out of office",
    MessageKind.AUTO_REPLY: "Automatic answer",
    MessageKind.OWN_COPY: "Written outside LAD",
}
WAITING: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.DRAFT)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of the conversation."""

    message: Message
    at: datetime
    now: datetime
    lead_name: str
    day: date | None = None

    @property
    def is_own(self) -> bool:
        return self.message.direction == ContactDirection.OUTBOUND

    @property
    def note(self) -> str:
        """Return what is to be said of a message that no person wrote, or empty."""
        return SYSTEM_KINDS.get(self.message.kind, "")

    @property
    def channel_name(self) -> str:
        return channel_name(self.message.channel)

    @property
    def account_name(self) -> str:
        account = account_of(self.message)
        return account_name(account) if account is not None else ""

    @property
    def author(self) -> str:
        if not self.is_own:
            return str(self.message.metadata.get("from_name") or self.lead_name)
        user = self.message.created_by_user
        return (user.full_name or user.email) if user is not None else self.account_name

    @property
    def clock(self) -> str:
        return f"{times.here(self.at):%H:%M}"

    @property
    def day_title(self) -> str:
        if self.day is None:
            return ""
        today = times.here(self.now).date()
        if self.day == today:
            return "Today"
        if self.day == today - timedelta(days=1):
            return "Yesterday"
        return f"{self.day:%A, %-d %B}" if self.day.year == today.year else f"{self.day:%-d %B %Y}"

    @property
    def waits(self) -> bool:
        return self.message.state in WAITING

    @property
    def problem(self) -> str:
        """Return why it was not sent, or empty."""
        if self.message.state == MessageState.UNKNOWN:
            return "It is not known whether this arrived"
        if self.message.state not in (MessageState.FAILED, MessageState.CANCELLED):
            return ""
        why = why_not_sent(self.message, self.lead_name)
        return f"Not sent: {why}"

    @property
    def quoted(self) -> str:
        """Return the whole text of a received mail, with what it quotes, if it is more than the writer's words."""
        return str(self.message.metadata.get("original") or "")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the lead."""

    icon: str
    label: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One campaign that the lead is in."""

    name: str
    status: str
    link: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """One time until which a conversation can be hidden."""

    title: str
    until: datetime

    @property
    def shown(self) -> str:
        soon = self.until - timezone.now() < timedelta(days=6)
        return f"{times.here(self.until):{'%a %H:%M' if soon else '%-d %b, %H:%M'}}"


@dataclass(frozen=True, slots=True)
class ThreadPane:
    """The conversation, how it can be answered, and the lead."""

    line: Line
    bubbles: Sequence[Bubble]
    more: bool
    shown: int
    ways: Sequence[Way]
    templates: Sequence[CommunicationTemplate]
    whatsapp_templates: Sequence[WhatsappTemplate]
    members: Sequence[User]
    snoozes: Sequence[Snooze]
    facts: Sequence[Fact] = field(default_factory=list)
    enrolments: Sequence[Enrolment] = field(default_factory=list)
    suppressions: Sequence[str] = field(default_factory=list)

    @property
    def row(self) -> Conversation:
        return self.line.row

    @property
    def way(self) -> Way | None:
        """Return the way that an answer takes unless another one is chosen."""
        return next((each for each in self.ways if not each.problem), next(iter(self.ways), None))

    @property
    def passed_over(self) -> Way | None:
        """Return the way on which the other side wrote last, if an answer cannot go there but goes another way."""
        first = next(iter(self.ways), None)
        return first if first is not None and first.problem and self.way is not first else None


def thread_pane(conversation: Conversation, now: datetime, *, shown: int = MESSAGES_SHOWN) -> ThreadPane:
    """Return a conversation with its newest messages, the oldest of them first."""
    found = list(selectors.messages_of(conversation)[: shown + 1])
    line = Line(conversation, now)
    possible = ways(conversation, now=now)
    lead = conversation.lead
    return ThreadPane(
        line=line,
        bubbles=list(_bubbles(found[:shown], line.name, now)),
        more=len(found) > shown,
        shown=min(shown + MESSAGES_SHOWN, MAX_MESSAGES_SHOWN),
        ways=possible,
        templates=_templates(possible),
        whatsapp_templates=_approved(possible),
        members=selectors.members(conversation.tenant_id),
        snoozes=snoozes(now),
        facts=list(_facts(lead)) if lead is not None else [],
        enrolments=_enrolments(lead) if lead is not None else [],
        suppressions=_suppressions(lead) if lead is not None else [],
    )


def snoozes(now: datetime) -> list[Snooze]:
    """Return the times until which people snooze, in the current time zone."""
    here = times.here(now)
    morning = here.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return [
        Snooze("Three hours", now + timedelta(hours=3)),
        Snooze("Tomorrow", morning + timedelta(days=1)),
        Snooze("Monday", morning + timedelta(days=7 - here.weekday())),
        Snooze("In two weeks", morning + timedelta(days=14)),
        Snooze("In three months", morning + timedelta(days=91)),
    ]


def _bubbles(messages: Sequence[Message], name: str, now: datetime) -> Iterator[Bubble]:
    last: date | None = None
    ordered = sorted(messages, key=lambda each: (each.state in WAITING, each.said_at))  # type: ignore[attr-defined]
    for message in ordered:
        at: datetime = message.said_at  # type: ignore[attr-defined]  # annotated
        day = times.here(at).date()
        yield Bubble(message, at, now, name, day if day != last else None)
        last = day


def _templates(possible: Sequence[Way]) -> list[CommunicationTemplate]:
    channels = {each.channel for each in possible}
    if not channels:
        return []
    rows = CommunicationTemplate.objects.filter(channel__in=channels, is_active=True).exclude(category=SNIPPET)
    return list(rows.only("pk", "name", "channel", "category").order_by("name")[:100])


def _approved(possible: Sequence[Way]) -> list[WhatsappTemplate]:
    accounts = [each.account.pk for each in possible if each.window_until is not None]
    if not accounts:
        return []
    rows = WhatsappTemplate.objects.filter(channel_account__in=accounts, status=TemplateStatus.APPROVED)
    return list(rows.order_by("name", "language")[:100])


def _facts(lead: Lead) -> Iterator[Fact]:
    owner = lead.assigned_user
    known = (
        Fact("badge", "Title", lead.title),
        Fact("apartment", "Company", lead.company_name),
        Fact("mail", "E-mail", lead.email, f"mailto:{lead.email}"),
        Fact("call", "Phone", phones.shown(lead.phone), f"tel:{lead.phone}"),
        Fact("link", "LinkedIn", "LinkedIn profile" if lead.linkedin_url else "", lead.linkedin_url),
        Fact("location_on", "Location", lead.location),
        Fact("person", "Owner", (owner.full_name or owner.email) if owner is not None else ""),
    )
    return (each for each in known if each.text)


def _enrolments(lead: Lead) -> list[Enrolment]:
    rows: QuerySet[CampaignLead] = CampaignLead.objects.filter(lead=lead.pk).select_related("campaign")
    return [
        Enrolment(
            str(each.campaign),
            str(each.get_status_display()),
            reverse("admin:campaigns_campaign_change", args=(each.campaign_id,)),
        )
        for each in rows.order_by("-created_at")[:5]
    ]


def _suppressions(lead: Lead) -> list[str]:
    rows = Suppression.objects.filter(lead=lead.pk).order_by("channel")
    shown = (f"{each.get_reason_display()} ({_where(each.channel)})" for each in rows[:5])
    return list(dict.fromkeys(shown))


def _where(channel: str) -> str:
    return "all channels" if channel == ALL_CHANNELS else channel_name(channel)
