"""Send leads on by the first of several rules that they meet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.design.step_specs import StepSpec, step_types
from campaigns.design.step_types.condition import RULE, problems_of_rule

OTHERWISE: Final = "otherwise"
MAX_RULES: Final = 20


@dataclass(frozen=True, slots=True)
class Branch(StepSpec):
    """A step whose outcomes are the numbers of its rules, from 1, and ``otherwise``."""

    def outcomes_of(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        return (*(str(number) for number in range(1, len(config.get("rules", ())) + 1)), OTHERWISE)

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        for number, rule in enumerate(config.get("rules", ()), start=1):
            yield from (f"rules: rule {number}: {problem}" for problem in problems_of_rule(rule))


step_types.register(
    Branch(
        key="branch",
        label="Branch",
        required={"rules": {"type": "array", "items": RULE, "minItems": 1, "maxItems": MAX_RULES}},
    )
)
