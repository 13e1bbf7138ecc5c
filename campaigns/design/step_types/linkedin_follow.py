"""Follow the lead on LinkedIn."""

from campaigns.design.channels import Channel
from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="linkedin_follow",
        label="LinkedIn: follow",
        channel=Channel.LINKEDIN,
    )
)
