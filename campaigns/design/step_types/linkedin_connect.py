"""Invite the lead to connect on LinkedIn."""

from typing import Final

from campaigns.design.step_specs import StepSpec, step_types
from leads.channels import Channel

# LinkedIn's own limit.
MAX_INVITATION_LENGTH: Final = 300

step_types.register(
    StepSpec(
        key="linkedin_connect",
        label="LinkedIn: connect",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        templated=True,
        synonyms=("linkedin_connection",),
        optional={"message": {"type": "string", "maxLength": MAX_INVITATION_LENGTH}},
        config_synonyms={"connectionMessage": "message"},
    )
)
