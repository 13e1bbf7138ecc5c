"""Look up a company on LinkedIn."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_company_search",
        label="LinkedIn: search company",
        channel=Channel.LINKEDIN,
        for_everybody=True,
        cannot=(
            "LAD cannot look for companies on LinkedIn. Use the step “Lead generation”, which finds people in"
            " the directory by role, place, industry and size of their company."
        ),
        required={"company_name": TEXT},
        config_synonyms={"linkedinCompanyName": "company_name"},
    )
)
