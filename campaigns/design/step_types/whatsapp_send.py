"""Send the lead a WhatsApp message: free text, or a template that WhatsApp has approved."""

import re
from dataclasses import dataclass
from typing import Final

from campaigns.design.step_specs import IF_NOT_SENT, OUTCOMES, TEXT, PriceComponent, StepSpec, step_types
from campaigns.messages.models import Action
from leads.channels import Channel

WHATSAPP_MESSAGE: Final = PriceComponent(category="messaging", provider="lad", model="whatsapp", unit="message")
MAX_TEXT_LENGTH: Final = 4_096
# What other clients call “template” is the name of an approved one, or a text.
TEXT_OR_NAME: Final = "whatsappTemplate"
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")


@dataclass(frozen=True, slots=True)
class WhatsappMessage(StepSpec):
    """A step whose template other clients write as a name or as a text."""

    def normalised(self, config: object) -> object:
        config = StepSpec.normalised(self, config)
        if not isinstance(config, dict) or TEXT_OR_NAME not in config:
            return config
        given = config.pop(TEXT_OR_NAME)
        if isinstance(given, str) and given.strip():
            config.setdefault("template" if _NAME.fullmatch(given) else "message", given)
        return config


step_types.register(
    WhatsappMessage(
        key="whatsapp_send",
        label="WhatsApp: send",
        channel=Channel.WHATSAPP,
        contacts_lead=True,
        action=Action.MESSAGE,
        metered=WHATSAPP_MESSAGE,
        templated=True,
        synonyms=("whatsapp", "whatsapp_message", "whatsapp_broadcast", "whatsapp_followup", "whatsapp_template"),
        required={"message": TEXT},
        stand_ins=("template",),
        max_length=MAX_TEXT_LENGTH,
        optional={
            # A template that WhatsApp has approved. It is sent where WhatsApp takes no free text.
            "template": {"type": "string", "maxLength": 512, "pattern": r"^[a-z0-9_]*$"},
            # One of the template's languages. Without it, the lead's if there is one, else the first.
            "language": {"type": "string", "maxLength": 20},
            # What stands for {{1}}, {{2}} and so on.
            "variables": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 1_024},
                "maxItems": 50,
            },
            **IF_NOT_SENT,
        },
        outcomes=OUTCOMES,
        config_synonyms={"whatsappMessage": "message"},
    )
)
