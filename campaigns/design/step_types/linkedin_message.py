"""Write to the lead on LinkedIn."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_message",
        label="LinkedIn: message",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        templated=True,
        required={"message": TEXT},
        config_synonyms={"linkedinMessage": "message"},
    )
)
