"""Receive request bodies on the event loop, so that a slow sender holds no thread and no database connection."""

import asyncio
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from lad.serving.asgi import Receive, Scope

# A longer body is kept in a temporary file.
MEMORY_BYTES: Final = 64 * 1024
# A body must begin within GRACE_SECONDS, and then arrive at least this fast on average.
GRACE_SECONDS: Final = 15
MIN_BYTES_PER_SECOND: Final = 1_000
IDLE_SECONDS: Final = 15
TOTAL_SECONDS: Final = 600


class ClientGone(Exception):
    """The client closed the connection before its body had arrived."""


class TooSlow(Exception):
    """The body did not arrive in time."""


class TooManyUnfinished(Exception):
    """The client has as many requests with unfinished bodies as it may have."""


@dataclass(frozen=True, slots=True)
class Body:
    """A received body. ``length`` is what the application is told; it may be more than was read."""

    file: IO[bytes]
    length: int


class UnfinishedBodies:
    """Counts the bodies that are arriving, by the address of their client."""

    def __init__(self, *, per_client: int) -> None:
        self._per_client = per_client
        self._counts: Counter[str] = Counter()

    @contextmanager
    def counted(self, client: str) -> Iterator[None]:
        """Count one body while it arrives. Raises TooManyUnfinished."""
        if self._counts[client] >= self._per_client:
            raise TooManyUnfinished
        self._counts[client] += 1
        try:
            yield
        finally:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]


def has_body(scope: Scope) -> bool:
    """Return whether the request announces a body."""
    return _declared_length(scope) != 0


async def receive_body(scope: Scope, receive: Receive, *, limit: int) -> Body:
    """Return the request's body. What exceeds the limit is not read; the application rejects it by its length.

    Raises ClientGone, or TooSlow.
    """
    declared = _declared_length(scope)
    if declared == 0 or (declared or 0) > limit:
        return Body(io.BytesIO(), declared or 0)
    pieces = _Pieces(receive)
    first, more = await pieces.next()
    if not more:
        return Body(io.BytesIO(first), len(first))
    file = cast(IO[bytes], SpooledTemporaryFile(max_size=MEMORY_BYTES))  # noqa: SIM115  (closed with the response)
    try:
        length = file.write(first)
        while more and length <= limit:
            piece, more = await pieces.next()
            length += file.write(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Body(file, length)


class _Pieces:
    """The pieces of one body, each with a deadline that depends on how much has arrived."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._started = asyncio.get_running_loop().time()
        self._received = 0

    async def next(self) -> tuple[bytes, bool]:
        """Return the next piece, and whether there are more. Raises ClientGone, or TooSlow."""
        allowed = min(GRACE_SECONDS + self._received / MIN_BYTES_PER_SECOND, TOTAL_SECONDS)
        deadline = min(self._started + allowed, asyncio.get_running_loop().time() + IDLE_SECONDS)
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlow from error
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        self._received += len(piece)
        return piece, message.get("more_body", False)


def _declared_length(scope: Scope) -> int | None:
    """Return the length of the body, 0 if there is none, or None if it comes in chunks."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else 0
