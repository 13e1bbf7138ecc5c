"""OpenAI's chat completions in the shapes of its documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from sandbox.providers.models.answers import Answer
from sandbox.providers.models.asked import Asked, Unacceptable, usage

DEFAULT_MAX_TOKENS: Final = 4_096
FINISHES: Final = {"stop": "stop", "length": "length", "tools": "tool_calls", "refusal": "stop"}
KINDS: Final = {401: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_error"}


class OpenAI:
    name = "openai"

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("authorization", "").removeprefix("Bearer ")

    def read(self, body: Mapping[str, Any]) -> Asked:
        model = str(body["model"])
        form, schema = _form(model, body.get("response_format") or {})
        if model == "sandbox-new" and "max_tokens" in body:
            raise Unacceptable("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        if model == "sandbox-new" and body.get("temperature", 1) != 1:
            raise Unacceptable("Unsupported value: 'temperature' does not support this value with this model.")
        messages = [(str(each["role"]), str(each["content"])) for each in body["messages"]]
        if not messages:
            raise Unacceptable("Invalid 'messages': empty array.")
        return Asked(
            model=model,
            messages=messages,
            max_tokens=int(body.get("max_tokens") or body.get("max_completion_tokens") or DEFAULT_MAX_TOKENS),
            stream=bool(body.get("stream")),
            form=form,
            schema=schema,
            tools=[tool["function"] for tool in body.get("tools") or ()],
            counts_in_stream=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def whole(self, asked: Asked, answer: Answer, number: int) -> dict[str, Any]:
        refused = answer.finish == "refusal"
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if refused or answer.calls else answer.text,
            "refusal": answer.text if refused else None,
        }
        if answer.calls:
            message["tool_calls"] = _calls(answer, number)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISHES[answer.finish]}
        whole = {**_head(asked, number, "chat.completion"), "choices": [choice]}
        counted = _usage(asked, answer)
        return whole | ({"usage": counted} if counted else {})

    def events(self, asked: Asked, answer: Answer, number: int) -> Iterator[bytes]:
        head = _head(asked, number, "chat.completion.chunk")

        def event(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
            choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
            return _event({**head, "choices": choices})

        yield event({"role": "assistant", "content": ""})
        for piece in answer.pieces:
            yield event({"refusal" if answer.finish == "refusal" else "content": piece})
        for index, call in enumerate(_calls(answer, number)):
            arguments = call["function"]["arguments"]
            first = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield event({"tool_calls": [first]})
            for part in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
                yield event({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
        yield event({}, FINISHES[answer.finish])
        if asked.counts_in_stream and (counted := _usage(asked, answer)):
            yield _event({**head, "choices": [], "usage": counted})
        yield b"data: [DONE]\n\n"

    def models(self, names: Sequence[str]) -> dict[str, Any]:
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "sandbox"} for name in names]
        return {"object": "list", "data": rows}

    def error(self, status: int, text: str) -> dict[str, Any]:
        return {"error": {"message": text, "type": KINDS.get(status, "server_error"), "param": None, "code": None}}


PROTOCOL: Final = OpenAI()


def _form(model: str, wanted: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    kind = wanted.get("type", "")
    if kind in ("", "text"):
        return "", {}
    if model == "sandbox-no-json" or (model == "sandbox-no-schema" and kind == "json_schema"):
        raise Unacceptable(f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model.")
    if kind == "json_schema":
        return kind, wanted["json_schema"]["schema"]
    if kind == "json_object":
        return kind, {}
    raise Unacceptable(f"Invalid value: '{kind}'.")


def _head(asked: Asked, number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-sandbox-{number}", "object": kind, "created": 0, "model": asked.model}


def _calls(answer: Answer, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{number}_{index}",
            "type": "function",
            "function": {"name": name, "arguments": orjson.dumps(arguments).decode()},
        }
        for index, (name, arguments) in enumerate(answer.calls)
    ]


def _usage(asked: Asked, answer: Answer) -> dict[str, int] | None:
    counted = usage(asked, answer)
    if counted is None:
        return None
    inputs, outputs = counted
    return {"prompt_tokens": inputs, "completion_tokens": outputs, "total_tokens": inputs + outputs}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"
