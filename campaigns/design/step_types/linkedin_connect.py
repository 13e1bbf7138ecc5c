"""Invite the lead to connect on LinkedIn, with a note or without."""

from typing import Final

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

# LinkedIn's own limit. For accounts that pay nothing it is lower, which only LinkedIn knows of an account.
MAX_INVITATION_LENGTH: Final = 300
MAX_WITHDRAW_DAYS: Final = 180
CONNECTED: Final = "connected"

step_types.register(
    StepSpec(
        key="linkedin_connect",
        label="LinkedIn: connect",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        action=Action.INVITATION,
        metered=LINKEDIN_ACTION,
        templated=True,
        synonyms=("linkedin_connection",),
        max_length=MAX_INVITATION_LENGTH,
        optional={
            "message": {"type": "string", "maxLength": MAX_INVITATION_LENGTH},
            # An invitation that is not answered within so many days is withdrawn. Without it, it stays.
            "withdraw_after_days": {"type": "integer", "minimum": 1, "maximum": MAX_WITHDRAW_DAYS},
            **IF_NOT_SENT,
        },
        # The last one is for leads who are connected with the account already.
        outcomes=(*OUTCOMES, CONNECTED),
        config_synonyms={"connectionMessage": "message"},
    )
)
