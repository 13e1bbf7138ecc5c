"""The sandbox's models speak as their providers document, and always say the same."""

from typing import Any

import httpx2
import orjson
import pytest

from tests.support.conversations import hold, mixed_up
from tests.support.loops import run
from tests.support.sandbox import Sandbox

OPENAI = {"Authorization": "Bearer sandbox-key"}
ANTHROPIC = {"x-api-key": "sandbox-key", "anthropic-version": "2023-06-01"}
# benchmarks/models.py holds a thousand.
CONVERSATIONS = 200
SCHEMA = {
    "$defs": {"Size": {"type": "object", "properties": {"least": {"type": "integer", "minimum": 10}}}},
    "type": "object",
    "properties": {
        "industry": {"enum": ["health care", "retail"]},
        "size": {"$ref": "#/$defs/Size"},
        "cities": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        "remote": {"type": ["boolean", "null"]},
        "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 5}]},
    },
}


def openai(sandbox: Sandbox, text: str, **values: Any) -> httpx2.Response:
    body = {"model": "sandbox-good", "messages": [{"role": "user", "content": text}], **values}
    return sandbox.client.post("/v1/chat/completions", json=body, headers=OPENAI)


def anthropic(sandbox: Sandbox, text: str, **values: Any) -> httpx2.Response:
    body = {"model": "sandbox-good", "max_tokens": 500, "messages": [{"role": "user", "content": text}], **values}
    return sandbox.client.post("/v1/messages", json=body, headers=ANTHROPIC)


def test_answers_have_the_shape_of_their_protocol(sandbox: Sandbox) -> None:
    first, second = openai(sandbox, "Clinics in Dubai").json(), openai(sandbox, "Clinics in Dubai").json()
    [choice] = first["choices"]
    assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
    assert "Clinics in Dubai" in choice["message"]["content"]
    assert choice == second["choices"][0]
    used = first["usage"]
    assert used["total_tokens"] == used["prompt_tokens"] + used["completion_tokens"]
    found = anthropic(sandbox, "Clinics in Dubai").json()
    assert (found["type"], found["stop_reason"], found["content"][0]["type"]) == ("message", "end_turn", "text")


def test_a_schema_is_filled_from_the_words(sandbox: Sandbox) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    text = 'Retail in "Abu Dhabi", at least 120 people, remote'
    [choice] = openai(sandbox, text, response_format=wanted).json()["choices"]
    value = orjson.loads(choice["message"]["content"])
    assert (value["industry"], value["size"], value["remote"]) == ("retail", {"least": 120}, True)
    assert 1 <= len(value["cities"]) <= 3
    assert len(value["note"]) <= 5
    tool = {"name": "answer", "input_schema": SCHEMA}
    chosen = {"type": "tool", "name": "answer"}
    found = anthropic(sandbox, text, tools=[tool], tool_choice=chosen).json()
    assert found["stop_reason"] == "tool_use"
    assert set(found["content"][0]["input"]) == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    ("model", "status"), [("sandbox-busy", 429), ("sandbox-broken", 500), ("sandbox-none", 404), ("sandbox-good", 200)]
)
def test_failures_have_the_shape_of_their_protocol(sandbox: Sandbox, model: str, status: int) -> None:
    mine, theirs = openai(sandbox, "Hello", model=model), anthropic(sandbox, "Hello", model=model)
    assert (mine.status_code, theirs.status_code) == (status, status)
    if status != 200:
        assert mine.json()["error"]["message"] == theirs.json()["error"]["message"]
        assert theirs.json()["type"] == "error"
    assert mine.headers.get("retry-after") == ("1" if status == 429 else None)


def test_a_key_that_is_not_the_sandboxs_is_refused(sandbox: Sandbox) -> None:
    body = {"model": "sandbox-good", "messages": [{"role": "user", "content": "Hello"}]}
    answer = sandbox.client.post("/v1/chat/completions", json=body, headers={"Authorization": "Bearer sk-real"})
    assert answer.status_code == 401
    assert sandbox.client.get("/v1/models").status_code == 401
    listed = [sandbox.client.get("/v1/models", headers=headers).json()["data"] for headers in (OPENAI, ANTHROPIC)]
    assert [row["id"] for row in listed[0]] == [row["id"] for row in listed[1]]


def test_conversations_at_once_are_not_mixed_up(sandbox: Sandbox) -> None:
    answers = run(hold(sandbox.ports["http"], CONVERSATIONS))
    assert (len(answers), mixed_up(answers)) == (CONVERSATIONS, [])
    models = sandbox.stats()["models"]
    assert models["answered"] == {"sandbox-good": CONVERSATIONS}
    assert models["most_open"] > CONVERSATIONS // 4
    assert len(sandbox.log("model_call")) == CONVERSATIONS
