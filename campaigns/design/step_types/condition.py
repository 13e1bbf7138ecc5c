"""Tell apart leads that meet a condition, now or within a time, from those that do not."""

from typing import Final

from campaigns.design.schedule import FLAG
from campaigns.design.step_specs import TEXTS, JsonSchema, StepSpec, step_types
from campaigns.design.step_types.delay import AMOUNT

CONDITIONS: Final = (
    "connected",
    "replied",
    "opened",
    "clicked",
    "bounced",
    "booked",
    "stage",
    "status",
    "tag",
    "linkedin_replied",
    "linkedin_followed",
    "whatsapp_delivered",
    "whatsapp_read",
    "whatsapp_replied",
    "voice_answered",
    "voice_not_answered",
    "voice_completed",
    "voice_busy",
    "voice_failed",
    "instagram_followed",
    "instagram_liked",
    "instagram_replied",
    "instagram_commented",
    "instagram_story_viewed",
    "response_received",
    "profile_matches",
    "engagement_level",
    "time_elapsed",
    "custom_field",
    "field",
)
OPERATORS: Final = ("is", "is_not", "contains", "is_empty", "is_not_empty", "at_least", "at_most")
YES: Final = "yes"
NO: Final = "no"

# What a condition needs besides its name: stages, statuses, tags or values; the field; how to compare.
CRITERIA: Final[JsonSchema] = {
    "values": TEXTS,
    "field": {"type": "string", "minLength": 1, "maxLength": 100},
    "operator": {"enum": list(OPERATORS)},
}
RULE: Final[JsonSchema] = {
    "type": "object",
    "properties": {"condition": {"enum": list(CONDITIONS)}, **CRITERIA},
    "required": ["condition"],
    "additionalProperties": False,
}

step_types.register(
    StepSpec(
        key="condition",
        label="Condition",
        required={"condition": {"enum": list(CONDITIONS)}},
        optional={
            **CRITERIA,
            # Wait up to this time for a yes.
            "within": {
                "type": "object",
                "properties": {"days": AMOUNT, "hours": AMOUNT, "minutes": AMOUNT},
                "additionalProperties": False,
            },
            # Wait for a yes as long as it takes.
            "wait_until": FLAG,
        },
        outcomes=(YES, NO),
        config_synonyms={"conditionType": "condition"},
    )
)
