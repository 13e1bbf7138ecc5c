"""Estimate tokens where an endpoint does not count them, and before a call."""

from collections.abc import Sequence
from typing import Final

import orjson

from lad.llm.messages import Message, Request

# Western text has about four bytes a token, other scripts fewer characters but more bytes. Rounded up.
BYTES_A_TOKEN: Final = 3.5
TOKENS_A_MESSAGE: Final = 8
# Providers add instructions of their own to tools and schemas.
MAX_HIDDEN_TOKENS: Final = 4_000


def estimate(text: str) -> int:
    """Return about how many tokens the text has."""
    return -int(-len(text.encode()) // BYTES_A_TOKEN)


def estimate_input(request: Request) -> int:
    """Return about how many tokens the request has."""
    attached = [request.schema] if request.schema else []
    attached += [
        {"name": tool.name, "about": tool.description, "parameters": tool.parameters} for tool in request.tools
    ]
    return of_messages(request.messages) + sum(estimate(orjson.dumps(each).decode()) for each in attached)


def of_messages(messages: Sequence[Message]) -> int:
    return sum(estimate(message.content) + TOKENS_A_MESSAGE for message in messages)


def plausible(counted: object, most: int) -> int | None:
    """Return a count of an endpoint, or None if it is no number from 0 to ``most``."""
    if isinstance(counted, bool) or not isinstance(counted, int) or not 0 <= counted <= most:
        return None
    return counted


def most_input(request: Request) -> int:
    """Return more tokens than the request can have: a token is at least a byte."""
    size = sum(len(message.content.encode()) + 64 for message in request.messages)
    return size + len(orjson.dumps([request.schema, [tool.parameters for tool in request.tools]])) + MAX_HIDDEN_TOKENS
