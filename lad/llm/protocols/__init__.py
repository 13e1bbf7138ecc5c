"""How endpoints are spoken to. A protocol only translates: it opens no connection and knows no table."""

from collections.abc import Mapping
from typing import Any, Protocol

from lad.llm.messages import Reply, Request
from lad.llm.protocols.anthropic import AnthropicProtocol
from lad.llm.protocols.openai import OpenAIProtocol
from lad.llm.protocols.shared import HttpCall, Reading
from lad.llm.providers import ANTHROPIC, OPENAI_COMPATIBLE


class ModelProtocol(Protocol):
    """One protocol."""

    def call(self, request: Request, api_key: str) -> HttpCall:
        """Return the HTTP request for a call."""

    def read(self, answer: Mapping[str, Any], request: Request) -> Reply:
        """Return what an answer says. Raises EndpointError if it cannot be read."""

    def reading(self, request: Request) -> Reading:
        """Return what puts a streamed answer together."""

    def list_models(self, api_key: str) -> HttpCall:
        """Return the HTTP request for the list of models."""

    def read_models(self, answer: Mapping[str, Any]) -> list[str]:
        """Return the names of the models."""


_PROTOCOLS: dict[str, ModelProtocol] = {
    OPENAI_COMPATIBLE: OpenAIProtocol(),
    ANTHROPIC: AnthropicProtocol(),
}


def protocol_of(provider: str) -> ModelProtocol:
    return _PROTOCOLS[provider]
