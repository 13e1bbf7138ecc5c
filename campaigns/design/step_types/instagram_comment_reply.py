"""Comment on the lead's newest post on Instagram."""

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.instagram_follow import INSTAGRAM_ACTION, OWN_NAME
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_comment_reply",
        label="Instagram: comment",
        channel=Channel.WEB,
        provider="instagram",
        contacts_lead=True,
        action=Action.COMMENT,
        metered=INSTAGRAM_ACTION,
        required={"comment": TEXT},
        # Instagram's own limit.
        max_length=2_200,
        optional={**OWN_NAME, **IF_NOT_SENT},
        outcomes=OUTCOMES,
        config_synonyms={"instagramUsername": "username", "instagramCommentText": "comment"},
    )
)
