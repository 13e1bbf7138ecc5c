"""Finish the enrolment of a lead as soon as it reaches a goal, wherever it is. Others pass this step."""

from typing import Final

from campaigns.design.step_specs import TEXTS, StepSpec, step_types

GOALS: Final = ("replied", "booked", "stage", "clicked")

step_types.register(
    StepSpec(
        key="goal",
        label="Goal",
        required={"goal": {"enum": list(GOALS)}},
        # The stages, for the goal of that name.
        optional={"values": TEXTS},
    )
)
