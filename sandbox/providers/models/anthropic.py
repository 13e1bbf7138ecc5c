"""Anthropic's messages in the shapes of its documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from sandbox.providers.models.answers import Answer
from sandbox.providers.models.asked import Asked, Unacceptable, usage

FINISHES: Final = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refusal": "refusal"}
KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic:
    name = "anthropic"

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "")

    def read(self, body: Mapping[str, Any]) -> Asked:
        messages = [(str(each["role"]), _text(each["content"])) for each in body["messages"]]
        if not messages or messages[0][0] != "user":
            raise Unacceptable("messages: first message must use the user role")
        if any(role not in ("user", "assistant") or not text for role, text in messages):
            raise Unacceptable("messages: text content blocks must be non-empty")
        system = [("system", _text(body["system"]))] if body.get("system") else []
        tools = [
            {"name": tool["name"], "parameters": tool["input_schema"], "description": tool.get("description", "")}
            for tool in body.get("tools") or ()
        ]
        chosen = (body.get("tool_choice") or {}).get("name")
        forced = next((tool for tool in tools if tool["name"] == chosen), None)
        if forced is not None and str(body["model"]) in ("sandbox-no-schema", "sandbox-no-json"):
            raise Unacceptable("tool_choice: this model cannot be made to use a tool")
        return Asked(
            model=str(body["model"]),
            messages=[*system, *messages],
            max_tokens=int(body["max_tokens"]),
            stream=bool(body.get("stream")),
            form="tool" if forced else "",
            schema=forced["parameters"] if forced else {},
            tools=tools,
        )

    def whole(self, asked: Asked, answer: Answer, number: int) -> dict[str, Any]:
        return {
            "id": f"msg_sandbox_{number}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": _blocks(asked, answer, number),
            "stop_reason": _stop(asked, answer),
            "stop_sequence": None,
            **({"usage": counted} if (counted := _usage(asked, answer)) else {}),
        }

    def events(self, asked: Asked, answer: Answer, number: int) -> Iterator[bytes]:
        counted = _usage(asked, answer)
        message = self.whole(asked, answer, number) | {"content": [], "stop_reason": None}
        if counted:
            message["usage"] = counted | {"output_tokens": 1}
        yield _event("message_start", message=message)
        for index, block in enumerate(_blocks(asked, answer, number)):
            yield from _block_events(index, block, answer)
        delta = {"stop_reason": _stop(asked, answer), "stop_sequence": None}
        used = {"usage": {"output_tokens": counted["output_tokens"]}} if counted else {}
        yield _event("message_delta", delta=delta, **used)
        yield _event("message_stop")

    def models(self, names: Sequence[str]) -> dict[str, Any]:
        rows = [{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01"} for name in names]
        return {"data": rows, "has_more": False, "first_id": names[0], "last_id": names[-1]}

    def error(self, status: int, text: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": KINDS.get(status, "api_error"), "message": text}}


PROTOCOL: Final = Anthropic()


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(block.get("text", "")) for block in content)


def _stop(asked: Asked, answer: Answer) -> str:
    return "tool_use" if asked.form and answer.finish == "stop" else FINISHES[answer.finish]


def _blocks(asked: Asked, answer: Answer, number: int) -> list[dict[str, Any]]:
    if asked.form and answer.finish == "stop":
        try:
            value = orjson.loads(answer.text)
        except orjson.JSONDecodeError:
            # A real model's input is always an object, though not always one that fits.
            value = {"answer": answer.text}
        return [{"type": "tool_use", "id": f"toolu_{number}_0", "name": asked.tools[0]["name"], "input": value}]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    for index, (name, arguments) in enumerate(answer.calls):
        blocks.append({"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": arguments})
    return blocks


def _block_events(index: int, block: Mapping[str, Any], answer: Answer) -> Iterator[bytes]:
    if block["type"] == "text":
        yield _event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for piece in answer.pieces:
            yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
    else:
        yield _event("content_block_start", index=index, content_block={**block, "input": {}})
        arguments = orjson.dumps(block["input"]).decode()
        for part in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield _event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": part})
    yield _event("content_block_stop", index=index)


def _usage(asked: Asked, answer: Answer) -> dict[str, int] | None:
    counted = usage(asked, answer)
    return {"input_tokens": counted[0], "output_tokens": counted[1]} if counted else None


def _event(kind: str, **values: Any) -> bytes:
    return f"event: {kind}\ndata: ".encode() + orjson.dumps({"type": kind, **values}) + b"\n\n"
