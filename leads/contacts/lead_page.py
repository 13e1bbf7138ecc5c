"""Notes, social profiles and the timeline on the lead's page."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from lad.admin.inlines import LadInline
from lad.db.together import read_together
from lad.labels import in_words
from lad.outbox.models import DomainEvent
from lad.tenancy.access import Access, access_of
from leads.contacts.extensions import (
    TimelineEntry,
    add_inline,
    add_panel,
    add_timeline_source,
    timeline_sources_for,
)
from leads.contacts.models import Lead, LeadNote, LeadSocial
from tenants.accounts.models import User

MAX_ENTRIES_SHOWN: Final = 20
MOVES: Final = {"leads.lead.stage_changed": "Stage", "leads.lead.status_changed": "Status"}


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A timeline entry with the name of its user. The name is empty if there is none or the caller cannot see it."""

    entry: TimelineEntry
    user: str


class NotesInline(LadInline):
    model = LeadNote
    area = "leads"
    can_add = True
    fields = ["content", "created_by_user", "created_at"]
    readonly_fields = ["created_by_user", "created_at"]
    per_page = 10
    verbose_name_plural = "notes"


class SocialInline(LadInline):
    model = LeadSocial
    area = "leads"
    can_add = True
    max_num = 1
    fields = ["data"]
    verbose_name_plural = "social"


def notes_of(lead: Lead) -> QuerySet[LeadNote]:
    """Return the notes on the lead, newest first."""
    return LeadNote.objects.filter(tenant=lead.tenant_id, lead=lead.pk).order_by("-created_at")


def note_entry(note: LeadNote) -> TimelineEntry:
    return TimelineEntry(
        at=note.created_at,
        icon="sticky_note_2",
        text="Note",
        detail=note.excerpt,
        user_id=note.created_by_user_id,
        url=reverse("admin:leads_leadnote_change", args=(note.pk,)),
    )


def moves_of(lead: Lead) -> QuerySet[DomainEvent]:
    """Return the changes of the lead's stage and status, newest first."""
    moves = DomainEvent.objects.filter(tenant=lead.tenant_id, aggregate_id=lead.pk, event_type__in=MOVES)
    return moves.order_by("-created_at")


def move_entry(event: DomainEvent) -> TimelineEntry:
    return TimelineEntry(
        at=event.created_at,
        icon="moving",
        text=MOVES[event.event_type],
        detail=f"{in_words(event.payload['before'])} → {in_words(event.payload['after'])}",
    )


def timeline(lead: Lead, access: Access, *, limit: int) -> list[TimelineRow]:
    """Return the newest entries that the caller may see, newest first.

    Reads all sources in one round trip, and the users' names in one more.
    """
    sources = [(source, source.rows(lead)[:limit]) for source in timeline_sources_for(access)]
    read_together(*(rows for _source, rows in sources))
    entries = [source.entry(row) for source, rows in sources for row in rows]
    newest = sorted(entries, key=attrgetter("at"), reverse=True)[:limit]
    names = _names_of({entry.user_id for entry in newest if entry.user_id is not None})
    return [TimelineRow(entry, names.get(entry.user_id, "") if entry.user_id else "") for entry in newest]


def _names_of(user_ids: set[UUID]) -> dict[UUID, str]:
    users = User.objects.filter(pk__in=user_ids) if user_ids else ()
    return {user.pk: user.full_name or user.email for user in users}


def render_timeline(request: HttpRequest, lead: Lead) -> str:
    """Return the timeline as HTML."""
    entries = timeline(lead, access_of(request), limit=MAX_ENTRIES_SHOWN)
    return render_to_string("leads/admin/timeline.html", {"entries": entries})


add_inline(NotesInline, rank=10)
add_inline(SocialInline, rank=40)
add_panel("Timeline", render_timeline, rank=10, right="leads.view", icon="history")
add_timeline_source("notes", notes_of, note_entry, right="leads.view")
add_timeline_source("moves", moves_of, move_entry, right="leads.view")
