"""View the lead's Instagram stories."""

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, StepSpec, step_types
from campaigns.design.step_types.instagram_follow import INSTAGRAM_ACTION, OWN_NAME
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_story_view",
        label="Instagram: view story",
        channel=Channel.WEB,
        provider="instagram",
        action=Action.STORY_VIEW,
        metered=INSTAGRAM_ACTION,
        optional={**OWN_NAME, **IF_NOT_SENT},
        outcomes=OUTCOMES,
        config_synonyms={"instagramUsername": "username"},
    )
)
