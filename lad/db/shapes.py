"""The shape of JSON columns, checked wherever a row is written."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as ShapeError

# Any object, whatever it holds.
OBJECT: Final[dict[str, Any]] = {"type": "object"}
# More than a person reads at once.
MOST_ERRORS = 5
# What JSON Schema calls things, in the words of people.
TYPES = {"object": "an object", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number"}


@deconstructible
class Shape:
    """A validator that holds a JSON value against a JSON Schema (draft 2020-12) and says where it differs."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def __call__(self, value: Any) -> None:
        errors = sorted(self._validator.iter_errors(value), key=lambda error: [str(step) for step in error.path])
        if errors:
            raise ValidationError([_in_words(error) for error in errors[:MOST_ERRORS]], code="shape")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and self.schema == other.schema

    def __hash__(self) -> int:
        return hash(repr(self.schema))

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)


def _in_words(error: ShapeError) -> str:
    where = _path(error.absolute_path)
    wanted = error.validator_value
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            says = f"must be {' or '.join(TYPES.get(kind, kind) for kind in kinds)}"
        case "enum":
            says = f"must be one of: {', '.join(map(str, wanted))}"
        case "required":
            missing = [name for name in wanted if name not in error.instance]
            says = f"lacks {', '.join(missing)}"
        case "additionalProperties":
            known = ", ".join(error.schema.get("properties", {}))
            says = f"holds something unknown; known: {known}" if known else "must be empty"
        case "minimum":
            says = f"must be at least {wanted}"
        case "maximum":
            says = f"must be at most {wanted}"
        case "minItems" | "minLength" | "minProperties":
            says = "must not be empty" if wanted == 1 else f"is shorter than {wanted}"
        case "maxItems" | "maxLength" | "maxProperties":
            says = f"is longer than {wanted}"
        case "pattern":
            says = f"has the wrong form (it must match {wanted})"
        case _:
            says = error.message
    return f"{where} {says}."


def _path(steps: Iterable[Any]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.lstrip(".") or "The value"
