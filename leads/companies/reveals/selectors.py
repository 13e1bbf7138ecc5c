"""Read reveals, and how far requests have come."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lad.tenancy.context import current_tenant_id
from leads.companies import sources
from leads.companies.reveals.models import (
    CANCELLED,
    GIVEN_UP,
    OPEN,
    TOO_LATE,
    Reveal,
    RevealRequest,
    RevealState,
)

DECIDED: Final = (GIVEN_UP, CANCELLED, TOO_LATE)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many reveals of a request there are, and how many have found something, found nothing, or failed.

    ``unknown`` ones wait for a person's decision.
    """

    total: int
    open: int
    found: int
    empty: int
    failed: int
    unknown: int

    @property
    def is_finished(self) -> bool:
        """Return whether nothing more comes by itself."""
        return not self.open

    @property
    def percent(self) -> int:
        return 100 * (self.total - self.open) // self.total if self.total else 100


def is_unanswered(reveal: Reveal) -> bool:
    """Return whether a reveal failed before the directory said anything about the person.

    The account was refused, its credits were used up, or it could not be reached. What came too late, and what somebody
    has given up, is not asked for again by itself.
    """
    return reveal.state == RevealState.FAILED and reveal.error not in DECIDED


def reveals_of(person_ids: Iterable[str], *, kinds: Collection[str] = ()) -> list[Reveal]:
    """Return the reveals of people of the current tenant, in the order of people and kinds."""
    rows = Reveal.objects.filter(tenant=current_tenant_id(), source=sources.APOLLO, person_id__in=list(person_ids))
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    return list(rows.order_by("person_id", "kind"))


def results_of(request: RevealRequest) -> list[Reveal]:
    """Return the reveals that a request is about, in the order of its people."""
    places = {person_id: place for place, person_id in enumerate(request.person_ids)}
    rows = reveals_of(request.person_ids, kinds=request.kinds)
    return sorted(rows, key=lambda row: (places[row.person_id], row.kind))


def progress_of(reveals: Sequence[Reveal]) -> Progress:
    """Return how far the reveals have come."""
    states = [row.state for row in reveals]
    return Progress(
        len(states),
        sum(state in OPEN for state in states),
        states.count(RevealState.FOUND),
        states.count(RevealState.EMPTY),
        states.count(RevealState.FAILED),
        states.count(RevealState.UNKNOWN),
    )
