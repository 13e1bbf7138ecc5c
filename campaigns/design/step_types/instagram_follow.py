"""Follow the lead on Instagram."""

from campaigns.design.step_specs import USERNAME, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_follow",
        label="Instagram: follow",
        channel=Channel.WEB,
        provider="instagram",
        required={"username": USERNAME},
        config_synonyms={"instagramUsername": "username"},
    )
)
