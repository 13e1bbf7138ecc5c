"""Wait for some days, hours or minutes."""

from typing import Final

from campaigns.design.step_specs import JsonSchema, StepSpec, step_types

AMOUNT: Final[JsonSchema] = {"type": "integer", "minimum": 0, "maximum": 10_000}

step_types.register(
    StepSpec(
        key="delay",
        label="Delay",
        one_of={"days": AMOUNT, "hours": AMOUNT, "minutes": AMOUNT},
        config_synonyms={"delayDays": "days", "delayHours": "hours", "delayMinutes": "minutes"},
    )
)
