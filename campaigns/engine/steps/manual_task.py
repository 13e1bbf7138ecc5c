"""Give a person a task and wait for it."""

from collections.abc import Sequence

from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place, Task
from campaigns.enrolment.reasons import EnrolmentReason

SETTLED = {EnrolmentReason.TASK_DONE: "done", EnrolmentReason.TASK_SKIPPED: "skipped"}


@handles("manual_task")
def ask(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Write a task for those that have just arrived. Let those go on whose task is settled."""
    return [
        Advance(SETTLED[EnrolmentReason(place.reason)], status=None)
        if place.reason in SETTLED
        else Task(step.config["instructions"])
        for place in places
    ]
