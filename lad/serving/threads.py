"""Run a WSGI application in threads behind ASGI.

The event loop receives bodies and sends responses. A thread runs only while the application computes, so slow
clients, however many, leave the threads to others.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote_to_bytes

from lad.serving.asgi import Headers, Receive, Scope, Send, respond
from lad.serving.background import Background
from lad.serving.bodies import (
    Body,
    ClientGone,
    TooManyUnfinished,
    TooSlow,
    UnfinishedBodies,
    has_body,
    receive_body,
)
from lad.serving.clients import address_of
from lad.serving.event_streams import EventStream

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

# A longer response is kept in a temporary file while it is sent.
MEMORY_BYTES: Final = 1024 * 1024
PIECE_BYTES: Final = 256 * 1024
# A light request waits this long at most for each busy thread before it.
SWITCH_SECONDS: Final = 0.001
# A reader that takes longer for a piece of a long response is disconnected.
SEND_SECONDS: Final = 60
PLAIN: Final = [(b"content-type", b"text/plain"), (b"connection", b"close")]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The application's answer: the whole body, a file with it, or events that are still to come."""

    status: int
    headers: Headers
    body: bytes
    file: IO[bytes] | None = None
    events: EventStream | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    environment: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Answer]"


class ThreadedApplication:
    """A WSGI application as an ASGI application.

    ``max_body`` is the longest body that is read, ``max_upload`` the longest form with files, in bytes.
    ``unfinished_bodies`` is how many bodies of one client may be arriving at once. ``trusted_proxies`` is how many
    proxies in front name the client. ``background_threads`` run what event streams do with the database.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        *,
        threads: int,
        max_body: int,
        max_upload: int,
        unfinished_bodies: int,
        trusted_proxies: int = 0,
        background_threads: int = 4,
    ) -> None:
        self._background = Background(threads=background_threads)
        self._application = application
        self._max_body = max_body
        self._max_upload = max_upload
        self._unfinished = UnfinishedBodies(per_client=unfinished_bodies)
        self._trusted_proxies = trusted_proxies
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        sys.setswitchinterval(SWITCH_SECONDS)
        for number in range(threads):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._body(scope, receive)
        except ClientGone:
            return
        except TooSlow:
            await respond(send, 408, PLAIN, b"The request's body did not arrive in time.")
            return
        except TooManyUnfinished:
            await respond(send, 429, [*PLAIN, (b"retry-after", b"5")], b"Too many unfinished requests.")
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._queue.put(_Work(environment_of(scope, body), loop, future))
        answer = await future
        if answer.events is not None:
            await _send_events(receive, send, answer, answer.events, self._background)
        elif answer.file is None:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
        else:
            # A client that does not read gets no end.
            with suppress(TimeoutError):
                await _send_file(send, answer, answer.file)

    async def _body(self, scope: Scope, receive: Receive) -> Body:
        if not has_body(scope):
            return await receive_body(scope, receive, limit=0)
        limit = self._max_upload if _is_form_with_files(scope) else self._max_body
        with self._unfinished.counted(address_of(scope, trusted_proxies=self._trusted_proxies)):
            return await receive_body(scope, receive, limit=limit)

    def _work(self) -> None:
        while True:
            work = self._queue.get()
            try:
                answer = _answer(self._application, work.environment)
            except Exception:
                log.exception("The application failed outside Django's error handling.")
                answer = Answer(500, PLAIN, b"Internal Server Error")
            finally:
                work.environment["wsgi.input"].close()
            work.loop.call_soon_threadsafe(_deliver, work.answer, answer)
            del work, answer


def _is_form_with_files(scope: Scope) -> bool:
    return any(name == b"content-type" and value.lower().startswith(b"multipart/") for name, value in scope["headers"])


def _deliver(future: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not future.cancelled():
        future.set_result(answer)


async def _send_file(send: Send, answer: Answer, file: IO[bytes]) -> None:
    with file:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        while piece := file.read(PIECE_BYTES):
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _send_events(
    receive: Receive, send: Send, answer: Answer, events: EventStream, background: Background
) -> None:
    """Send events until they end. A client that leaves or reads too slowly ends them."""
    begun = False

    async def pieces() -> None:
        nonlocal begun
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        begun = True
        async with aclosing(events.make(background)) as made:
            async for piece in made:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    sender = asyncio.create_task(pieces())
    listener = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait((sender, listener), return_when="FIRST_COMPLETED")
    finally:
        listener.cancel()
        if not sender.done():
            sender.cancel()
        # Whoever makes the events finishes its work before the request is over.
        with suppress(asyncio.CancelledError, TimeoutError, OSError):
            await sender
        if not begun and events.unread is not None:
            await background(events.unread)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _answer(application: "WSGIApplication", environment: dict[str, Any]) -> Answer:
    started: list[tuple[int, Headers]] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        error: "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None" = None,
        /,
    ) -> Any:
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        started[:] = [(int(status.partition(" ")[0]), encoded)]

    pieces = application(environment, start_response)
    if isinstance(pieces, EventStream):
        # The request itself is over: its transaction has ended and its connection goes back.
        pieces.close()
        status, headers = started[0]
        return Answer(status, headers, b"", events=pieces)
    try:
        whole, file = _collected(pieces)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    status, headers = started[0]
    if file is None and status not in (204, 304) and not any(name == b"content-length" for name, _value in headers):
        headers.append((b"content-length", str(len(whole)).encode()))
    return Answer(status, headers, whole, file)


def _collected(pieces: Iterable[bytes]) -> tuple[bytes, IO[bytes] | None]:
    """Return the response's body, or a file with it if it is long."""
    start = bytearray()
    remaining = iter(pieces)
    for piece in remaining:
        start += piece
        if len(start) > MEMORY_BYTES:
            break
    else:
        return bytes(start), None
    file = cast(IO[bytes], SpooledTemporaryFile(max_size=MEMORY_BYTES))  # noqa: SIM115  (closed once it is sent)
    try:
        file.write(start)
        file.writelines(remaining)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return b"", file


def environment_of(scope: Scope, body: Body) -> dict[str, Any]:
    """Return the WSGI environment of a request."""
    path = scope.get("raw_path") or scope["path"].encode()
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 0)
    environment: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body.file,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        # With an underscore, a client could pass its header off as one that a proxy sets.
        if b"_" not in name:
            key = f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
            text = value.decode("latin-1")
            joint = "; " if key == "HTTP_COOKIE" else ","
            environment[key] = f"{environment[key]}{joint}{text}" if key in environment else text
    environment.pop("HTTP_CONTENT_LENGTH", None)
    environment["CONTENT_TYPE"] = environment.pop("HTTP_CONTENT_TYPE", "")
    environment["CONTENT_LENGTH"] = str(body.length) if body.length else ""
    return environment
