"""Write to the lead on Instagram."""

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.instagram_follow import INSTAGRAM_ACTION, OWN_NAME
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_dm",
        label="Instagram: direct message",
        channel=Channel.WEB,
        provider="instagram",
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=INSTAGRAM_ACTION,
        synonyms=("instagram",),
        required={"message": TEXT},
        # Instagram's own limit.
        max_length=1_000,
        optional={**OWN_NAME, **IF_NOT_SENT},
        outcomes=OUTCOMES,
        config_synonyms={"instagramUsername": "username", "instagramDmMessage": "message"},
    )
)
