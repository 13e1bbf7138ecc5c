"""Split enrolments into variants."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from uuid import UUID

from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place


@handles("ab_split")
def split(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Send each enrolment to its variant."""
    weights = step.config["weights"]
    variants = [step.outcomes[variant_of(place.id, step.id, weights)] for place in places]
    return [Advance(variant, metadata={"variant": variant}) for variant in variants]


def variant_of(enrolment_id: UUID, step_id: UUID, weights: Sequence[int]) -> int:
    """Return the number of the enrolment's variant, from 0. The same enrolment always gets the same one at a step."""
    drawn = int.from_bytes(sha256(enrolment_id.bytes + step_id.bytes).digest()[:8]) % sum(weights)
    return next(number for number, limit in enumerate(accumulate(weights)) if drawn < limit)
