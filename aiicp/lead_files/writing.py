"""Write rows of a file as leads, through the writer of leads: its rules, events and audit apply.

The rows of a batch are planned in memory and written together, so that a batch takes the same few statements however
many rows it has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from aiicp.lead_files.columns import COLUMNS
from aiicp.lead_files.matching import keys_of, known_leads
from aiicp.lead_files.rows import CheckedRow
from lad import writes
from lad.db.identifiers import uuid7
from lad.db.queries import execute
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.contacts.models import Lead, LeadSocial
from leads.contacts.services.duplicates import Duplicates

SOURCE: Final = "file"
# Characters of each text that a lead keeps as it stood in the file.
MAX_KEPT: Final = 1_000
_WHATSAPP: Final = "whatsapp"
# Held until the transaction ends, so that two files imported at once see each other's leads.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('lead_files:' || %s, 0))"


class Verdict(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Wish:
    """How to import: what to do with duplicates, and what all new leads get."""

    duplicates: Duplicates
    owner: Any = None
    tags: tuple[str, ...] = ()
    file_name: str = ""
    # Known to the leads that are created, so that their import can be undone.
    import_id: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a row, and of which lead."""

    verdict: Verdict
    lead_id: UUID
    reason: str = ""


@dataclass(slots=True)
class _Person:
    """A lead that rows write to: one that exists, or a new one. ``values`` are what is to be written."""

    id: UUID
    lead: Lead | None = None
    social: LeadSocial | None = None
    values: dict[str, Any] = field(default_factory=dict)
    whatsapp: str = ""

    def get(self, name: str) -> Any:
        """Return a field's value as it will be."""
        return self.values[name] if name in self.values else getattr(self.lead, name, None)

    def complete(self, row: CheckedRow, wish: Wish) -> bool:
        """Fill in what the lead lacks. What it has stays, and so does its owner. Return whether that is anything."""
        values = _values(row)
        custom, present = values.pop("custom_fields", {}), self.get("custom_fields") or {}
        new = {name: value for name, value in values.items() if not self.get(name)}
        if missing := {name: value for name, value in custom.items() if name not in present}:
            new["custom_fields"] = {**present, **missing}
        tags = self.get("tags") or []
        if more := [each for each in wish.tags if each not in tags]:
            new["tags"] = [*tags, *more]
        self.values |= new
        return self._add_whatsapp(row.values.get(_WHATSAPP, "")) or bool(new)

    def _add_whatsapp(self, number: str) -> bool:
        if not number or self.whatsapp or (self.social is not None and self.social.data.get(_WHATSAPP)):
            return False
        self.whatsapp = number
        return True


@writes.in_transaction
def write_rows(
    rows: Sequence[CheckedRow], originals: Mapping[int, Mapping[str, str]], wish: Wish, *, actor: Actor
) -> dict[int, Written]:
    """Write rows that name somebody as leads of the current tenant. Return what became of each, by its number.

    ``originals`` are the rows' texts as they stand in the file, which a new lead keeps.
    """
    execute(_LOCK, [str(current_tenant_id())])
    known = {number: each.id for number, each in known_leads(rows).items()}
    completing = wish.duplicates == Duplicates.UPDATE
    people = _existing(set(known.values())) if completing else {}
    earlier: dict[tuple[str, str], UUID] = {}
    found = {}
    for row in rows:
        lead_id = known.get(row.number) or next((earlier[key] for key in keys_of(row) if key in earlier), None)
        if lead_id is None or wish.duplicates == Duplicates.CREATE or (completing and lead_id not in people):
            person = _new(row, originals.get(row.number, {}), wish)
            people[person.id] = person
            written = Written(Verdict.CREATED, person.id)
        elif not completing:
            written = Written(Verdict.SKIPPED, lead_id, "There is a lead for this person already.")
        else:
            changed = people[lead_id].complete(row, wish)
            written = Written(Verdict.UPDATED if changed else Verdict.UNCHANGED, lead_id)
        found[row.number] = written
        for key in keys_of(row):
            earlier.setdefault(key, written.lead_id)
    _write(people.values(), actor)
    return found


def _existing(ids: set[UUID]) -> dict[UUID, _Person]:
    """Return the leads, locked in key order, with their social profiles."""
    rows = Lead.objects.select_for_update(no_key=True).filter(tenant=current_tenant_id(), pk__in=ids).order_by("pk")
    people = {lead.pk: _Person(lead.pk, lead) for lead in rows}
    for social in LeadSocial.objects.select_for_update(no_key=True).filter(lead__in=list(people)).order_by("pk"):
        people[social.lead_id].social = social
    return people


def _new(row: CheckedRow, original: Mapping[str, str], wish: Wish) -> _Person:
    texts = {key: text[:MAX_KEPT] for key, text in original.items()}
    values = {
        **_values(row),
        "source": SOURCE,
        "raw_data": {"import": wish.import_id, "file": wish.file_name[:255], "row": row.number, "texts": texts},
    }
    if wish.owner is not None:
        values["assigned_user"] = wish.owner
    if wish.tags:
        values["tags"] = list(wish.tags)
    return _Person(uuid7(), values=values, whatsapp=row.values.get(_WHATSAPP, ""))


def _write(people: Iterable[_Person], actor: Actor) -> None:
    everybody = list(people)
    new = [{"id": each.id, **each.values} for each in everybody if each.lead is None]
    writes.create_many(Lead, new, actor=actor)
    changed = [(each.lead, each.values) for each in everybody if each.lead is not None and each.values]
    writes.update_many(Lead, changed, actor=actor)
    numbers = [each for each in everybody if each.whatsapp]
    added = [{"lead_id": each.id, "data": {_WHATSAPP: each.whatsapp}} for each in numbers if each.social is None]
    writes.create_many(LeadSocial, added, actor=actor)
    more = [
        (each.social, {"data": {**each.social.data, _WHATSAPP: each.whatsapp}})
        for each in numbers
        if each.social is not None
    ]
    writes.update_many(LeadSocial, more, actor=actor)


def _values(row: CheckedRow) -> dict[str, Any]:
    """Return the fields of the lead. City and country are one place; what leads have no field for is kept beside."""
    stored = {
        column.stored: row.values[column.key]
        for column in COLUMNS
        if column.stored and column.stored != "location" and row.values.get(column.key)
    }
    place = ", ".join(row.values[key] for key in ("city", "country") if row.values.get(key))
    if place:
        stored["location"] = place
    own = {key: row.values[key] for key in ("industry", "company_size") if row.values.get(key)}
    custom = {**row.custom, **own}
    return {**stored, **({"custom_fields": custom} if custom else {})}
