"""The steps of a campaign as a graph: what follows on each outcome, and what can still be reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.design.step_specs import step_types

START: Final = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``links`` maps an outcome to the step that it leads to, None for the end."""

    id: UUID
    type: str
    order: int
    title: str = ""
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)
    links: Mapping[str, UUID | None] = field(default_factory=dict, compare=False)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the ways in which the step can end, the usual one first."""
        known = step_types.get(self.type).outcomes_of(self.config) if self.type in step_types else ()
        return known or ("done",)


class Graph:
    """The steps of one campaign in their order."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = sorted(steps, key=lambda step: step.order)
        self.by_id = {step.id: step for step in self.steps}
        self._next = {
            step.id: self.steps[place + 1] if place + 1 < len(self.steps) else None
            for place, step in enumerate(self.steps)
        }

    @property
    def first(self) -> Step | None:
        """Return the step where every enrolment begins; None without steps."""
        return self.steps[0] if self.steps else None

    def beginning(self, done_order: int) -> Step | None:
        """Return the first step after that order: where an enrolment goes on whose place is not known by id."""
        return next((step for step in self.steps if step.order > done_order), None)

    def after(self, step: Step, outcome: str) -> Step | None:
        """Return the step that follows on the outcome; None if the enrolment ends there."""
        if outcome in step.links:
            target = step.links[outcome]
            return self.by_id.get(target) if target is not None else None
        return self._next[step.id]

    def usual_next(self, step: Step) -> Step | None:
        """Return the step that follows on the usual outcome."""
        return self.after(step, step.outcomes[0])

    @cached_property
    def goals(self) -> list[Step]:
        return [step for step in self.steps if step.type == "goal"]

    def successors(self, step: Step) -> set[UUID]:
        """Return the steps that can follow directly."""
        if step.type == "end":
            return set()
        found = {self.after(step, outcome) for outcome in step.outcomes}
        return {each.id for each in found if each is not None}

    def reachable(self, start: UUID | None) -> frozenset[UUID]:
        """Return the steps that an enrolment can still come to: from the beginning, or after it has done ``start``."""
        if start is START:
            return frozenset() if self.first is None else frozenset({self.first.id}) | self.reachable(self.first.id)
        return self._reachable[start]

    def circles(self, start: UUID) -> list[frozenset[UUID]]:
        """Group ``start`` and the steps after it: two steps are in one group if each can be reached from the other.

        A group stands after the groups that its steps lead to, so that of ``start`` is the last. A step that is in no
        circle is a group of its own.
        """
        onwards = {key: self.reachable(key) | {key} for key in self.reachable(start) | {start}}
        groups: list[frozenset[UUID]] = []
        for key, after in sorted(onwards.items(), key=lambda pair: len(pair[1])):
            if not any(key in group for group in groups):
                groups.append(frozenset(other for other in after if key in onwards[other]))
        return groups

    @cached_property
    def following(self) -> dict[UUID, set[UUID]]:
        """The steps that can follow each step directly."""
        return {step.id: self.successors(step) for step in self.steps}

    @cached_property
    def _reachable(self) -> dict[UUID, frozenset[UUID]]:
        found = {}
        for step in self.steps:
            seen: set[UUID] = set()
            waiting = list(self.following[step.id])
            while waiting:
                key = waiting.pop()
                if key not in seen:
                    seen.add(key)
                    waiting += self.following[key]
            found[step.id] = frozenset(seen)
        return found


def graph_of(campaign: Campaign) -> Graph:
    """Return the campaign's graph, read in two statements."""
    links: dict[UUID, dict[str, UUID | None]] = {}
    for step_id, outcome, target in StepLink.objects.filter(campaign=campaign, tenant=campaign.tenant_id).values_list(
        "step", "outcome", "target"
    ):
        links.setdefault(step_id, {})[outcome] = target
    rows = CampaignStep.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    return Graph(
        Step(key, type_, order, title, config, links.get(key, {}))
        for key, type_, order, title, config in rows.values_list("pk", "type", "order", "title", "config")
    )
