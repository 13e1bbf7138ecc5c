"""Chat completions, as OpenAI documents them and as many other servers offer them in the same shape."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from lad.llm.errors import EndpointError, Fault
from lad.llm.messages import Finish, Message, Reply, Request, Rung
from lad.llm.protocols.shared import HttpCall, arguments_of, first_of, member, names, text_of, with_schema
from lad.llm.schemas import strict
from lad.llm.tokens import most_input, plausible

FINISHES: Final = {
    "stop": Finish.COMPLETE,
    "length": Finish.LENGTH,
    "content_filter": Finish.REFUSED,
    "tool_calls": Finish.TOOLS,
}
SCHEMA_NAME: Final = "answer"
# The older name of the parameter is known to most servers; OpenAI's newer models take only the other.
OUTPUT_LIMITS: Final = ("max_tokens", "max_completion_tokens")


class OpenAIProtocol:
    """Speaks chat completions."""

    def call(self, request: Request, api_key: str) -> HttpCall:
        body = orjson.dumps(_body(request))
        return HttpCall("POST", "/chat/completions", _headers(api_key), body)

    def read(self, answer: Mapping[str, Any], request: Request) -> Reply:
        choice = first_of(answer, "choices")
        message = member(choice, "message")
        finish = FINISHES.get(text_of(choice.get("finish_reason")), Finish.COMPLETE)
        if message.get("refusal"):
            finish = Finish.REFUSED
        calls = [_tool_call(each) for each in message.get("tool_calls") or () if isinstance(each, dict)]
        counted = member(answer, "usage")
        return Reply(
            text_of(message.get("content")),
            calls,
            Finish.TOOLS if calls and finish == Finish.COMPLETE else finish,
            plausible(counted.get("prompt_tokens"), most_input(request)),
            plausible(counted.get("completion_tokens"), request.max_tokens),
        )

    def reading(self, request: Request) -> "OpenAIReading":
        return OpenAIReading(request)

    def list_models(self, api_key: str) -> HttpCall:
        return HttpCall("GET", "/models", _headers(api_key))

    def read_models(self, answer: Mapping[str, Any]) -> list[str]:
        return names(answer)


class OpenAIReading:
    """A streamed chat completion."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._texts: list[str] = []
        # Index → id, name and pieces of the arguments.
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._finish: Finish | None = None
        self._refused = False
        self._counted: dict[str, Any] = {}

    def take(self, event: Mapping[str, Any]) -> str:
        if event.get("error"):
            raise EndpointError(Fault.CUT_OFF)
        self._counted = member(event, "usage") or self._counted
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        choice = choices[0]
        delta = member(choice, "delta")
        for each in delta.get("tool_calls") or ():
            self._take_call(each)
        if choice.get("finish_reason"):
            self._finish = FINISHES.get(text_of(choice["finish_reason"]), Finish.COMPLETE)
        self._refused = self._refused or bool(delta.get("refusal"))
        text = text_of(delta.get("content"))
        self._texts.append(text)
        return text

    def reply(self) -> Reply:
        calls = [(key, name, arguments_of("".join(parts))) for key, name, parts in self._calls.values()]
        return Reply(
            "".join(self._texts),
            calls,
            Finish.REFUSED if self._refused and self._finish else self._finish or Finish.CUT_OFF,
            plausible(self._counted.get("prompt_tokens"), most_input(self._request)),
            plausible(self._counted.get("completion_tokens"), self._request.max_tokens),
        )

    def _take_call(self, piece: Any) -> None:
        if not isinstance(piece, dict):
            return
        place = piece.get("index")
        index = place if isinstance(place, int) else 0
        function = member(piece, "function")
        known = self._calls.get(index, ("", "", []))
        parts = [*known[2], text_of(function.get("arguments"))]
        self._calls[index] = (
            known[0] or text_of(piece.get("id")),
            known[1] or text_of(function.get("name")),
            parts,
        )


def _headers(api_key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    # A server of one's own may need no key.
    return headers | ({"Authorization": f"Bearer {api_key}"} if api_key else {})


def _body(request: Request) -> dict[str, Any]:
    messages: Sequence[Message] = request.messages
    if request.schema is not None and request.rung != Rung.JSON_SCHEMA:
        messages = with_schema(messages, request.schema)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": each.role, "content": each.content} for each in messages],
        _output_limit(request): request.max_tokens,
    }
    if request.temperature is not None and request.abilities.get("temperature") is not False:
        body["temperature"] = request.temperature
    if request.schema is not None and (form := _response_format(request.rung, request.schema)):
        body["response_format"] = form
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    if request.stream:
        body["stream"] = True
        if request.abilities.get("stream_options") is not False:
            body["stream_options"] = {"include_usage": True}
    return body


def _output_limit(request: Request) -> str:
    chosen = request.abilities.get("output_limit")
    return chosen if chosen in OUTPUT_LIMITS else OUTPUT_LIMITS[0]


def _response_format(rung: Rung, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    match rung:
        case Rung.JSON_SCHEMA:
            # Servers that enforce a schema strictly refuse one that they cannot enforce.
            enforced = strict(schema) is not None
            named = {"name": SCHEMA_NAME, "schema": schema, "strict": enforced}
            return {"type": "json_schema", "json_schema": named}
        case Rung.JSON_OBJECT:
            return {"type": "json_object"}
        case _:
            return None


def _tool_call(call: Mapping[str, Any]) -> tuple[str, str, Any]:
    function = member(call, "function")
    return text_of(call.get("id")), text_of(function.get("name")), arguments_of(function.get("arguments"))
