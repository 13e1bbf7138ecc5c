"""Go on only for leads that meet a condition."""

from typing import Final

from campaigns.design.step_specs import StepSpec, step_types

CONDITIONS: Final = (
    "connected",
    "replied",
    "opened",
    "clicked",
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
)

step_types.register(
    StepSpec(
        key="condition",
        label="Condition",
        required={"condition": {"enum": list(CONDITIONS)}},
        config_synonyms={"conditionType": "condition"},
    )
)
