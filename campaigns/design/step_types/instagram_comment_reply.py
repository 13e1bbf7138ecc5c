"""Reply to a comment on Instagram."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_comment_reply",
        label="Instagram: reply to comment",
        channel=Channel.WEB,
        provider="instagram",
        contacts_lead=True,
        required={"comment": TEXT},
        config_synonyms={"instagramUsername": "username", "instagramCommentText": "comment"},
    )
)
