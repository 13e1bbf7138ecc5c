"""Read the lead's LinkedIn profile, for conditions and variables."""

from campaigns.design.step_specs import IF_NOT_DONE, OUTCOMES, TEXTS, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_scrape_profile",
        label="LinkedIn: read profile",
        channel=Channel.LINKEDIN,
        action=Action.PROFILE,
        metered=LINKEDIN_ACTION,
        required={"fields": TEXTS},
        optional=IF_NOT_DONE,
        outcomes=OUTCOMES,
        config_synonyms={"linkedinScrapeFields": "fields"},
    )
)
