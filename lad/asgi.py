"""The ASGI entry point, which the web server runs: streams on the event loop, everything else by Django in threads.

Django itself runs as WSGI: under its own ASGI handler a request takes ten times as long.
"""

import asyncio
import signal

from django.conf import settings

from lad.limits import longest_form
from lad.serving.asgi import Receive, Scope, Send
from lad.serving.threads import ThreadedApplication
from lad.streams.app import PREFIX, StreamApplication
from lad.streams.hub import Hub
from lad.wsgi import application as django

_pages = ThreadedApplication(
    django,
    threads=settings.WEB_THREADS,
    background_threads=settings.WEB_BACKGROUND_THREADS,
    max_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    max_upload=longest_form(),
    unfinished_bodies=settings.WEB_UNFINISHED_BODIES,
    trusted_proxies=settings.TRUSTED_PROXY_COUNT,
)
_streams = StreamApplication(
    Hub(
        settings.REDIS_URL,
        max_streams=settings.STREAMS_PER_WORKER,
        max_streams_per_tenant=settings.STREAMS_PER_TENANT,
    ),
    origins=settings.CORS_ALLOWED_ORIGINS,
    max_seconds=settings.STREAM_LIFETIME.total_seconds(),
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, or follow the start and the end of the server."""
    if scope["type"] == "lifespan":
        await _follow_server(receive, send)
    elif scope["path"].startswith(PREFIX):
        await _streams(scope, receive, send)
    else:
        await _pages(scope, receive, send)


async def _follow_server(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _end_streams_on_signals(asyncio.get_running_loop())
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _end_streams_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """End the streams when the server is told to stop; it waits for open responses before it reports its shutdown.

    The loop's own handlers, which are the server's, run as well: they are called through the wakeup descriptor.
    """

    def end_streams(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(_streams.close())))

    tasks: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_streams)
        signal.siginterrupt(number, False)
