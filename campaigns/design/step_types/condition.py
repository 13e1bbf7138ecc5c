"""Tell apart leads that meet a condition, now or within a time, from those that do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.design.schedule import FLAG
from campaigns.design.step_specs import TEXTS, JsonSchema, StepSpec, step_types
from campaigns.design.step_types.delay import AMOUNT

_NOBODY_TELLS: Final = "No provider tells LAD {what}. {instead}"
# Conditions of other products that nobody can answer, with the reason.
UNTOLD: Final[Mapping[str, str]] = {
    name: _NOBODY_TELLS.format(what=what, instead=instead)
    for name, what, instead in (
        (
            "linkedin_followed",
            "whether a lead follows you on LinkedIn",
            "Use “connected” or “linkedin_replied”.",
        ),
        ("instagram_followed", "whether a lead follows you on Instagram", "Use “instagram_replied”."),
        ("instagram_liked", "whether a lead liked a post of yours on Instagram", "Use “instagram_replied”."),
        ("instagram_commented", "whether a lead commented on a post of yours on Instagram", "Use “instagram_replied”."),
        ("instagram_story_viewed", "whether a lead viewed a story of yours on Instagram", "Use “instagram_replied”."),
    )
}
# How much a lead has done, from the least to the most: read or opened something; clicked or connected; replied or
# booked.
LEVELS: Final = ("none", "low", "medium", "high")

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
    # How long ago the lead began the campaign, for the condition on time.
    "after_days": AMOUNT,
    "after_hours": AMOUNT,
}
RULE: Final[JsonSchema] = {
    "type": "object",
    "properties": {"condition": {"enum": list(CONDITIONS)}, **CRITERIA},
    "required": ["condition"],
    "additionalProperties": False,
}


def problems_of_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a condition or a rule that has the right shape."""
    name = str(rule.get("condition"))
    if name in UNTOLD:
        yield f"condition: {UNTOLD[name]}"
    elif name == "time_elapsed" and not (rule.get("after_days") or rule.get("after_hours")):
        yield "after_days: say how long ago the lead began, in days or hours."
    elif name == "profile_matches" and not rule.get("field"):
        yield "field: say which field of the profile, such as headline, location or industry."
    elif name == "engagement_level":
        unknown = [each for each in rule.get("values", ()) if each not in LEVELS]
        if unknown or not rule.get("values"):
            yield f"values must be among {', '.join(LEVELS)}."
        if rule.get("operator", "is") not in ("is", "is_not", "at_least", "at_most"):
            yield "operator must be one of is, is_not, at_least, at_most for the level."


@dataclass(frozen=True, slots=True)
class Condition(StepSpec):
    """A step that answers yes or no."""

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        yield from problems_of_rule(config)
        waits = "wait_until" if config.get("wait_until") else "within" if any(config.get("within", {}).values()) else ""
        if waits and config.get("condition") == "time_elapsed":
            yield f"{waits}: nothing happens that could end this wait. Use the step “Delay” to wait for a time."


step_types.register(
    Condition(
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
