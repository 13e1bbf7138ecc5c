"""The parts that the protocols share: the HTTP request they make, and the structured answer asked for in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import orjson

from lad.llm.errors import EndpointError, Fault
from lad.llm.messages import Message, Reply

MAX_MODELS: Final = 1_000
MAX_MODEL_NAME: Final = 200
SCHEMA_RULE: Final = (
    "Answer with one JSON object and nothing else: no Markdown, no words before or after it."
    " It must fit this JSON Schema:\n{schema}"
)


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An HTTP request; ``path`` goes behind the connection's address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


class Reading(Protocol):
    """Puts a streamed answer together, one server-sent event after the other."""

    def take(self, event: Mapping[str, Any]) -> str:
        """Take an event and return the text it adds. Raises EndpointError."""

    def reply(self) -> Reply:
        """Return all that was said. Its finish is CUT_OFF unless the endpoint said that it was done."""


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """Return the messages with the schema explained in the system message."""
    rule = SCHEMA_RULE.format(schema=orjson.dumps(schema).decode())
    first, *rest = messages
    if first.role == "system":
        return [replace(first, content=f"{first.content}\n\n{rule}"), *rest]
    return [Message("system", rule), *messages]


def member(value: Any, name: str) -> dict[str, Any]:
    """Return a member that is an object, or an empty one."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}


def first_of(value: Any, name: str) -> dict[str, Any]:
    """Return the first item of a member that is a list of objects. Raise EndpointError if there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        raise EndpointError(Fault.UNREADABLE)
    first: dict[str, Any] = found[0]
    return first


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def arguments_of(text: object) -> Any:
    """Return a tool's arguments from their JSON, or the text itself, which fits no schema."""
    try:
        return orjson.loads(text_of(text) or "{}")
    except orjson.JSONDecodeError:
        return text


def names(answer: Mapping[str, Any]) -> list[str]:
    """Return the ids of a list of models, in order, each once."""
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise EndpointError(Fault.UNREADABLE)
    found = (row.get("id") for row in rows[:MAX_MODELS] if isinstance(row, dict))
    return sorted({name for name in found if isinstance(name, str) and 0 < len(name) <= MAX_MODEL_NAME})
