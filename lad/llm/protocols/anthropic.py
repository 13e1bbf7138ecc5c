"""Anthropic's Messages API. A structured answer is a tool that the model must use."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from lad.llm.errors import EndpointError, Fault
from lad.llm.messages import Finish, Message, Reply, Request, Rung
from lad.llm.protocols.shared import HttpCall, arguments_of, member, names, text_of, with_schema
from lad.llm.tokens import most_input, plausible

VERSION: Final = "2023-06-01"
ANSWER_TOOL: Final = "answer"
FINISHES: Final = {
    "end_turn": Finish.COMPLETE,
    "stop_sequence": Finish.COMPLETE,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOLS,
    "refusal": Finish.REFUSED,
}


class AnthropicProtocol:
    """Speaks the Messages API."""

    def call(self, request: Request, api_key: str) -> HttpCall:
        return HttpCall("POST", "/messages", _headers(api_key), orjson.dumps(_body(request)))

    def read(self, answer: Mapping[str, Any], request: Request) -> Reply:
        blocks = answer.get("content")
        if not isinstance(blocks, list):
            raise EndpointError(Fault.UNREADABLE)
        blocks = [block for block in blocks if isinstance(block, dict)]
        text = "".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text")
        calls = [
            (text_of(block.get("id")), text_of(block.get("name")), block.get("input"))
            for block in blocks
            if block.get("type") == "tool_use"
        ]
        return _reply(request, text, calls, answer.get("stop_reason"), member(answer, "usage"))

    def reading(self, request: Request) -> "AnthropicReading":
        return AnthropicReading(request)

    def list_models(self, api_key: str) -> HttpCall:
        return HttpCall("GET", "/models?limit=1000", _headers(api_key))

    def read_models(self, answer: Mapping[str, Any]) -> list[str]:
        return names(answer)


class AnthropicReading:
    """A streamed message."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._texts: list[str] = []
        # Index of the block → id, name and pieces of the input.
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._stop: str | None = None
        self._done = False
        self._counted: dict[str, Any] = {}

    def take(self, event: Mapping[str, Any]) -> str:
        match event.get("type"):
            case "error":
                raise EndpointError(Fault.CUT_OFF)
            case "message_start":
                self._counted |= member(member(event, "message"), "usage")
            case "content_block_start":
                block = member(event, "content_block")
                if block.get("type") == "tool_use":
                    self._calls[_index(event)] = (text_of(block.get("id")), text_of(block.get("name")), [])
            case "content_block_delta":
                return self._take_delta(event)
            case "message_delta":
                self._stop = text_of(member(event, "delta").get("stop_reason")) or self._stop
                # Counts of this event are those of the whole message.
                self._counted |= member(event, "usage")
            case "message_stop":
                self._done = True
        return ""

    def reply(self) -> Reply:
        calls = [(key, name, arguments_of("".join(parts))) for key, name, parts in self._calls.values()]
        found = _reply(self._request, "".join(self._texts), calls, self._stop, self._counted)
        if self._done and self._stop:
            return found
        return Reply(found.text, found.tool_calls, Finish.CUT_OFF, found.input_tokens, None)

    def _take_delta(self, event: Mapping[str, Any]) -> str:
        delta = member(event, "delta")
        if delta.get("type") == "input_json_delta" and (call := self._calls.get(_index(event))):
            call[2].append(text_of(delta.get("partial_json")))
        text = text_of(delta.get("text")) if delta.get("type") == "text_delta" else ""
        self._texts.append(text)
        return text


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _reply(
    request: Request, text: str, calls: Sequence[tuple[str, str, Any]], stop: object, counted: Mapping[str, Any]
) -> Reply:
    finish = FINISHES.get(text_of(stop), Finish.COMPLETE)
    if request.schema is not None:
        given = next((value for _key, name, value in calls if name == ANSWER_TOOL), None)
        text = text if given is None else orjson.dumps(given).decode()
        calls, finish = [], Finish.COMPLETE if finish == Finish.TOOLS else finish
    # Cached input is counted apart.
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    inputs = [plausible(counted.get(part, 0) or 0, most_input(request)) for part in parts]
    known = "input_tokens" in counted and None not in inputs
    return Reply(
        text,
        calls,
        finish,
        plausible(sum(each or 0 for each in inputs), most_input(request)) if known else None,
        plausible(counted.get("output_tokens"), request.max_tokens),
    )


def _headers(api_key: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "x-api-key": api_key, "anthropic-version": VERSION}


def _body(request: Request) -> dict[str, Any]:
    messages: Sequence[Message] = request.messages
    if request.schema is not None and request.rung != Rung.JSON_SCHEMA:
        messages = with_schema(messages, request.schema)
    system = "\n\n".join(each.content for each in messages if each.role == "system")
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": _alternating([each for each in messages if each.role != "system"]),
    }
    if system:
        body["system"] = system
    if request.temperature is not None and request.abilities.get("temperature") is not False:
        body["temperature"] = request.temperature
    if request.schema is not None and request.rung == Rung.JSON_SCHEMA:
        body["tools"] = [
            {"name": ANSWER_TOOL, "description": "Give the answer with this tool.", "input_schema": request.schema}
        ]
        body["tool_choice"] = {"type": "tool", "name": ANSWER_TOOL}
    elif request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    if request.stream:
        body["stream"] = True
    return body


def _alternating(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return the messages with those of one role that follow each other joined, a user's first."""
    found: list[dict[str, str]] = []
    for each in messages:
        if found and found[-1]["role"] == each.role:
            found[-1]["content"] += f"\n\n{each.content}"
        else:
            found.append({"role": each.role, "content": each.content})
    if not found or found[0]["role"] != "user":
        # The API wants a user to begin.
        found.insert(0, {"role": "user", "content": "Go on."})
    return found
