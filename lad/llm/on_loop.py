"""Models asked on an event loop: a call that waits for its model holds no thread and no database connection."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import httpcore2
import httpx2
from django.conf import settings

from lad.llm.endpoints import endpoints
from lad.llm.models import ModelConnection
from lad.llm.protocols.shared import HttpCall
from lad.llm.transport import Deadline, arguments, attempts, failure, reporting
from lad.serving.background import Runner

T = TypeVar("T")
_clients: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient]] = WeakKeyDictionary()


class OnLoop:
    """Sends requests on the running event loop. ``runner`` runs what uses the database, in a thread."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @asynccontextmanager
    async def opened(
        self, connection: ModelConnection, call: HttpCall, deadline: Deadline
    ) -> AsyncIterator[httpx2.Response]:
        with reporting() as began:
            async with client().stream(**arguments(connection, call, deadline)) as response:
                if not response.is_success:
                    raise await failure(self, response, deadline)
                began()
                yield response

    async def chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        async for chunk in response.aiter_bytes():
            yield chunk

    async def retrying(self, attempt: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        async for context in attempts(deadline):
            with context:
                return await attempt()
        raise AssertionError("stamina raises the last error")

    async def run(self, function: Callable[[], T]) -> T:
        return await self._runner(function)


def client() -> httpx2.AsyncClient:
    """Return the running loop's client. Its connections stay open between calls."""
    loop = asyncio.get_running_loop()
    found = _clients.get(loop)
    if found is None:
        found = _clients[loop] = httpx2.AsyncClient(
            transport=_transport(settings.LLM_CA_FILE, settings.LLM_OPEN_CONNECTIONS),
            trust_env=False,
            follow_redirects=False,
            # Tenants share the client, so nothing that an endpoint sets may come back to it.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": "LAD", "Accept-Encoding": "identity"},
        )
    return found


def _transport(ca_file: str, connections: int) -> httpx2.AsyncHTTPTransport:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    limits = httpx2.Limits(
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=endpoints.idle_seconds,
    )
    transport = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
    # The library offers no other way to choose how its pool connects.
    transport._pool._network_backend = GuardedLoopBackend()
    return transport


class GuardedLoopBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that LAD allows, as ``lad.outgoing.GuardedBackend`` does."""

    def __init__(self) -> None:
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failed: Exception = httpcore2.ConnectError("The name has no address.")
        # The look-up blocks, so it has a thread.
        for address in await asyncio.to_thread(endpoints.addresses, host, port):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)
