"""Where a sequence ends."""

from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="end",
        label="End",
    )
)
