"""Send the lead an e-mail."""

from typing import Final

from campaigns.design.step_specs import (
    IF_NOT_SENT,
    OUTCOMES,
    TEXT,
    JsonSchema,
    PriceComponent,
    StepSpec,
    step_types,
)
from campaigns.messages.models import Action
from leads.channels import Channel

MESSAGE: Final = {"subject": {**TEXT, "maxLength": 500}, "body": TEXT}
SETTINGS: Final[dict[str, JsonSchema]] = {"html": {"type": "string", "maxLength": 200_000}, **IF_NOT_SENT}
SYNONYMS: Final = {"emailSubject": "subject", "emailBody": "body"}
EMAIL_MESSAGE: Final = PriceComponent(category="messaging", provider="lad", model="email", unit="message")

step_types.register(
    StepSpec(
        key="email_send",
        label="E-mail: send",
        channel=Channel.EMAIL,
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=EMAIL_MESSAGE,
        templated=True,
        synonyms=("email",),
        required=MESSAGE,
        optional=SETTINGS,
        outcomes=OUTCOMES,
        config_synonyms=SYNONYMS,
    )
)
