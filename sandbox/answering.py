"""What protocols over HTTP do around every request: faults before and after it, the log, and errors in their words.

Faults strike at the stages that a protocol names, for an account and a recipient: ``answer`` with a code, before
anything happens (``seconds`` is Retry-After, ``text`` may be the protocol's own error code); ``slow``, after it
happened; ``drop`` (``accepted`` says whether it happened; after ``seconds``, so that a client gives up); and ``split``,
cut in the middle of the answer.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.core import Core
from sandbox.faults import FaultKind
from sandbox.http import Dropped, Response


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, text: str, **meta: str) -> None:
        super().__init__(text)
        self.status, self.code, self.meta = status, code, meta
        self.retry_after = 0.0
        # What a fault was told to say; a protocol may take it for a code of its own.
        self.asked = ""


@dataclass(frozen=True)
class Answer:
    """An answer with a status of its own."""

    value: Any
    status: int


Act = Callable[[], Awaitable[Any]]
Speak = Callable[[Refused], dict[str, Any]]


class Answering:
    """Requests of one protocol."""

    def __init__(self, core: Core, protocol: str, speak: Speak, *, logs: str) -> None:
        self._core, self._protocol, self._speak, self._logs = core, protocol, speak, logs
        self.counts: Counter[str] = Counter()

    async def answer(
        self, name: str, stage: str, act: Act, *, account: str, number: str = "", succeeds: int = 200
    ) -> Response:
        """Answer a request, unless a fault strikes."""
        fault = self._core.faults.strike(self._protocol, stage, account=account, recipient=number)
        if fault is not None and fault.kind == FaultKind.ANSWER:
            refused = Refused(fault.code, *_words(fault.code, fault.text))
            refused.asked, refused.retry_after = fault.text, fault.seconds
            return self._refuse(name, account, refused)
        if fault is not None and fault.kind == FaultKind.DROP and not fault.accepted:
            self._log(name, account, 0)
            await asyncio.sleep(fault.seconds)
            raise Dropped
        try:
            value = await act()
        except Refused as refused:
            return self._refuse(name, account, refused)
        if isinstance(value, Answer):
            value, succeeds = value.value, value.status
        lost = fault is not None and fault.kind in (FaultKind.DROP, FaultKind.SPLIT)
        self._log(name, account, 0 if lost else succeeds)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == FaultKind.DROP:
            raise Dropped
        body = orjson.dumps(value)
        if fault is not None and fault.kind == FaultKind.SPLIT:
            return Response(status=succeeds, pieces=_half(body))
        return Response(body, succeeds)

    def _refuse(self, name: str, account: str, refused: Refused) -> Response:
        self._log(name, account, refused.status)
        headers = {"Retry-After": f"{refused.retry_after:g}"} if refused.retry_after else {}
        return Response(orjson.dumps(self._speak(refused)), refused.status, headers=headers)

    def _log(self, name: str, account: str, status: int) -> None:
        """Log a request. Status 0 is an answer that did not arrive."""
        self.counts[str(status)] += 1
        self._core.log.write(self._logs, protocol=self._protocol, request=name, account=account, status=status)


def _words(status: int, text: str) -> tuple[str, str]:
    codes = {
        400: "invalid_argument",
        401: "unauthenticated",
        403: "permission_denied",
        404: "not_found",
        408: "deadline_exceeded",
        429: "resource_exhausted",
        503: "unavailable",
    }
    return codes.get(status, "internal"), text or "The sandbox was asked to fail."


async def _half(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body[: len(body) // 2]
    raise Dropped
