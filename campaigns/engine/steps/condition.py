"""Tell enrolments apart by conditions: yes or no, or by the first of several rules."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from campaigns.design.graph import Step
from campaigns.design.step_types.branch import OTHERWISE
from campaigns.design.step_types.condition import NO, YES
from campaigns.engine import facts
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place, Wait
from campaigns.enrolment.reasons import EnrolmentReason

UNKNOWN: Final[dict[str, Any]] = {"reason": "not_answerable", "note": facts.NOT_ANSWERABLE}


@handles("condition")
def decide(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Answer yes or no. With ``within`` or ``wait_until`` a no has to wait."""
    found = facts.answer(step.config, places, now=context.now)
    if not found.known:
        return [Advance(NO, metadata={"outcome": NO, **UNKNOWN}) for _place in places]
    return [_decided(step, place, place.id in found.met, context) for place in places]


def _decided(step: Step, place: Place, is_met: bool, context: Context) -> Outcome:
    if is_met:
        return Advance(YES, metadata={"outcome": YES})
    if within := step.config.get("within"):
        until = place.entered_at + timedelta(**within)
        if context.now < until:
            return Wait(until, EnrolmentReason.CONDITION)
        return Advance(NO, at=until, metadata={"outcome": NO})
    if step.config.get("wait_until"):
        return Wait(None, EnrolmentReason.CONDITION)
    return Advance(NO, metadata={"outcome": NO})


@handles("branch")
def choose(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Send each enrolment on by the first rule that it meets."""
    chosen: dict[Any, str] = {}
    for number, rule in enumerate(step.config["rules"], start=1):
        left = [place for place in places if place.id not in chosen]
        if left:
            chosen |= dict.fromkeys(facts.answer(rule, left, now=context.now).met, str(number))
    outcomes = [chosen.get(place.id, OTHERWISE) for place in places]
    return [Advance(outcome, metadata={"outcome": outcome}) for outcome in outcomes]
