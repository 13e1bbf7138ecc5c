"""Like the lead's newest post on LinkedIn."""

from campaigns.design.step_specs import IF_NOT_DONE, OUTCOMES, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_like",
        label="LinkedIn: like a post",
        channel=Channel.LINKEDIN,
        action=Action.LIKE,
        metered=LINKEDIN_ACTION,
        synonyms=("linkedin_like_post",),
        optional=IF_NOT_DONE,
        outcomes=OUTCOMES,
    )
)
