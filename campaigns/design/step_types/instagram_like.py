"""Like the lead's posts on Instagram."""

from campaigns.design.step_specs import USERNAME, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_like",
        label="Instagram: like",
        channel=Channel.WEB,
        provider="instagram",
        required={"username": USERNAME},
        config_synonyms={"instagramUsername": "username"},
    )
)
