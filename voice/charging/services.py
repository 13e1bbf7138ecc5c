"""Credits of calls: held before a call is placed, charged by what it used, released if it was not placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from voice.dialer.models import CallPlacement


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be placed now, and when to ask again. ``ends`` says that its batch is paused for it."""

    detail: str
    until: datetime
    ends: bool = False


@dataclass(frozen=True, slots=True)
class HeldCredits:
    """The calls that may be placed, and why the others may not, by the id of the call."""

    allowed: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, Refusal] = field(default_factory=dict)


def hold_for(placements: Sequence[CallPlacement], *, now: datetime) -> HeldCredits:
    """Hold the credits of calls that are about to be placed, in the transaction that claims them."""
    return HeldCredits(frozenset(each.call_log_id for each in placements))
