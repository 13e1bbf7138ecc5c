"""Visit the lead's LinkedIn profile."""

from campaigns.design.channels import Channel
from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="linkedin_visit",
        label="LinkedIn: visit profile",
        channel=Channel.LINKEDIN,
        synonyms=("linkedin_profile_visit",),
    )
)
