"""Read fields of the lead's LinkedIn profile."""

from campaigns.design.step_specs import TEXTS, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_scrape_profile",
        label="LinkedIn: read profile",
        channel=Channel.LINKEDIN,
        for_everybody=True,
        required={"fields": TEXTS},
        config_synonyms={"linkedinScrapeFields": "fields"},
    )
)
