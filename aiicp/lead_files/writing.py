"""Write rows of a file as leads, through the writer of leads: its rules, events and audit apply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from aiicp.lead_files.columns import COLUMNS
from aiicp.lead_files.matching import keys_of, known_leads
from aiicp.lead_files.rows import CheckedRow
from lad import writes
from lad.db.queries import execute
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.contacts.models import Lead, LeadSocial

SOURCE: Final = "file"
# Characters of each text that a lead keeps as it stood in the file.
MAX_KEPT: Final = 1_000
_WHATSAPP: Final = "whatsapp"
# Held until the transaction ends, so that two files imported at once see each other's leads.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('lead_files:' || %s, 0))"


class Duplicates(StrEnum):
    """What to do with a row whose person is a lead already."""

    SKIP = "skip"
    UPDATE = "update"
    CREATE = "create"


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


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a row, and of which lead."""

    verdict: Verdict
    lead_id: UUID
    reason: str = ""


@writes.in_transaction
def write_rows(
    rows: Sequence[CheckedRow], originals: Mapping[int, Mapping[str, str]], wish: Wish, *, actor: Actor
) -> dict[int, Written]:
    """Write rows that name somebody as leads of the current tenant. Return what became of each, by its number.

    ``originals`` are the rows' texts as they stand in the file, which a new lead keeps.
    """
    execute(_LOCK, [str(current_tenant_id())])
    known = {number: each.id for number, each in known_leads(rows).items()}
    earlier: dict[tuple[str, str], UUID] = {}
    found = {}
    for row in rows:
        lead_id = known.get(row.number) or next((earlier[key] for key in keys_of(row) if key in earlier), None)
        if lead_id is None or wish.duplicates == Duplicates.CREATE:
            written = Written(Verdict.CREATED, _create(row, originals.get(row.number, {}), wish, actor))
        elif wish.duplicates == Duplicates.SKIP:
            written = Written(Verdict.SKIPPED, lead_id, "There is a lead for this person already.")
        else:
            written = _complete(row, lead_id, wish, actor)
        found[row.number] = written
        for key in keys_of(row):
            earlier.setdefault(key, written.lead_id)
    return found


def _create(row: CheckedRow, original: Mapping[str, str], wish: Wish, actor: Actor) -> UUID:
    values = {
        **_values(row),
        "source": SOURCE,
        "raw_data": {
            "file": wish.file_name[:255],
            "row": row.number,
            "texts": {key: text[:MAX_KEPT] for key, text in original.items()},
        },
    }
    if wish.owner is not None:
        values["assigned_user"] = wish.owner
    if wish.tags:
        values["tags"] = list(wish.tags)
    lead: Lead = writes.create(Lead, values, actor=actor)
    if row.values.get(_WHATSAPP):
        writes.create(LeadSocial, {"lead": lead, "data": {_WHATSAPP: row.values[_WHATSAPP]}}, actor=actor)
    return UUID(str(lead.pk))


def _complete(row: CheckedRow, lead_id: UUID, wish: Wish, actor: Actor) -> Written:
    """Fill in what the lead lacks. What it has stays, and so does its owner."""
    lead: Lead = Lead.objects.select_for_update().get(pk=lead_id)
    values = _values(row)
    custom = values.pop("custom_fields", {})
    new = {name: value for name, value in values.items() if not getattr(lead, name)}
    if missing := {name: value for name, value in custom.items() if name not in lead.custom_fields}:
        new["custom_fields"] = {**lead.custom_fields, **missing}
    if tags := [each for each in wish.tags if each not in lead.tags]:
        new["tags"] = [*lead.tags, *tags]
    added = _add_whatsapp(lead, row.values.get(_WHATSAPP, ""), actor)
    if new:
        writes.update(lead, new, actor=actor)
    return Written(Verdict.UPDATED if new or added else Verdict.UNCHANGED, lead_id)


def _add_whatsapp(lead: Lead, number: str, actor: Actor) -> bool:
    if not number:
        return False
    social = LeadSocial.objects.filter(lead=lead).first()
    if social is None:
        writes.create(LeadSocial, {"lead": lead, "data": {_WHATSAPP: number}}, actor=actor)
        return True
    if social.data.get(_WHATSAPP):
        return False
    writes.update(social, {"data": {**social.data, _WHATSAPP: number}}, actor=actor)
    return True


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
