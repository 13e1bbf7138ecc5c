"""List the employees of a company on LinkedIn."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="linkedin_employee_list",
        label="LinkedIn: list employees",
        channel=Channel.LINKEDIN,
        for_everybody=True,
        cannot=(
            "LAD cannot look for the employees of a company on LinkedIn. Use the step “Lead generation”, which finds"
            " people in the directory by role, place, industry and size of their company."
        ),
        required={"company_url": {**TEXT, "pattern": "^https://"}},
        config_synonyms={"linkedinCompanyUrl": "company_url"},
    )
)
