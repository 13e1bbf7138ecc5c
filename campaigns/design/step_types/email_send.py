"""Send the lead an e-mail."""

from typing import Final

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

MESSAGE: Final = {"subject": {**TEXT, "maxLength": 500}, "body": TEXT}
SETTINGS: Final = {
    "html": {"type": "string", "maxLength": 200_000},
    # What to do while a variable of the text has no value for the lead.
    "if_missing": {"enum": ["wait", "skip"]},
    # What to do if the lead may not be written to.
    "if_refused": {"enum": ["skip", "stop"]},
    # What to do if the message cannot be sent.
    "if_failed": {"enum": ["go_on", "stop"]},
}
OUTCOMES: Final = ("sent", "skipped", "failed")
SYNONYMS: Final = {"emailSubject": "subject", "emailBody": "body"}

step_types.register(
    StepSpec(
        key="email_send",
        label="E-mail: send",
        channel=Channel.EMAIL,
        contacts_lead=True,
        synonyms=("email",),
        required=MESSAGE,
        optional=SETTINGS,
        outcomes=OUTCOMES,
        config_synonyms=SYNONYMS,
    )
)
