"""Reply to a comment on LinkedIn."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_comment_reply",
        label="LinkedIn: reply to comment",
        channel=Channel.LINKEDIN,
        contacts_lead=True,
        required={"comment": TEXT},
        config_synonyms={"linkedinCommentText": "comment"},
    )
)
