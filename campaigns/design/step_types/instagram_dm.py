"""Write to the lead on Instagram."""

from campaigns.design.step_specs import TEXT, USERNAME, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_dm",
        label="Instagram: direct message",
        channel=Channel.WEB,
        provider="instagram",
        contacts_lead=True,
        synonyms=("instagram",),
        required={"username": USERNAME, "message": TEXT},
        config_synonyms={"instagramUsername": "username", "instagramDmMessage": "message"},
    )
)
