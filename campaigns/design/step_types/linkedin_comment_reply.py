"""Comment on the lead's newest post on LinkedIn."""

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_comment_reply",
        label="LinkedIn: comment",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        action=Action.COMMENT,
        metered=LINKEDIN_ACTION,
        required={"comment": TEXT},
        # LinkedIn's own limit.
        max_length=1_250,
        optional=IF_NOT_SENT,
        outcomes=OUTCOMES,
        config_synonyms={"linkedinCommentText": "comment"},
    )
)
