"""Send the lead a text message."""

from typing import Final

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, PriceComponent, StepSpec, step_types
from campaigns.messages.models import Action
from leads.channels import Channel

# A text message is charged by its segments.
SMS_SEGMENT: Final = PriceComponent(category="messaging", provider="lad", model="sms_segment", unit="message")
MAX_SEGMENTS: Final = 10

step_types.register(
    StepSpec(
        key="sms_send",
        label="SMS: send",
        channel=Channel.SMS,
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=SMS_SEGMENT,
        templated=True,
        synonyms=("sms", "sms_message"),
        required={"message": TEXT},
        optional=IF_NOT_SENT,
        outcomes=OUTCOMES,
        config_synonyms={"smsMessage": "message"},
    )
)
