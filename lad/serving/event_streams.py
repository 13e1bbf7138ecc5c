"""Responses of Django that take a while: the view answers in its thread, the body comes from the event loop."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Final

import orjson
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse

from lad.serving.background import Runner

Events = AsyncGenerator[bytes, None]
CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"


class EventStream(StreamingHttpResponse):
    """A response whose pieces ``make`` yields on the server's event loop, after the view has returned.

    ``make`` gets what runs blocking functions. Nothing of it runs before the request's transaction has committed, and
    a response that nobody reads is never begun. A server without an event loop gets the same pieces, all at the end.
    Then ``unread`` runs instead, beside the loop.
    ``repeated`` is the response to the same request with the same Idempotency-Key later: it says where the result is.
    """

    def __init__(
        self,
        make: Callable[[Runner], Events],
        *,
        content_type: str = CONTENT_TYPE,
        repeated: HttpResponse | None = None,
        unread: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(content_type=content_type)
        self.make, self.repeated, self.unread = make, repeated, unread
        # The second keeps nginx from collecting the response before it passes it on.
        self["Cache-Control"], self["X-Accel-Buffering"] = "no-store", "no"

    def __iter__(self) -> Iterator[bytes]:
        return iter(async_to_sync(self._collected)())

    async def _collected(self) -> list[bytes]:
        async with aclosing(self.make(_inline)) as pieces:
            return [piece async for piece in pieces]


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return one event with JSON as its data."""
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data, default=str) + b"\n\n"


async def _inline(function: Callable[[], Any], /) -> Any:
    """Run the function in the thread that reads the response."""
    return await sync_to_async(function, thread_sensitive=True)()
