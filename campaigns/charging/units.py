"""How many units of its price one use of a step takes, before anything is written."""

from collections.abc import Callable
from typing import Final

from campaigns.design.graph import Step

# Returns the most units that one message of the step takes.
Units = Callable[[Step], int]

_units: Final[dict[str, Units]] = {}


def takes_units(type_: str) -> Callable[[Units], Units]:
    """Register the function as what counts the units of steps of a type. Every other step takes one."""

    def register(units: Units) -> Units:
        _units[type_] = units
        return units

    return register


def units_of_step(step: Step) -> int:
    """Return the most units that one message of the step takes, at least one."""
    return max(_units[step.type](step), 1) if step.type in _units else 1
