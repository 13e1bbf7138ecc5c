"""Follow the lead on Instagram."""

from typing import Final

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, USERNAME, PriceComponent, StepSpec, step_types
from campaigns.messages.models import Action
from leads.channels import Channel

INSTAGRAM_ACTION: Final = PriceComponent(category="messaging", provider="lad", model="instagram", unit="message")
# The lead's Instagram name unless something else is written, such as {{ custom.instagram }}.
OWN_NAME: Final = {"username": USERNAME}

step_types.register(
    StepSpec(
        key="instagram_follow",
        label="Instagram: follow",
        channel=Channel.WEB,
        provider="instagram",
        action=Action.FOLLOW,
        metered=INSTAGRAM_ACTION,
        optional={**OWN_NAME, **IF_NOT_SENT},
        outcomes=OUTCOMES,
        config_synonyms={"instagramUsername": "username"},
    )
)
