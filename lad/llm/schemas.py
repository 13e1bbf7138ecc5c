"""Schemas of structured answers: a JSON Schema, or a class such as a pydantic model that has one and validates."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import orjson
from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from lad.llm.images import without_images

T_co = TypeVar("T_co", covariant=True)
MAX_ANSWER_BYTES: Final = 1_000_000
# Models wrap JSON in a fence of Markdown.
_FENCE: Final = "```"


class NotValid(Exception):
    """An answer does not fit its schema. The message says where, for the model to repair it."""


@runtime_checkable
class Structure(Protocol):
    """A class with a JSON Schema that makes values of itself, as pydantic's models do."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]: ...

    @classmethod
    def model_validate(cls, obj: Any) -> Any: ...


Shape = Mapping[str, Any] | type[Structure]


class AnswerSchema:
    """The schema of one call's answer."""

    def __init__(self, shape: Shape) -> None:
        self._structure: type[Structure] | None = None if isinstance(shape, Mapping) else shape
        self.schema: dict[str, Any] = dict(shape) if isinstance(shape, Mapping) else shape.model_json_schema()
        self._validate = JsonSchemaValidator(self.schema)

    def read(self, text: str) -> Any:
        """Return the value that the text holds: JSON data, or an instance of the class. Raise NotValid."""
        return self.check(_without_images(_parsed(text)))

    def check(self, value: Any) -> Any:
        """Return the value as ``read`` does. Raise NotValid."""
        try:
            self._validate(value)
            return value if self._structure is None else self._structure.model_validate(value)
        except ValidationError as error:
            raise NotValid(" ".join(error.messages)) from None
        except ValueError as error:
            # pydantic's error is a ValueError. Its text quotes the value, which goes to the model only.
            raise NotValid(str(error)) from None


def strict(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema if an endpoint can enforce it strictly, or None: every object closed, every field required."""
    return deepcopy(dict(schema)) if _is_strict(schema) else None


def _is_strict(node: Any) -> bool:
    if isinstance(node, list):
        return all(map(_is_strict, node))
    if not isinstance(node, Mapping):
        return True
    if "properties" in node:
        closed = node.get("additionalProperties") is False
        if not closed or set(node.get("required", ())) != set(node["properties"]):
            return False
    return all(map(_is_strict, node.values()))


def _without_images(value: Any) -> Any:
    """Return data without images in its texts."""
    if isinstance(value, str):
        return without_images(value)
    if isinstance(value, list):
        return [_without_images(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_images(each) for name, each in value.items()}
    return value


def _parsed(text: str) -> Any:
    if len(text) > MAX_ANSWER_BYTES:
        raise NotValid("The answer is too long.")
    candidates = [_unfenced(text.strip())]
    first, last = text.find("{"), text.rfind("}")
    if 0 <= first < last:
        # Some models say a sentence before or after it.
        candidates.append(text[first : last + 1])
    for candidate in candidates:
        try:
            return orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
    raise NotValid("The answer is not JSON.")


def _unfenced(text: str) -> str:
    """Return the lines between two fences of Markdown, or the text itself."""
    if len(text) < 2 * len(_FENCE) or not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return text
    return text.partition("\n")[2].removesuffix(_FENCE)
