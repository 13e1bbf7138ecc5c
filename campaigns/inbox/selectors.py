"""Read the inbox: its folders, what a search finds, the messages of a conversation, and how much there is to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from campaigns.inbox.models import Conversation, ConversationState
from campaigns.messages.models import WORDED, Message, MessageKind
from lad.db.queries import rows as rows_of
from lad.limits import searchable
from lad.search import AnyOf, words_of
from lad.tenancy.access import Access
from leads.contactability.models import ContactDirection
from leads.contacts.selectors import find
from tenants.accounts.models import User
from tenants.teams.models import Membership

# Declared in tenants/access/rights.py.
OVERSEE: Final = "inbox.oversee"
# A search returns the newest of them.
MAX_FOUND: Final = 100
# The newest messages that are read without the index of words, which finds frequent words sooner.
NEWEST_READ: Final = 800
# More leads are found by their names and addresses only, which are kept with the words of their messages.
FEW_LEADS: Final = 100
# Counting stops there.
MANY: Final = 100
UNSEEN: Final = (MessageKind.NOISE,)


class Folder(StrEnum):
    """The parts of the inbox. All but the last three have open conversations that are not snoozed."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    UNREAD = "unread"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many open conversations there are for the caller, each counted up to ``MANY``."""

    unread: int
    mine: int
    mine_unread: int
    unassigned: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one member, or nobody, has to do."""

    user: User | None
    open: int
    unread: int
    snoozed: int


def visible(access: Access, rows: QuerySet[Conversation] | None = None) -> QuerySet[Conversation]:
    """Return the conversations that the caller may see, without those of deleted leads.

    Those who may not oversee the inbox see the conversations that are assigned to them.
    """
    found = Conversation.objects.all() if rows is None else rows
    found = found.filter(Q(lead__isnull=True) | Q(lead__deleted_at__isnull=True))
    return found if access.allows(OVERSEE) else found.filter(assigned_to=access.user)


def in_folder(rows: QuerySet[Conversation], folder: str, user: User | None) -> QuerySet[Conversation]:
    """Return the rows of one part of the inbox, as ``user`` sees it."""
    match folder:
        case Folder.CLOSED | Folder.SENT:
            return rows.filter(state=folder)
        case Folder.SNOOZED:
            return rows.filter(state=ConversationState.OPEN, snoozed_until__isnull=False)
    rows = rows.filter(state=ConversationState.OPEN, snoozed_until__isnull=True)
    match folder:
        case Folder.MINE:
            return rows.filter(assigned_to=user)
        case Folder.UNASSIGNED:
            return rows.filter(assigned_to__isnull=True)
        case Folder.UNREAD:
            return rows.filter(unread_count__gt=0)
    return rows


def search(rows: QuerySet[Conversation], term: str) -> QuerySet[Conversation]:
    """Return the rows that a term finds. A blank term finds all.

    All words must be in one message and the name, company and address of its lead; of these rows the newest hundred
    are found. Where few leads have the words, in whatever is known of them, their rows are found too.
    """
    if not term.strip():
        return rows
    words = words_of(term) if searchable(term) else []
    if not words:
        return rows.none()
    [[by_words]] = rows_of("SELECT inbox_found(%s::text[], %s, %s)", [words, MAX_FOUND, NEWEST_READ])
    keys = {*by_words, *_of_leads(term)}
    return rows.filter(AnyOf(F("id"), sorted(keys))) if keys else rows.none()


def _of_leads(term: str) -> list[UUID]:
    """Return the conversations with leads that the term finds, if these are few."""
    leads = find(term, count_up_to=FEW_LEADS, keys_up_to=FEW_LEADS)
    if leads.keys is None:
        return []
    found = leads.among(Conversation.objects.filter(lead__isnull=False), "lead")
    return list(found.order_by().values_list("pk", flat=True))


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    """Return what was said, on all channels, the newest first. Waiting and failed messages of the tenant are in it."""
    rows = Message.objects.filter(action__in=WORDED).exclude(kind__in=UNSEEN)
    if conversation.lead_id is not None:
        rows = rows.filter(lead=conversation.lead_id)
    else:
        own = Q(from_address=conversation.address, direction=ContactDirection.INBOUND)
        own |= Q(to_address=conversation.address, direction=ContactDirection.OUTBOUND)
        rows = rows.filter(own, lead__isnull=True, channel=conversation.channel)
    related = ("email_account", "linkedin_account", "channel_account", "created_by_user", "campaign")
    said_at = Coalesce("occurred_at", "created_at")
    return rows.select_related(*related).annotate(said_at=said_at).order_by("-created_at", "-pk")


def counts(access: Access) -> Counts:
    """Return how much there is to do. Each is counted up to ``MANY``, so that the cost is bounded."""
    rows, user = visible(access), access.user
    mine = in_folder(rows, Folder.MINE, user)
    return Counts(
        unread=_count(in_folder(rows, Folder.UNREAD, user)),
        mine=_count(mine),
        mine_unread=_count(mine.filter(unread_count__gt=0)),
        unassigned=_count(in_folder(rows, Folder.UNASSIGNED, user)),
    )


def unread_count(access: Access) -> int:
    """Return how many unread open conversations the caller has, counted up to ``MANY``."""
    return _count(in_folder(visible(access), Folder.UNREAD, access.user))


def workload(tenant_id: UUID) -> list[Load]:
    """Return what each member of the tenant has to do, the busiest first, and what nobody has taken."""
    snoozed = Q(snoozed_until__isnull=False)
    found = Conversation.objects.filter(tenant=tenant_id, state=ConversationState.OPEN).order_by().values("assigned_to")
    sums = found.annotate(
        open=Count("pk", filter=~snoozed),
        unread=Count("pk", filter=Q(unread_count__gt=0) & ~snoozed),
        snoozed=Count("pk", filter=snoozed),
    )
    by_user = {each["assigned_to"]: each for each in sums}
    users: Sequence[User] = members(tenant_id)
    loads = [_load(by_user.get(user.pk), user) for user in users]
    loads.sort(key=lambda each: (-each.open, str(each.user)))
    return [*loads, _load(by_user.get(None), None)]


def members(tenant_id: UUID) -> list[User]:
    """Return the members to whom a conversation can be assigned, by name."""
    found = Membership.objects.filter(tenant=tenant_id).select_related("user")
    return sorted((each.user for each in found), key=lambda user: (user.full_name or user.email).lower())


def _load(found: dict[str, int] | None, user: User | None) -> Load:
    numbers = found or {}
    return Load(user, numbers.get("open", 0), numbers.get("unread", 0), numbers.get("snoozed", 0))


def _count(rows: QuerySet[Conversation]) -> int:
    return len(rows.order_by().values_list("pk", flat=True)[:MANY])
