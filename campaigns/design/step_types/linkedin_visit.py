"""Visit the lead's LinkedIn profile."""

from campaigns.design.step_specs import StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_visit",
        label="LinkedIn: visit profile",
        channel=Channel.LINKEDIN,
        synonyms=("linkedin_profile_visit",),
    )
)
