"""Notes, social profiles and the timeline on the lead's page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db.models import QuerySet, UUIDField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Left
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from lad.admin.inlines import LadInline
from lad.db.identifiers import uuid_or_none
from lad.labels import in_words
from lad.outbox.models import DomainEvent
from leads.contacts.extensions import (
    Known,
    TimelineEntry,
    TimelineKind,
    add_inline,
    add_panel,
    add_timeline_source,
)
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.timeline_panel import timeline_context

MAX_EXCERPT: Final = 300
# What "leads.lead.updated" names, as people say it. Other columns have their own names.
COLUMNS: Final = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail address",
    "phone": "phone number",
    "title": "title",
    "company_name": "company",
    "company_domain": "company’s domain",
    "linkedin_url": "LinkedIn address",
    "estimated_value": "value",
    "next_follow_up_at": "next follow-up",
}
CONTACT_COLUMNS: Final = {"first_name", "last_name", "email", "phone", "linkedin_url"}
UPDATED, DELETED, RESTORED = (f"leads.lead.{verb}" for verb in ("updated", "deleted", "restored"))
STAGE, STATUS, ASSIGNED = "leads.lead.stage_changed", "leads.lead.status_changed", "leads.lead.assigned"
CHANGES: Final = (UPDATED, DELETED, RESTORED, STAGE, STATUS, ASSIGNED)
MAX_COLUMNS_NAMED: Final = 4


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
    """Return the notes on the lead, with the beginning of each."""
    notes = LeadNote.objects.filter(tenant=lead.tenant_id, lead=lead.pk)
    return notes.only("created_at", "created_by_user_id").annotate(beginning=Left("content", MAX_EXCERPT))


def note_entry(note: LeadNote, known: Known) -> TimelineEntry:
    author = known.user(note.created_by_user_id) if note.created_by_user_id else "Somebody"
    return TimelineEntry(
        icon="sticky_note_2",
        text=f"{author} wrote a note",
        detail=note.beginning,  # type: ignore[attr-defined]  # annotated
        user_id=note.created_by_user_id,
        url=reverse("admin:leads_leadnote_change", args=(note.pk,)),
    )


def beginning_of(lead: Lead) -> QuerySet[Lead]:
    """Return the lead itself, for the entry of its creation."""
    return Lead.all_objects.filter(tenant=lead.tenant_id, pk=lead.pk).only("created_at", "created_by_user_id", "source")


def beginning_entry(lead: Lead, known: Known) -> TimelineEntry:
    author = lead.created_by_user_id
    return TimelineEntry(
        icon="person_add",
        text=f"{known.user(author)} added {known.lead}" if author else f"{known.lead} was added",
        marks=(in_words(lead.source),) if lead.source else (),
        user_id=author,
    )


def changes_of(lead: Lead) -> QuerySet[DomainEvent]:
    """Return the changes of the lead, with the user who made each."""
    changes = DomainEvent.objects.filter(tenant=lead.tenant_id, aggregate_id=lead.pk, event_type__in=CHANGES)
    return changes.annotate(actor_id=Cast(KT("metadata__actor_id"), UUIDField()))


def change_entry(event: DomainEvent, known: Known) -> TimelineEntry:
    actor: UUID | None = event.actor_id  # type: ignore[attr-defined]  # annotated
    icon, text, detail = _change_in_words(event, known, known.user(actor))
    return TimelineEntry(icon=icon, text=text, detail=detail, user_id=actor)


def users_of_change(event: DomainEvent) -> Iterator[UUID | None]:
    """Yield who made the change, and whom the lead was assigned to before and after."""
    yield event.actor_id  # type: ignore[attr-defined]  # annotated
    if event.event_type == ASSIGNED:
        yield uuid_or_none(event.payload["before"])
        yield uuid_or_none(event.payload["after"])


def _change_in_words(event: DomainEvent, known: Known, who: str) -> tuple[str, str, str]:
    """Return the icon, the sentence and the detail of a change."""
    kind, payload, lead = event.event_type, event.payload, known.lead
    if kind == STAGE:
        return "moving", f"{who} moved {lead} to {known.stage(payload['after'])}", _way(known.stage, payload)
    if kind == STATUS:
        text = f"{who} changed the status of {lead} to {known.status(payload['after'])}"
        return "flag", text, _way(known.status, payload)
    if kind == ASSIGNED:
        return "person_add", _assignment(event, known, who), ""
    if kind == UPDATED:
        changed = payload.get("changed") or []
        if changed == ["is_archived"]:
            return "archive", f"{who} moved {lead} into or out of the archive", ""
        icon = "contact_phone" if CONTACT_COLUMNS & set(changed) else "edit"
        return icon, f"{who} changed {_columns(changed)} of {lead}", ""
    verb, icon = {
        DELETED: ("deleted", "delete"),
        RESTORED: ("restored", "restore_from_trash"),
    }[kind]
    return icon, f"{who} {verb} {lead}", ""


def _way(name: Callable[[str], str], payload: Mapping[str, str]) -> str:
    return f"{name(payload['before'])} → {name(payload['after'])}"


def _assignment(event: DomainEvent, known: Known, who: str) -> str:
    after = uuid_or_none(event.payload["after"])
    if after is None:
        return f"{who} took {known.lead} from {known.user(uuid_or_none(event.payload['before']))}"
    if after == event.actor_id:  # type: ignore[attr-defined]  # annotated
        return f"{who} took over {known.lead}"
    return f"{who} assigned {known.lead} to {known.user(after)}"


def _columns(changed: Sequence[str]) -> str:
    """Return the changed columns as a phrase: “the title and the phone number”."""
    names = [f"the {COLUMNS.get(name) or in_words(name).lower()}" for name in changed]
    if not names:
        return "the details"
    if len(names) > MAX_COLUMNS_NAMED:
        names = [*names[: MAX_COLUMNS_NAMED - 1], f"{len(names) - MAX_COLUMNS_NAMED + 1} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def render_timeline(request: HttpRequest, lead: Lead) -> str:
    """Return the timeline as HTML."""
    return render_to_string("leads/admin/timeline.html", timeline_context(request, lead))


add_inline(NotesInline, rank=10)
add_inline(SocialInline, rank=40)
add_panel("Timeline", render_timeline, rank=10, right="leads.view", icon="history")
add_timeline_source(
    "notes",
    notes_of,
    note_entry,
    kind=TimelineKind.NOTE,
    right="leads.view",
    user="created_by_user",
    users=lambda note: (note.created_by_user_id,),
)
add_timeline_source(
    "beginning",
    beginning_of,
    beginning_entry,
    kind=TimelineKind.CHANGE,
    right="leads.view",
    user="created_by_user",
    users=lambda lead: (lead.created_by_user_id,),
)
add_timeline_source(
    "changes",
    changes_of,
    change_entry,
    kind=TimelineKind.CHANGE,
    right="leads.view",
    user="actor_id",
    users=users_of_change,
)
