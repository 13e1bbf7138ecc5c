"""A small HTTP server for the control port and for providers that speak HTTP."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

MAX_BODY: Final = 32_000_000
MAX_HEAD: Final = 65_536


class Problem(Exception):
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Dropped(ConnectionError):
    """The connection ends here, in place of the rest of the answer."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    # What the path held in place of the route's {names}.
    names: Mapping[str, str] = field(default_factory=dict)
    # The query with every value of a name.
    pairs: Sequence[tuple[str, str]] = ()

    def json(self) -> dict[str, Any]:
        """Return the body as an object. Raise Problem if it is none."""
        try:
            value = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise Problem(400, f"The body is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise Problem(400, "The body must be a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    # In place of the body, sent as each becomes ready. One that raises Dropped leaves the answer unfinished.
    pieces: AsyncGenerator[bytes, None] | None = None


def reply(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status)


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Routes of all providers on one port. A route's path may hold {names}, each one segment."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, path: str, handler: Handler) -> None:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self._routes.append((method, re.compile(pattern), handler))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:
            # The sandbox stops. Raised further, it would be reported as an error of the connection.
            return
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. Return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _version = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length") or 0)
        if not 0 <= length <= MAX_BODY:
            return False
        body = await reader.readexactly(length)
        url = urlsplit(target)
        query = parse_qsl(url.query, keep_blank_values=True)
        response = await self._answer(Request(method, url.path, dict(query), headers, body, pairs=query))
        stays = headers.get("connection", "").lower() != "close"
        if response.pieces is not None:
            await _send_pieces(writer, response, stays)
            return stays
        writer.write(_head(response, stays) + (b"" if method == "HEAD" else response.body))
        await writer.drain()
        return stays

    async def _answer(self, request: Request) -> Response:
        allowed = False
        if request.method != "GET" and not _is_local(request.headers.get("origin", "")):
            return reply({"error": "Pages of other sites may not use the sandbox."}, 403)
        for method, pattern, handler in self._routes:
            if found := pattern.fullmatch(request.path):
                if method != request.method:
                    allowed = True
                    continue
                asked = Request(**{**vars(request), "names": found.groupdict()})
                try:
                    return await handler(asked)
                except Problem as problem:
                    return reply({"error": str(problem)}, problem.status)
                except (KeyError, TypeError, ValueError) as error:
                    return reply({"error": f"{type(error).__name__}: {error}"}, 400)
        return reply({"error": f"{request.method} {request.path} is not served here."}, 405 if allowed else 404)


def _is_local(origin: str) -> bool:
    """Return whether a request comes from a page of this computer, or from a program, which names no origin."""
    return not origin or urlsplit(origin).hostname in ("127.0.0.1", "localhost", "::1")


async def _send_pieces(writer: asyncio.StreamWriter, response: Response, stays: bool) -> None:
    assert response.pieces is not None
    # Closed at once if the client goes away, so that whoever makes the pieces learns of it.
    async with aclosing(response.pieces) as pieces:
        writer.write(_head(response, stays))
        async for piece in pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(response: Response, stays: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {_phrase(response.status)}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}" if response.pieces is None else "Transfer-Encoding: chunked",
        f"Connection: {'keep-alive' if stays else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    """Return what a status means. Providers have some that no standard knows, such as 529."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
