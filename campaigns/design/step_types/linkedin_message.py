"""Write to the lead on LinkedIn, once they are connected."""

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_message",
        label="LinkedIn: message",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=LINKEDIN_ACTION,
        templated=True,
        required={"message": TEXT},
        # LinkedIn's own limit.
        max_length=8_000,
        optional={
            # What to do while the lead and the account are not connected. The default is to wait.
            "if_not_connected": {"enum": ["wait", "skip"]},
            **IF_NOT_SENT,
        },
        outcomes=OUTCOMES,
        config_synonyms={"linkedinMessage": "message", "followupMessage": "message"},
    )
)
