"""Follow the lead on LinkedIn."""

from campaigns.design.step_specs import StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_follow",
        label="LinkedIn: follow",
        channel=Channel.LINKEDIN,
    )
)
