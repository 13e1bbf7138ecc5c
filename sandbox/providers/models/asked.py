"""What was asked of a model, in no protocol, and what a protocol must translate."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from typing import Protocol as Interface

if TYPE_CHECKING:
    from sandbox.providers.models.answers import Answer

_WORD: Final = re.compile(r"\w+|[^\w\s]")


class Unacceptable(Exception):
    """A request that a real server would refuse."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """One request."""

    model: str
    # Role and text, oldest first.
    messages: Sequence[tuple[str, str]]
    max_tokens: int
    stream: bool = False
    # How the answer is to be structured: json_schema, json_object, tool, or empty.
    form: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[Mapping[str, Any]] = ()
    counts_in_stream: bool = True

    @property
    def last(self) -> str:
        """Return what was said last by a user."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")

    @property
    def tokens(self) -> int:
        return sum(count(text) + 4 for _role, text in self.messages)


class Protocol(Interface):
    """A protocol's shapes."""

    name: str

    def key(self, headers: Mapping[str, str]) -> str: ...

    def read(self, body: Mapping[str, Any]) -> Asked: ...

    def whole(self, asked: Asked, answer: "Answer", number: int) -> dict[str, Any]: ...

    def events(self, asked: Asked, answer: "Answer", number: int) -> Iterator[bytes]: ...

    def models(self, names: Sequence[str]) -> dict[str, Any]: ...

    def error(self, status: int, text: str) -> dict[str, Any]: ...


def count(text: str) -> int:
    """Return the tokens of a text: here its words and marks."""
    return len(_WORD.findall(text))


def usage(asked: Asked, answer: "Answer") -> tuple[int, int] | None:
    """Return the tokens that the model says it used, or None if it does not say."""
    if asked.model == "sandbox-no-usage":
        return None
    if asked.model == "sandbox-wrong-usage":
        return -5, 10**12
    return asked.tokens, answer.tokens
