"""Goals: whoever reaches one finishes, from wherever it is."""

from collections.abc import Sequence
from uuid import UUID

from campaigns.engine import facts
from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place


@handles("goal")
def pass_by(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Let enrolments pass that come along without having reached the goal."""
    return [Advance(step.outcomes[0], status=None) for _place in places]


def reached(places: Sequence[Place], context: Context) -> dict[UUID, Step]:
    """Return the goal that each enrolment has reached, for those that have. The first of several counts."""
    found: dict[UUID, Step] = {}
    for step in context.graph.goals:
        left = [place for place in places if place.id not in found]
        rule = {"condition": step.config["goal"], "values": step.config.get("values", ())}
        found |= dict.fromkeys(facts.answer(rule, left).met, step)
    return found
