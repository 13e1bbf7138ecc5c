"""Language models: OpenAI's chat completions and Anthropic's messages, on the HTTP port under ``/v1``.

The model's name says how it behaves; BEHAVIOURS lists the names. Faults of the protocol ``models`` strike at the
stages CHAT, PIECE and LIST. An API key must begin with ``sandbox``. The log has an entry ``model_call`` for each
answer, with the tokens that a real provider would charge, and ``model_cancelled`` for a client that went away.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, Final

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.http import Dropped, Request, Response, reply
from sandbox.providers import register
from sandbox.providers.models import anthropic, openai
from sandbox.providers.models.answers import Answer, answer_to
from sandbox.providers.models.asked import Asked, Protocol, Unacceptable

KEY_BEGINS: Final = "sandbox"
PIECE_SECONDS: Final = 0.01
SLOW_SECONDS: Final = 2.0
RETRY_AFTER_SECONDS: Final = 1
TEXT_LOGGED: Final = 200
# Model → what it does other than answer well.
BEHAVIOURS: Final = {
    "sandbox-good": "answers well",
    "sandbox-slow": "takes two seconds, and as long again for its pieces",
    "sandbox-invalid-json": "answers structured questions with JSON that is none",
    "sandbox-wrong-shape": "answers structured questions with JSON that does not fit, until it is asked to repair it",
    "sandbox-refuses": "declines to answer",
    "sandbox-busy": "answers 429 with Retry-After",
    "sandbox-broken": "answers 500",
    "sandbox-cut": "breaks off in the middle of a stream, or of a body",
    "sandbox-wrong-usage": "counts tokens that cannot be",
    "sandbox-no-usage": "counts no tokens",
    "sandbox-short": "stops at its limit of tokens",
    "sandbox-no-schema": "does not accept a JSON Schema",
    "sandbox-no-json": "does not accept any response format",
    "sandbox-ignores-schema": "accepts a JSON Schema and answers in words",
    "sandbox-new": "takes max_completion_tokens only, and no temperature",
    "sandbox-obeys": "does whatever the newest text says, tools included: the victim of injections",
}


@register
class Models:
    """The provider."""

    name = "models"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._answered: Counter[str] = Counter()
        self._open = self._most_open = 0

    async def start(self) -> None:
        self._serve("/v1/chat/completions", openai.PROTOCOL)
        self._serve("/v1/messages", anthropic.PROTOCOL)
        self._core.http.route("GET", "/v1/models", self._list)

    def reset(self) -> None:
        self._answered.clear()
        self._most_open = self._open

    def stats(self) -> dict[str, object]:
        return {"answered": dict(self._answered), "open": self._open, "most_open": self._most_open}

    def _serve(self, path: str, protocol: Protocol) -> None:
        async def chat(request: Request) -> Response:
            self._open += 1
            self._most_open = max(self._open, self._most_open)
            response = None
            try:
                response = await self._chat(protocol, request)
            finally:
                # A streamed answer is open until its last piece.
                if response is None or response.pieces is None:
                    self._open -= 1
            return response

        self._core.http.route("POST", path, chat)

    async def _list(self, request: Request) -> Response:
        protocol = anthropic.PROTOCOL if "anthropic-version" in request.headers else openai.PROTOCOL
        if refused := self._refused(protocol, request):
            return refused
        fault = self._core.faults.strike("models", "LIST")
        if fault is not None:
            return await self._faulty(protocol, fault) or reply(protocol.models(list(BEHAVIOURS)))
        return reply(protocol.models(list(BEHAVIOURS)))

    async def _chat(self, protocol: Protocol, request: Request) -> Response:
        if refused := self._refused(protocol, request):
            return refused
        try:
            asked = protocol.read(request.json())
        except Unacceptable as problem:
            return _error(protocol, problem.status, str(problem))
        if asked.model not in BEHAVIOURS:
            return _error(protocol, 404, f"The model {asked.model} does not exist.")
        fault = self._core.faults.strike("models", "CHAT", account=asked.model)
        if fault is not None and (response := await self._faulty(protocol, fault)):
            return response
        if response := await self._misbehaving(protocol, asked):
            return response
        return self._respond(protocol, asked, answer_to(asked, self._core.chance))

    def _refused(self, protocol: Protocol, request: Request) -> Response | None:
        if protocol.key(request.headers).startswith(KEY_BEGINS):
            return None
        return _error(protocol, 401, "Incorrect API key provided.")

    async def _faulty(self, protocol: Protocol, fault: Fault) -> Response | None:
        """Do what a fault asks for. None means to go on."""
        if fault.kind == FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return None
        if fault.kind == FaultKind.DROP:
            raise Dropped
        headers = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else {}
        return _error(protocol, fault.code, fault.text or "The sandbox was asked to fail.", headers)

    async def _misbehaving(self, protocol: Protocol, asked: Asked) -> Response | None:
        match asked.model:
            case "sandbox-slow":
                await asyncio.sleep(SLOW_SECONDS)
            case "sandbox-busy":
                return _error(protocol, 429, "Rate limit reached.", {"Retry-After": str(RETRY_AFTER_SECONDS)})
            case "sandbox-broken":
                return _error(protocol, 500, "The server had an error.")
        return None

    def _respond(self, protocol: Protocol, asked: Asked, answer: Answer) -> Response:
        number = self._log_call(protocol, asked, answer)
        if asked.stream:
            pieces = self._streamed(protocol, asked, answer, number)
            return Response(content_type="text/event-stream", pieces=pieces)
        body = reply(protocol.whole(asked, answer, number))
        if asked.model == "sandbox-cut":
            return Response(pieces=self._half(body.body))
        return body

    async def _streamed(
        self, protocol: Protocol, asked: Asked, answer: Answer, number: int
    ) -> AsyncGenerator[bytes, None]:
        sent, done = 0, False
        try:
            events = list(protocol.events(asked, answer, number))
            for index, event in enumerate(events):
                if asked.model == "sandbox-cut" and index >= len(events) // 2:
                    raise Dropped
                fault = self._core.faults.strike("models", "PIECE", account=asked.model)
                if fault is not None and fault.kind == FaultKind.DROP:
                    raise Dropped
                pause = SLOW_SECONDS / len(events) if asked.model == "sandbox-slow" else PIECE_SECONDS
                await asyncio.sleep(fault.seconds if fault is not None else pause)
                yield event
                sent += 1
            done = True
        finally:
            self._open -= 1
            if not done:
                self._core.log.write("model_cancelled", call=number, pieces=sent)

    async def _half(self, body: bytes) -> AsyncGenerator[bytes, None]:
        try:
            yield body[: len(body) // 2]
            raise Dropped
        finally:
            self._open -= 1

    def _log_call(self, protocol: Protocol, asked: Asked, answer: Answer) -> int:
        self._answered[asked.model] += 1
        return self._core.log.write(
            "model_call",
            protocol=protocol.name,
            model=asked.model,
            stream=asked.stream,
            structured=asked.form or None,
            tools=[tool["name"] for tool in asked.tools] or None,
            input_tokens=asked.tokens,
            output_tokens=answer.tokens,
            asked=asked.last[:TEXT_LOGGED],
            answered=answer.text[:TEXT_LOGGED],
        )


def _error(protocol: Protocol, status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    answer: dict[str, Any] = protocol.error(status, text)
    return Response(reply(answer).body, status, headers=headers or {})
