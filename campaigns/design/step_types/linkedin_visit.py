"""Visit the lead's LinkedIn profile."""

from typing import Final

from campaigns.design.step_specs import IF_NOT_DONE, OUTCOMES, PriceComponent, StepSpec, step_types
from campaigns.messages.models import Action
from leads.channels import Channel

LINKEDIN_ACTION: Final = PriceComponent(category="messaging", provider="lad", model="linkedin", unit="message")

step_types.register(
    StepSpec(
        key="linkedin_visit",
        label="LinkedIn: visit profile",
        channel=Channel.LINKEDIN,
        action=Action.VISIT,
        metered=LINKEDIN_ACTION,
        synonyms=("linkedin_profile_visit",),
        optional=IF_NOT_DONE,
        outcomes=OUTCOMES,
    )
)
