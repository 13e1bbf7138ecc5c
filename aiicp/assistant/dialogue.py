"""Decide where a conversation stands and what is asked next. Depends on nothing but what is known."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aiicp.extraction.slots import Slots, completeness, missing

CONFIRMATION: Final = "confirmation"
COLLECTING: Final = "collecting_info"
AWAITING: Final = "awaiting_confirmation"
READY_TO_ACT: Final = "ready_for_execution"
# A search without any of them would find everybody.
SEARCHABLE: Final = ("roles", "industries", "locations")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a conversation stands.

    ``stage`` and ``progress`` are those of ``aiicp.json_schemas``. ``asking`` is what to ask for next, or an empty
    text when there is nothing to ask. ``missing`` is what the profile lacks, answered with "skip" or not.
    """

    stage: str
    progress: str
    asking: str
    missing: tuple[str, ...]
    completeness: float


def position(slots: Slots, *, skipped: Collection[str] = (), confirmed: bool = False) -> Position:
    """Return where a conversation with these slots stands. ``skipped`` are questions that the user left out."""
    if not slots.outreach_type:
        return Position("outreach_type", COLLECTING, "outreach_type", ("outreach_type", *missing(slots)), 0.0)
    if slots.outreach_type == "outbound" and not slots.target_knowledge:
        lacking = ("target_knowledge", *missing(slots))
        return Position("outbound_target_knowledge", COLLECTING, "target_knowledge", lacking, completeness(slots))
    lacking = missing(slots)
    asking = next((name for name in lacking if name not in skipped), "")
    if not asking and slots.outreach_type == "outbound" and not searchable(slots):
        # Everything was skipped. One thing at least is needed.
        asking = next((name for name in SEARCHABLE if name in lacking), "")
    if asking:
        return Position(_collecting_stage(slots), COLLECTING, asking, lacking, completeness(slots))
    if confirmed:
        return Position(READY_TO_ACT, READY_TO_ACT, "", lacking, completeness(slots))
    return Position(CONFIRMATION, AWAITING, CONFIRMATION, lacking, completeness(slots))


def searchable(slots: Slots) -> bool:
    """Return whether a search with these slots finds less than everybody."""
    return bool(
        slots.titles
        or slots.departments
        or slots.seniorities
        or slots.industries
        or slots.locations
        or slots.companies
        or slots.linkedin_urls
    )


def _collecting_stage(slots: Slots) -> str:
    if slots.outreach_type == "inbound":
        return "inbound_flow"
    return "outbound_known_target" if slots.target_knowledge == "known" else "outbound_icp_discovery"
