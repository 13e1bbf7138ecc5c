"""The ASGI application of ``/streams/<channel>/?ticket=…``: server-sent events, without threads or database.

A stream begins with an event ``open``. A message is the data that was published, a ``resync`` says that messages
may have been lost. It ends with ``end`` after a while, so that a revoked membership does not listen for ever;
then, as after any failure, the client asks for a new ticket.
"""

import asyncio
import json
from collections.abc import Collection
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from lad.serving.asgi import Headers, Receive, Scope, Send, respond
from lad.streams.hub import Hub, HubFull, HubUnavailable, Inbox
from lad.streams.tickets import InvalidTicket, Ticket, read_ticket

PREFIX: Final = "/streams/"
HEARTBEAT_SECONDS: Final = 15
# Messages that arrive closer together are sent together.
MIN_INTERVAL_SECONDS: Final = 0.2
# A reader that takes longer for what is sent is disconnected.
SEND_SECONDS: Final = 10
RETRY_MILLISECONDS: Final = 3_000
HEARTBEAT: Final = b": still here\n\n"
BEGINNING: Final = f"retry: {RETRY_MILLISECONDS}\n".encode() + b"event: open\ndata: {}\n\n"
RESYNC: Final = b"event: resync\ndata: {}\n\n"
END: Final = b"event: end\ndata: {}\n\n"


class StreamProblem(Exception):
    """The stream is refused, with this status, code and explanation."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class StreamApplication:
    """Serves streams. ``origins`` are those of the apps that may read them, ``max_seconds`` ends each of them."""

    def __init__(self, hub: Hub, *, origins: Collection[str], max_seconds: float) -> None:
        self._hub = hub
        self._origins = frozenset(origins)
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._cors(scope)
        try:
            inbox = await self._open(scope)
        except StreamProblem as problem:
            await _refuse(send, headers, problem)
            return
        try:
            await self._serve(inbox, headers, receive, send)
        finally:
            self._hub.leave(inbox)

    async def close(self) -> None:
        """End every stream."""
        await self._hub.close()

    async def _open(self, scope: Scope) -> Inbox:
        ticket = _ticket(scope)
        try:
            return await self._hub.open(ticket)
        except HubFull as full:
            if full.tenant:
                detail = "Your tenant has as many open streams as it may have. Close some, or try again later."
                raise StreamProblem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_streams", detail) from full
            detail = "The server has as many open streams as it can hold. Try again later."
            raise StreamProblem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_streams", detail) from full
        except HubUnavailable as error:
            detail = "Streams are not available at the moment. Try again later."
            raise StreamProblem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail) from error

    async def _serve(self, inbox: Inbox, headers: Headers, receive: Receive, send: Send) -> None:
        """Send until the client leaves, reads too slowly, or the stream has lasted long enough."""
        sender = asyncio.create_task(self._send(inbox, headers, send))
        listener = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait(
                (sender, listener), timeout=self._max_seconds + SEND_SECONDS, return_when="FIRST_COMPLETED"
            )
        finally:
            for task in (sender, listener):
                task.cancel()
                # A client that leaves makes the send fail; there is nobody to tell.
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _send(self, inbox: Inbox, headers: Headers, send: Send) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._max_seconds
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": [*headers, *STREAM_HEADERS]})
        await _send_piece(send, BEGINNING)
        while not inbox.closed and (left := deadline - loop.time()) > 0:
            await inbox.wait(min(left, HEARTBEAT_SECONDS))
            events = b"".join(b"data: " + text.encode() + b"\n\n" for text in inbox.take())
            if inbox.resync:
                inbox.resync = False
                events = RESYNC + events
            await _send_piece(send, events or HEARTBEAT)
            if events:
                await asyncio.sleep(MIN_INTERVAL_SECONDS)
        await _send_piece(send, END)
        await send({"type": "http.response.body", "body": b""})

    def _cors(self, scope: Scope) -> Headers:
        origin = dict(scope["headers"]).get(b"origin", b"")
        allowed = origin.decode("latin-1") in self._origins
        return [(b"vary", b"Origin"), *([(b"access-control-allow-origin", origin)] if allowed else [])]


# The last one keeps nginx from collecting a response before it passes it on.
STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def _ticket(scope: Scope) -> Ticket:
    if scope["method"] != "GET":
        raise StreamProblem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Open a stream with GET.")
    try:
        ticket = read_ticket(parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0])
    except InvalidTicket as error:
        detail = "The ticket is missing, not valid or expired. Ask for a new one: POST /api/v1/stream-tickets/."
        raise StreamProblem(HTTPStatus.UNAUTHORIZED, "invalid_ticket", detail) from error
    if scope["path"] != f"{PREFIX}{ticket.channel}/":
        raise StreamProblem(HTTPStatus.FORBIDDEN, "another_channel", "The ticket belongs to another channel.")
    return ticket


async def _send_piece(send: Send, piece: bytes) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, headers: Headers, problem: StreamProblem) -> None:
    document = {
        "type": f"urn:lad:problem:{problem.code}",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "code": problem.code,
    }
    if problem.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers = [*headers, (b"retry-after", b"30")]
    headers = [*headers, (b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await respond(send, problem.status.value, headers, json.dumps(document).encode())
