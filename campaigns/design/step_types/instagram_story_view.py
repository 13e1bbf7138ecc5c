"""View the lead's Instagram stories."""

from campaigns.design.step_specs import USERNAME, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_story_view",
        label="Instagram: view story",
        channel=Channel.WEB,
        provider="instagram",
        required={"username": USERNAME},
        config_synonyms={"instagramUsername": "username"},
    )
)
