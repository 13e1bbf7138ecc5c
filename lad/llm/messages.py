"""The messages to a model and its answers. Texts are left out of representations, which end up in logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

Role = Literal["system", "user", "assistant"]
DEFAULT_OUTPUT_TOKENS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``untrusted`` marks text that LAD's user did not write: of a lead, a page, a transcript, a file."""

    role: Role
    content: str = field(repr=False)
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for. ``parameters`` is a JSON Schema of an object. LAD's callers run it."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. The name is one that was offered, the arguments fit its schema."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(repr=False)


class Rung(StrEnum):
    """How a structured answer is asked for, the strictest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    PROMPT = "prompt"


LADDER: Final = tuple(Rung)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an endpoint, in no protocol yet."""

    model: str
    messages: Sequence[Message] = field(repr=False)
    max_tokens: int = DEFAULT_OUTPUT_TOKENS
    temperature: float | None = None
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    rung: Rung = Rung.JSON_SCHEMA
    tools: Sequence[Tool] = ()
    stream: bool = False
    abilities: Mapping[str, Any] = field(default_factory=dict)


class Finish(StrEnum):
    """Why the model stopped."""

    COMPLETE = "complete"
    LENGTH = "length"
    REFUSED = "refused"
    TOOLS = "tools"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of an endpoint. Tokens are None where it counted none, or not plausibly."""

    text: str = field(default="", repr=False)
    tool_calls: Sequence[tuple[str, str, Any]] = field(default=(), repr=False)
    finish: Finish = Finish.COMPLETE
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens and seconds of a call. ``estimated`` means that the endpoint did not count, so LAD did."""

    provider: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    estimated: bool = False
    requests: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens
