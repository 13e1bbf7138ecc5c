"""Send the lead an e-mail."""

from typing import Final

from campaigns.design.step_specs import TEXT, PriceComponent, StepSpec, step_types
from leads.channels import Channel

MESSAGE: Final = {"subject": {**TEXT, "maxLength": 500}, "body": TEXT}
HTML: Final = {"html": {"type": "string", "maxLength": 200_000}}
SYNONYMS: Final = {"emailSubject": "subject", "emailBody": "body"}
EMAIL_MESSAGE: Final = PriceComponent(category="messaging", provider="lad", model="email", unit="message")

step_types.register(
    StepSpec(
        key="email_send",
        label="E-mail: send",
        channel=Channel.EMAIL,
        contacts_lead=True,
        metered=EMAIL_MESSAGE,
        synonyms=("email",),
        required=MESSAGE,
        optional=HTML,
        config_synonyms=SYNONYMS,
    )
)
