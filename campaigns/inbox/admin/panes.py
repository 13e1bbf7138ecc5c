"""What the three panes of the inbox show: the list, the conversation, and the lead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
from campaigns.enrolment.models import CampaignLead
from campaigns.inbox import selectors
from campaigns.inbox.models import Conversation, Label
from campaigns.inbox.selectors import Folder
from campaigns.inbox.services.ways import Way, account_name, account_of, channel_name, ways
from campaigns.messages.models import Message, MessageKind, MessageState
from campaigns.messages.wording import why_not_sent
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad import phones, times
from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import Access
from leads.channels import Channel
from leads.contactability.models import ALL_CHANNELS, ContactDirection, Suppression
from leads.contacts.models import Lead
from tenants.accounts.models import User

SHOWN: Final = 40
MAX_SHOWN: Final = 400
MESSAGES_SHOWN: Final = 50
MAX_MESSAGES_SHOWN: Final = 500
TONES: Final[Mapping[str, str]] = {
    Label.INTERESTED: "success",
    Label.QUESTION: "info",
    Label.NOT_NOW: "warning",
    Label.NOT_INTERESTED: "default",
    Label.WRONG_PERSON: "default",
    Label.UNSUBSCRIBE: "danger",
    Label.OUT_OF_OFFICE: "default",
}
FOLDERS: Final[Mapping[Folder, tuple[str, str]]] = {
    Folder.OPEN: ("inbox", "Open"),
    Folder.UNREAD: ("mark_email_unread", "Unread"),
    Folder.MINE: ("person", "Mine"),
    Folder.UNASSIGNED: ("person_off", "Unassigned"),
    Folder.SNOOZED: ("snooze", "Snoozed"),
    Folder.CLOSED: ("done_all", "Closed"),
    Folder.SENT: ("send", "No answer yet"),
}
# The others stand in a menu.
MAIN_FOLDERS: Final = 4
CHANNELS: Final = (Channel.EMAIL, Channel.LINKEDIN, Channel.WHATSAPP, Channel.SMS, Channel.WEB)
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
class Choice:
    """What the list is narrowed to, as the page's address says."""

    folder: str = Folder.OPEN
    label: str = ""
    channel: str = ""
    campaign: UUID | None = None
    term: str = ""
    shown: int = SHOWN

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Choice":
        """Return the choice of a page's query. What is not known is left out."""
        folder, label, channel = query.get("folder", ""), query.get("label", ""), query.get("channel", "")
        shown = query.get("shown", "")
        return cls(
            folder=folder if folder in FOLDERS else Folder.OPEN,
            label=label if label in Label.values else "",
            channel=channel if channel in CHANNELS else "",
            campaign=uuid_or_none(query.get("campaign", "")),
            term=query.get("q", "")[:200],
            shown=min(int(shown), MAX_SHOWN) if shown.isascii() and shown.isdigit() and len(shown) < 6 else SHOWN,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One conversation in the list."""

    row: Conversation
    now: datetime

    @property
    def name(self) -> str:
        lead = self.row.lead
        return (lead.full_name or lead.email or str(lead.phone)) if lead is not None else str(self.row)

    @property
    def about(self) -> str:
        return self.row.lead.company_name if self.row.lead is not None else "Not a lead yet"

    @property
    def initials(self) -> str:
        return initials_of(self.name)

    @property
    def hue(self) -> int:
        """Return the hue of the person's circle, always the same for them."""
        return sum(map(ord, self.name)) * 47 % 360

    @property
    def when(self) -> str:
        return brief(self.row.moved_at, self.now)

    @property
    def channel_name(self) -> str:
        return channel_name(self.row.last_channel)

    @property
    def tone(self) -> str:
        return TONES.get(self.row.label, "default")

    @property
    def is_own(self) -> bool:
        """Return whether the tenant wrote last."""
        return self.row.last_direction == ContactDirection.OUTBOUND


@dataclass(frozen=True, slots=True)
class FolderLink:
    """One part of the inbox, with how many conversations are in it, where that is counted."""

    key: str
    icon: str
    title: str
    count: int
    chosen: bool

    @property
    def shown(self) -> str:
        """Return the number as it is shown, empty for none."""
        return counted(self.count) if self.count else ""


@dataclass(frozen=True, slots=True)
class ListPane:
    """The list, and what it is narrowed to."""

    choice: Choice
    lines: Sequence[Line]
    folders: Sequence[FolderLink]
    more: bool

    @property
    def main_folders(self) -> Sequence[FolderLink]:
        return self.folders[:MAIN_FOLDERS]

    @property
    def other_folders(self) -> Sequence[FolderLink]:
        return self.folders[MAIN_FOLDERS:]

    @property
    def other_folder(self) -> FolderLink | None:
        """Return the chosen one of the folders in the menu."""
        return next((each for each in self.other_folders if each.chosen), None)

    @property
    def next_shown(self) -> int:
        return min(self.choice.shown + SHOWN, MAX_SHOWN)


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


def list_pane(access: Access, choice: Choice, now: datetime) -> ListPane:
    """Return the list for the caller."""
    rows = selectors.in_folder(selectors.visible(access), choice.folder, access.user)
    if choice.label:
        rows = rows.filter(label=choice.label)
    if choice.channel:
        rows = rows.filter(last_channel=choice.channel)
    if choice.campaign is not None:
        rows = rows.filter(campaign=choice.campaign)
    rows = selectors.search(rows, choice.term).select_related("lead", "assigned_to").order_by("-moved_at", "-pk")
    found = list(rows[: choice.shown + 1])
    counts = selectors.counts(access)
    numbers = {
        Folder.UNREAD: counts.unread,
        Folder.MINE: counts.mine,
        Folder.UNASSIGNED: counts.unassigned,
    }
    folders = [
        FolderLink(key, icon, title, numbers.get(key, 0), key == choice.folder)
        for key, (icon, title) in FOLDERS.items()
    ]
    return ListPane(choice, [Line(row, now) for row in found[: choice.shown]], folders, len(found) > choice.shown)


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


def counted(number: int) -> str:
    """Return a number of conversations for people: 99+ where counting stopped."""
    return f"{selectors.MANY - 1}+" if number >= selectors.MANY else f"{number}"


def initials_of(name: str) -> str:
    """Return up to two letters for somebody's circle."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


def brief(moment: datetime, now: datetime) -> str:
    """Return when something was as briefly as lists have it: 14:30, Mon, 3 May, 3.5.24."""
    local, today = times.here(moment), times.here(now).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if timedelta(0) < today - local.date() < timedelta(days=7):
        return f"{local:%a}"
    return f"{local:%-d %b}" if local.year == today.year else f"{local:%-d %b %Y}"


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
