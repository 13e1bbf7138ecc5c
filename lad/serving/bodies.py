"""Receive request bodies on the event loop, so that a slow sender holds no thread and no database connection."""

import asyncio
import io
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from lad.serving.asgi import Receive, Scope

# A longer body is kept in a temporary file.
MEMORY_BYTES: Final = 64 * 1024
IDLE_SECONDS: Final = 30
TOTAL_SECONDS: Final = 600


class ClientGone(Exception):
    """The client closed the connection before its body had arrived."""


class TooSlow(Exception):
    """The body did not arrive in time."""


@dataclass(frozen=True, slots=True)
class Body:
    """A received body. ``length`` is what the application is told; it may be more than was read."""

    file: IO[bytes]
    length: int


async def receive_body(scope: Scope, receive: Receive, *, limit: int) -> Body:
    """Return the request's body. What exceeds the limit is not read; the application rejects it by its length.

    Raises ClientGone, or TooSlow.
    """
    declared = _declared_length(scope)
    if declared == 0 or (declared or 0) > limit:
        return Body(io.BytesIO(), declared or 0)
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _receive(receive, limit)
    except TimeoutError as error:
        raise TooSlow from error


async def _receive(receive: Receive, limit: int) -> Body:
    first, more = await _next_piece(receive)
    if not more:
        return Body(io.BytesIO(first), len(first))
    file = cast(IO[bytes], SpooledTemporaryFile(max_size=MEMORY_BYTES))  # noqa: SIM115  (closed with the response)
    try:
        length = file.write(first)
        while more and length <= limit:
            piece, more = await _next_piece(receive)
            length += file.write(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Body(file, length)


async def _next_piece(receive: Receive) -> tuple[bytes, bool]:
    async with asyncio.timeout(IDLE_SECONDS):
        message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def _declared_length(scope: Scope) -> int | None:
    """Return the length of the body, 0 if there is none, or None if it comes in chunks."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"")
    if length.isdigit():
        return int(length)
    # HTTP/2 needs neither header.
    return None if scope["http_version"] == "2" and scope["method"] not in ("GET", "HEAD") else 0
