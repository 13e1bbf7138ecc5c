"""Follow the lead on LinkedIn."""

from campaigns.design.step_specs import IF_NOT_DONE, OUTCOMES, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_follow",
        label="LinkedIn: follow",
        channel=Channel.LINKEDIN,
        action=Action.FOLLOW,
        metered=LINKEDIN_ACTION,
        optional=IF_NOT_DONE,
        outcomes=OUTCOMES,
    )
)
