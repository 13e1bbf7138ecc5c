"""The list of conversations: folders, filters, and a line for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from campaigns.inbox import selectors
from campaigns.inbox.models import Conversation, Label
from campaigns.inbox.selectors import Folder
from campaigns.inbox.services.ways import channel_name
from lad import times
from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import Access
from leads.channels import Channel
from leads.contactability.models import ContactDirection

SHOWN: Final = 40
MAX_SHOWN: Final = 400
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
