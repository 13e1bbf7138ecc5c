"""The result of a call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lad.llm.messages import Finish, ToolCall, Usage


class Source(StrEnum):
    """Who gave the answer."""

    MODEL = "model"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a streamed answer."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer.

    ``data`` is the value of a structured call; ``text`` the words of any other. ``reason`` says in a sentence why the
    answer is embedded, or broke off; it is empty otherwise. ``usage`` is what the model took, also if its answer could
    not be used: an embedded answer costs the tenant nothing all the same.
    """

    source: Source
    usage: Usage
    text: str = field(default="", repr=False)
    data: Any = field(default=None, repr=False)
    tool_calls: Sequence[ToolCall] = ()
    finish: Finish = Finish.COMPLETE
    reason: str = ""

    @property
    def embedded(self) -> bool:
        return self.source == Source.EMBEDDED
