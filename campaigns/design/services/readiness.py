"""Find what is wrong with a campaign's steps before it starts, and what they will not do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.services.circles import leads_back
from campaigns.design.step_specs import CONNECTED, channel_of, step_types

# Steps that may take time. A circle with one of them ends for now.
WAITING: Final = frozenset({"delay", "manual_task", "condition"})


@dataclass(frozen=True, slots=True)
class MissingRequirement:
    """One reason why a campaign cannot run, or what it will not do. ``code`` is for programs, ``message`` for users."""

    code: str
    message: str


def faults(campaign: Campaign) -> Iterator[MissingRequirement]:
    """Yield what must be corrected in the steps before the campaign can run."""
    graph = graph_of(campaign)
    for step in graph.steps:
        if step.type == "goto" and "done" not in step.links:
            yield MissingRequirement("goto_without_target", f"“{step.title}” leads nowhere. Link it to a step.")
    if circle := _circle(graph):
        message = f"“{circle.title}” leads back to itself without a wait. Add a delay to the circle."
        yield MissingRequirement("endless_loop", message)
    if leads_back(campaign, to=campaign.pk):
        message = "It sends its leads to a campaign that sends them back. Remove one of these steps."
        yield MissingRequirement("campaigns_in_a_circle", message)


def notes(campaign: Campaign) -> list[MissingRequirement]:
    """Return what the campaign will not do although it can run."""
    found = []
    for step in graph_of(campaign).steps:
        channel = channel_of(step.type)
        if step.type not in step_types or step_types.get(step.type).for_everybody:
            continue
        if channel is not None and channel not in CONNECTED:
            message = f"“{step.title}” waits: LAD is not connected to {channel.label} yet."
            found.append(MissingRequirement("channel_not_connected", message))
    return found


def _circle(graph: Graph) -> Step | None:
    """Return a step that leads back to itself through steps that take no time; None if there is none."""
    quick = {step.id for step in graph.steps if step.type not in WAITING and channel_of(step.type) is None}
    following = {key: graph.successors(graph.by_id[key]) & quick for key in quick}
    while ends := [key for key, after in following.items() if not after & following.keys()]:
        for key in ends:
            del following[key]
    return graph.by_id[min(following, key=lambda key: graph.by_id[key].order)] if following else None
