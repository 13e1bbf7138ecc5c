"""Check JSON columns against a JSON Schema wherever a row is written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError as SchemaError

from lad.limits import MAX_COLUMN_DEPTH, excess

# Any object.
OBJECT: Final[dict[str, Any]] = {"type": "object"}
MAX_ERRORS_SHOWN: Final = 5
# Enough to show the first ones in order; a hostile value has many thousands.
MAX_ERRORS_COLLECTED: Final = 100
TYPE_NAMES: Final = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
}


def _unique_items(_validator: object, wanted: bool, instance: Any, _schema: object) -> Iterator[SchemaError]:
    """Check ``uniqueItems`` by the items' JSON. The library compares each item with each other one."""
    if wanted and isinstance(instance, list):
        items = [json.dumps(item, sort_keys=True) for item in instance]
        if len(set(items)) < len(items):
            yield SchemaError("has an item twice")


_Validator: Final = validators.extend(Draft202012Validator, {"uniqueItems": _unique_items})


@deconstructible
class JsonSchemaValidator:
    """Validate a JSON value against a JSON Schema (draft 2020-12). The errors name the path of each fault."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)
        # Set with the limit of the column, which reports a larger value itself.
        self.max_values: int | None = None

    def __call__(self, value: Any) -> None:
        if self.max_values and excess(value, max_values=self.max_values, max_depth=MAX_COLUMN_DEPTH):
            return
        found = islice(self._validator.iter_errors(value), MAX_ERRORS_COLLECTED)
        errors = sorted(found, key=lambda error: [str(step) for step in error.path])
        if errors:
            raise ValidationError([_describe(error) for error in errors[:MAX_ERRORS_SHOWN]], code="shape")

    def faults(self, value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the path of each fault and what is wrong there, for forms that show it on the field itself."""
        for error in islice(self._validator.iter_errors(value), MAX_ERRORS_COLLECTED):
            path = tuple(error.absolute_path)
            if error.validator == "required":
                for name in error.validator_value:
                    if name not in error.instance:
                        yield (*path, name), "Fill this in."
            else:
                says = _says(error)
                yield path, f"{says[:1].upper()}{says[1:]}."

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonSchemaValidator) and self.schema == other.schema

    def __hash__(self) -> int:
        return hash(repr(self.schema))

    @cached_property
    def _validator(self) -> Any:
        return _Validator(self.schema)


def _describe(error: SchemaError) -> str:
    return f"{_path(error.absolute_path)} {_says(error)}."


def _says(error: SchemaError) -> str:
    wanted = error.validator_value
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            says = f"must be {' or '.join(TYPE_NAMES.get(kind, kind) for kind in kinds)}"
        case "enum":
            says = f"must be one of: {', '.join(map(str, wanted))}"
        case "required":
            missing = [name for name in wanted if name not in error.instance]
            says = f"is missing {', '.join(missing)}"
        case "additionalProperties":
            known = ", ".join(error.schema.get("properties", {}))
            says = f"has an unknown field; known fields: {known}" if known else "must be empty"
        case "minimum":
            says = f"must be at least {wanted}"
        case "maximum":
            says = f"must be at most {wanted}"
        case "minItems" | "minLength" | "minProperties":
            says = "must not be empty" if wanted == 1 else f"is too short (at least {wanted})"
        case "maxItems" | "maxLength" | "maxProperties":
            says = f"is too long (at most {wanted})"
        case "pattern":
            # A schema may describe its pattern in words, for example "a date such as 2026-12-24".
            described = error.schema.get("description")
            says = f"must be {described}" if described else "has the wrong format"
        case _:
            says = error.message
    return says


def _path(steps: Iterable[Any]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.lstrip(".") or "The value"
