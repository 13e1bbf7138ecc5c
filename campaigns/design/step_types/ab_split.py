"""Split leads at random into variants, A, B and so on, by weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, Final

from campaigns.design.step_specs import StepSpec, step_types

MAX_VARIANTS: Final = len(ascii_lowercase)
WEIGHT: Final = {"type": "integer", "minimum": 1, "maximum": 1_000}


@dataclass(frozen=True, slots=True)
class Split(StepSpec):
    """A step whose outcomes are the letters of its variants."""

    def outcomes_of(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(ascii_lowercase[: len(config.get("weights", ()))])


step_types.register(
    Split(
        key="ab_split",
        label="A/B split",
        synonyms=("split", "ab_test"),
        required={"weights": {"type": "array", "items": WEIGHT, "minItems": 2, "maxItems": MAX_VARIANTS}},
    )
)
