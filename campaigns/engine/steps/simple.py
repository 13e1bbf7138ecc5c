"""Steps that only lead somewhere: start, end and goto."""

from collections.abc import Sequence

from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, End, Outcome, Place
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason


@handles("start", "goto")
def pass_on(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Go on without an activity."""
    return [Advance(step.outcomes[0], status=None) for _place in places]


@handles("end")
def finish(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Complete the enrolments."""
    return [End(EnrolmentStatus.COMPLETED, EnrolmentReason.FINISHED) for _place in places]
