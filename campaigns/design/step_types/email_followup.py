"""Send the lead another e-mail in the thread of the earlier one. Without a subject it keeps that of the thread."""

from campaigns.design.step_specs import OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.email_send import EMAIL_MESSAGE, SETTINGS, SYNONYMS
from campaigns.messages.models import Action
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="email_followup",
        label="E-mail: follow up",
        channel=Channel.EMAIL,
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=EMAIL_MESSAGE,
        templated=True,
        synonyms=("email_follow_up",),
        required={"body": TEXT},
        optional={"subject": {"type": "string", "maxLength": 500}, **SETTINGS},
        outcomes=OUTCOMES,
        config_synonyms=SYNONYMS,
    )
)
