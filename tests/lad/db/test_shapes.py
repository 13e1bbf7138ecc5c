"""Errors of a JSON column say where the value is wrong, and what belongs there."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lad.db.shapes import Shape

WINDOWS = Shape(
    {
        "type": "object",
        "properties": {
            "days": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["from", "to"],
                    "properties": {"from": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}, "to": {}},
                },
            },
            "zone": {"enum": ["UTC", "GST"]},
            "most": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "additionalProperties": False,
    }
)


def errors(value: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        WINDOWS(value)
    return caught.value.messages


def test_what_fits_passes() -> None:
    WINDOWS({"days": [{"from": "09:00", "to": "17:00"}], "zone": "UTC", "most": 3})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "The value must be an object."),
        ({"days": {}}, "days must be a list."),
        ({"days": [{"from": "09:00"}]}, "days[0] lacks to."),
        ({"days": [{"from": "9", "to": ""}]}, "days[0].from has the wrong form (it must match ^[0-9]{2}:[0-9]{2}$)."),
        ({"zone": "CET"}, "zone must be one of: UTC, GST."),
        ({"most": 0}, "most must be at least 1."),
        ({"most": 10}, "most must be at most 9."),
        ({"most": "3"}, "most must be a whole number."),
        ({"more": 1}, "The value holds something unknown; known: days, zone, most."),
    ],
)
def test_what_does_not_fit_is_told_by_its_path(value: Any, says: str) -> None:
    assert errors(value) == [says]


def test_many_errors_are_told_five_at_a_time() -> None:
    assert len(errors({"days": [{} for _ in range(9)]})) == 5
