"""Errors of a JSON column name the path of a fault and the expected value."""

import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator

WINDOWS = JsonSchemaValidator(
    {
        "type": "object",
        "properties": {
            "days": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["from", "to"],
                    "properties": {
                        "from": {"pattern": "^[0-9]{2}:[0-9]{2}$", "description": "a time such as 09:30"},
                        "to": {"pattern": "^([0-9]{2}:[0-9]{2})?$"},
                    },
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


def test_a_list_of_many_different_objects_is_compared_in_linear_time() -> None:
    """Comparing each of 50,000 items with each other one would take many minutes."""
    validate = JsonSchemaValidator({"type": "array", "uniqueItems": True})
    items: list[object] = [{"number": number} for number in range(50_000)]
    started = time.process_time()
    validate(items)
    assert time.process_time() - started < 10
    with pytest.raises(ValidationError, match="has an item twice"):
        validate([*items, {"number": 7}])


def test_a_value_that_fits_the_schema_passes() -> None:
    WINDOWS({"days": [{"from": "09:00", "to": "17:00"}], "zone": "UTC", "most": 3})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "The value must be an object."),
        ({"days": {}}, "days must be a list."),
        ({"days": [{"from": "09:00"}]}, "days[0] is missing to."),
        ({"days": [{"from": "9", "to": ""}]}, "days[0].from must be a time such as 09:30."),
        ({"days": [{"from": "09:00", "to": "late"}]}, "days[0].to has the wrong format."),
        ({"zone": "CET"}, "zone must be one of: UTC, GST."),
        ({"most": 0}, "most must be at least 1."),
        ({"most": 10}, "most must be at most 9."),
        ({"most": "3"}, "most must be a whole number."),
        ({"more": 1}, "The value has an unknown field; known fields: days, zone, most."),
    ],
)
def test_an_error_names_the_path_and_the_expected_value(value: Any, says: str) -> None:
    assert errors(value) == [says]


def test_at_most_five_errors_are_shown() -> None:
    assert len(errors({"days": [{} for _ in range(9)]})) == 5
