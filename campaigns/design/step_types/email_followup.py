"""Send the lead another e-mail after the first."""

from campaigns.design.step_specs import StepSpec, step_types
from campaigns.design.step_types.email_send import EMAIL_MESSAGE, HTML, MESSAGE, SYNONYMS
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="email_followup",
        label="E-mail: follow up",
        channel=Channel.EMAIL,
        contacts_lead=True,
        metered=EMAIL_MESSAGE,
        synonyms=("email_follow_up",),
        required=MESSAGE,
        optional=HTML,
        config_synonyms=SYNONYMS,
    )
)
