"""What the assistant shows of an ideal customer: slots that belong together, read and written by one name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from aiicp.extraction.slots import EXCLUDABLE, LISTS, RANGES, Range, Slots

READY: Final = "inbound_data_ready"
FACETS: Final[Mapping[str, tuple[str, ...]]] = {
    "outreach_type": ("outreach_type",),
    "target_knowledge": ("target_knowledge",),
    "inbound_sources": ("inbound_sources",),
    READY: (READY,),
    "linkedin_urls": ("linkedin_urls",),
    "companies": ("companies",),
    "problem_statement": ("problem_statement",),
    "roles": ("titles", "departments", "seniorities"),
    "industries": ("industries",),
    "company_size": ("employees", "company_size"),
    "locations": ("cities", "regions", "countries"),
    "deal_type": ("deal_type",),
    "technologies": ("technologies",),
    "keywords": ("keywords",),
    "revenue": ("revenue",),
    "funding": ("funding", "funding_stages"),
    "founded": ("founded",),
    "platforms": ("platforms",),
    "goals": ("goals",),
    "limit": ("limit",),
}
FACET_OF: Final = {slot: facet for facet, slots in FACETS.items() for slot in slots}
EXCLUDED: Final = "excluded_"
Stored = Any


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of a facet."""

    slot: str
    value: str | int | bool | Range
    excluded: bool = False


def facet_of(slot: str) -> str:
    """Return the facet that a slot, or what is excluded from it, belongs to."""
    return FACET_OF[slot.removeprefix(EXCLUDED)]


def slots_of(facet: str) -> tuple[str, ...]:
    """Return the slots of a facet, those of what is excluded included."""
    wanted = FACETS[facet]
    return (*wanted, *(f"{EXCLUDED}{slot}" for slot in wanted if slot in EXCLUDABLE))


def value_of(slots: Slots, slot: str) -> Any:
    return slots.other.get(READY) if slot == READY else getattr(slots, slot)


def with_value(slots: Slots, slot: str, value: Any) -> Slots:
    """Return the slots with another value of one."""
    if slot != READY:
        return replace(slots, **{slot: value})
    other = {name: each for name, each in slots.other.items() if name != READY}
    return replace(slots, other=other if value is None else {**other, READY: value})


def stored(value: Any) -> Stored:
    """Return a slot's value as JSON keeps it."""
    if isinstance(value, Range):
        return {"min": value.least, "max": value.most, "currency": value.currency}
    return list(value) if isinstance(value, tuple) else value


def restored(slot: str, value: Stored) -> Any:
    """Return the value that ``stored`` was given."""
    name = slot.removeprefix(EXCLUDED)
    if name in RANGES:
        return Range(value.get("min"), value.get("max"), value.get("currency", "")) if value else None
    return tuple(value or ()) if name in LISTS else value


def shown(slots: Slots, facet: str) -> list[Shown]:
    """Return the values of a facet, what is wanted first."""
    found = []
    for slot in slots_of(facet):
        value = value_of(slots, slot)
        excluded = slot.startswith(EXCLUDED)
        if isinstance(value, tuple) and not isinstance(value, Range):
            found += [Shown(slot, each, excluded) for each in value]
        elif value not in (None, ""):
            found.append(Shown(slot, value, excluded))
    return found


def changed(before: Slots, after: Slots) -> list[str]:
    """Return the slots that differ."""
    names = [slot for facet in FACETS for slot in slots_of(facet)]
    return [slot for slot in names if value_of(before, slot) != value_of(after, slot)]
