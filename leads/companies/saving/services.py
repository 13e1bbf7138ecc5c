"""Save people of a directory as leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.companies import caching, sources
from leads.companies.saving import filling
from leads.companies.saving.filling import Sourced
from leads.companies.saving.matching import index_of
from leads.contacts.models import Lead
from leads.contacts.services.duplicates import Duplicates
from leads.contacts.services.leads import require_member
from tenants.accounts.models import User

MAX_PEOPLE: Final = 500
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(frozen=True, slots=True)
class SavedLeads:
    """How many leads were made, changed and left alone. ``ids`` are the leads of all these people, in their order.

    ``unknown`` counts people who are in none of the tenant's searches.
    """

    created: int
    updated: int
    skipped: int
    ids: Sequence[UUID]
    unknown: int = 0


@writes.in_transaction
def save_as_leads(
    people: Sequence[str],
    *,
    duplicates: Duplicates | str = Duplicates.SKIP,
    owner: User | None = None,
    tags: Sequence[str] = (),
    actor: Actor = None,
    now: datetime | None = None,
) -> SavedLeads:
    """Save people, by the directory's ids, as leads of the current tenant, with what is known of them.

    Two records of one person, who have the same address or profile, become one lead. People who are leads already are
    left alone (skip), filled where the directory knows better (update), or made a
    lead once more (create). Leads that are made or filled get the tags and, if they have none, the owner. Raises
    Invalid.
    """
    now = now or timezone.now()
    choice = _choice(duplicates)
    ids = list(dict.fromkeys(each for each in people if each))
    if not 1 <= len(ids) <= MAX_PEOPLE:
        raise Invalid(errors={"people": [f"Choose from 1 to {MAX_PEOPLE} people."]})
    require_member(owner.pk if owner else None)
    _wait_for_others()
    known = caching.employees(ids)
    rows = [known[each] for each in ids if each in known]
    present = index_of(rows)
    values = filling.values_of(rows, now=now)
    common: dict[str, Any] = {"assigned_user": owner, "tags": list(dict.fromkeys(tags))}
    counts = dict.fromkeys(("created", "updated", "skipped"), 0)
    saved: list[UUID] = []
    for row in rows:
        person_id = row.apollo_person_id
        lead = present.lead_of(row)
        if lead is None or choice is Duplicates.CREATE:
            is_taken = lead is not None and lead.source == sources.APOLLO and lead.source_id == person_id
            lead = _create(values[person_id], "" if is_taken else person_id, common, actor)
            present.add(row, lead)
            counts["created"] += 1
        elif choice is Duplicates.UPDATE:
            changed = _update(lead.pk, values[person_id], common, actor)
            counts["updated" if changed else "skipped"] += 1
        else:
            counts["skipped"] += 1
        saved.append(lead.pk)
    return SavedLeads(**counts, ids=list(dict.fromkeys(saved)), unknown=len(ids) - len(rows))


def _wait_for_others() -> None:
    """Let nobody else in the tenant save people meanwhile: two would make two leads of one person."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"save_people:{current_tenant_id()}"])


def _choice(duplicates: Duplicates | str) -> Duplicates:
    try:
        return Duplicates(duplicates)
    except ValueError:
        raise Invalid(errors={"duplicates": [f"Choose from: {', '.join(Duplicates)}."]}) from None


def _create(values: Mapping[str, Sourced], source_id: str, common: Mapping[str, Any], actor: Actor) -> Lead:
    given = {**filling.new_values(values), **common, "source": sources.APOLLO, "source_id": source_id}
    lead, written = filling.write(given, lambda valid: writes.create(Lead, valid, actor=actor))
    filling.remember(lead, {name: each for name, each in values.items() if name in written})
    return lead


def _update(lead_id: UUID, values: Mapping[str, Sourced], common: Mapping[str, Any], actor: Actor) -> bool:
    lead: Lead = Lead.objects.select_for_update(no_key=True).get(tenant=current_tenant_id(), pk=lead_id)
    more: dict[str, Any] = {}
    if missing := [tag for tag in common["tags"] if tag not in lead.tags]:
        more["tags"] = [*lead.tags, *missing]
    if common["assigned_user"] is not None and lead.assigned_user_id is None:
        more["assigned_user"] = common["assigned_user"]
    filled = filling.fill(lead, values, actor=actor)
    if more:
        writes.update(Lead.objects.get(pk=lead_id), more, actor=actor)
    return filled or bool(more)
