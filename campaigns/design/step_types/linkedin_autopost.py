"""Publish a post on LinkedIn."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_autopost",
        label="LinkedIn: post",
        channel=Channel.LINKEDIN,
        for_everybody=True,
        required={"content": TEXT},
        config_synonyms={"linkedinPostContent": "content"},
    )
)
