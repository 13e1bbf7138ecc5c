"""Where a sequence begins."""

from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="start",
        label="Start",
    )
)
