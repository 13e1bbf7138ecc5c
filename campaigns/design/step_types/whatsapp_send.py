"""Send the lead a WhatsApp message."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="whatsapp_send",
        label="WhatsApp: send",
        channel=Channel.WHATSAPP,
        contacts_lead=True,
        templated=True,
        synonyms=("whatsapp", "whatsapp_message"),
        required={"message": TEXT},
        config_synonyms={"whatsappMessage": "message"},
    )
)
