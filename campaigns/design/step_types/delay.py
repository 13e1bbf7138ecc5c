"""Wait for some days, hours or minutes, or until a weekday or a time of day."""

from typing import Final

from campaigns.design.schedule import CLOCK, FLAG, WEEKDAYS
from campaigns.design.step_specs import JsonSchema, StepSpec, step_types

AMOUNT: Final[JsonSchema] = {"type": "integer", "minimum": 0, "maximum": 10_000}

step_types.register(
    StepSpec(
        key="delay",
        label="Delay",
        one_of={
            "days": AMOUNT,
            "hours": AMOUNT,
            "minutes": AMOUNT,
            "until_weekday": {"enum": list(WEEKDAYS)},
            "until_time": CLOCK,
        },
        optional={
            # Count the campaign's days only, without holidays.
            "working_days": FLAG,
            # The clock of days, weekdays and times. The default is the lead's.
            "zone": {"enum": ["lead", "tenant"]},
        },
        config_synonyms={"delayDays": "days", "delayHours": "hours", "delayMinutes": "minutes"},
    )
)
