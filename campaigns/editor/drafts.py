"""A sequence as it is written down: its steps in order, each with a key, and where their outcomes lead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from json import dumps
from typing import Any, Final
from uuid import UUID

from campaigns.design.graph import Graph, Step
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import canonical_key, step_types
from lad.db.identifiers import uuid7, uuid_or_none

# Links every outcome that is not named.
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class DraftStep:
    """One step. ``key`` is the id of a step that exists, or any other text for a new one.

    ``links`` maps outcomes to the keys of steps, None for the end. An outcome without a link leads to the next step.
    """

    key: str
    type: str
    title: str
    description: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that lead somewhere, the usual one first."""
        if self.type not in step_types or self.type == "end":
            return ()
        return step_types.get(self.type).outcomes_of(self.config)


def draft_of(steps: Iterable[Mapping[str, Any]]) -> list[DraftStep]:
    """Return the steps of a stored or sent document. Settings get our names, whatever synonyms were written."""
    return [_draft_step(each) for each in steps]


def _draft_step(given: Mapping[str, Any]) -> DraftStep:
    key = str(canonical_key(given["type"]))
    config: Any = given.get("config") or {}
    if key in step_types:
        config = step_types.get(key).normalised(config)
    links = {outcome: target or None for outcome, target in (given.get("links") or {}).items()}
    step = DraftStep(str(given["key"]), key, given["title"], given.get("description", ""), config, links)
    if ANY not in links:
        return step
    others = dict.fromkeys(step.outcomes, links.pop(ANY))
    return replace(step, links={**others, **links})


def document_of(draft: Sequence[DraftStep]) -> list[dict[str, Any]]:
    """Return the steps as they are stored, with keys that count from 1 and with no link that leads to the next step."""
    names = {step.key: f"step-{place}" for place, step in enumerate(draft, start=1)}
    return [
        {
            "key": names[step.key],
            "type": step.type,
            "title": step.title,
            **({"description": step.description} if step.description else {}),
            "config": dict(step.config),
            "links": {outcome: names[target] if target else None for outcome, target in explicit.items()},
        }
        for step, explicit in ((step, explicit_links(draft, place)) for place, step in enumerate(draft))
    ]


def explicit_links(draft: Sequence[DraftStep], place: int) -> dict[str, str | None]:
    """Return the links of a step that lead elsewhere than to the next step."""
    step = draft[place]
    following = draft[place + 1].key if place + 1 < len(draft) else None
    return {
        outcome: step.links[outcome]
        for outcome in step.outcomes
        if outcome in step.links and (step.links[outcome] != following or step.type == "goto")
    }


def draft_of_campaign(campaign: Campaign, graph: Graph) -> list[DraftStep]:
    """Return the campaign's steps, with the links that they have."""
    rows = {row.pk: row for row in campaign.steps.all()}
    return [
        DraftStep(
            str(step.id),
            step.type,
            step.title,
            rows[step.id].description if step.id in rows else "",
            step.config,
            {outcome: str(target) if target else None for outcome, target in step.links.items()},
        )
        for step in graph.steps
    ]


def graph_of_draft(draft: Sequence[DraftStep], ids: Mapping[str, UUID]) -> Graph:
    """Return the graph that the steps make. ``ids`` has the id of each key."""
    return Graph(
        Step(
            ids[step.key],
            step.type,
            order,
            step.title,
            step.config,
            {outcome: ids[to] if to else None for outcome, to in explicit_links(draft, order - 1).items()},
        )
        for order, step in enumerate(draft, start=1)
    )


def ids_of(draft: Sequence[DraftStep], existing: Mapping[UUID, CampaignStep]) -> dict[str, UUID]:
    """Return the id of each step: its own, or a new one for a step that does not exist yet."""
    found = {}
    for step in draft:
        key = uuid_or_none(step.key)
        found[step.key] = key if key is not None and key in existing else uuid7()
    return found


def version_of(draft: Sequence[DraftStep]) -> str:
    """Return a text that changes with every change of the steps, their texts, their order or their links."""
    written = [
        [step.key, step.type, step.title, step.description, dict(step.config), dict(sorted(step.links.items()))]
        for step in draft
    ]
    return sha256(dumps(written, sort_keys=True, default=str).encode()).hexdigest()[:32]
