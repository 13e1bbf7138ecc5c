"""Send requests to endpoints: within a time, again where that helps, and never more than an answer may have."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeVar

import httpx2
import orjson
import stamina

from lad import outgoing
from lad.llm.driving import blocking
from lad.llm.endpoints import endpoints
from lad.llm.errors import PASSING, EndpointError, Fault
from lad.llm.models import ModelConnection
from lad.llm.protocols.shared import HttpCall
from lad.llm.providers import ANTHROPIC

ATTEMPTS: Final = 3
FIRST_WAIT_SECONDS: Final = 0.2
MAX_WAIT_SECONDS: Final = 5.0
MAX_ANSWER_BYTES: Final = 8_000_000
MAX_COMPLAINT_BYTES: Final = 20_000
MAX_EVENT_BYTES: Final = 1_000_000
T = TypeVar("T")


@dataclass(slots=True)
class Deadline:
    """When a call must be over, and how many requests it made."""

    seconds: float
    began: float = field(default_factory=time.monotonic)
    requests: int = 0

    @property
    def left(self) -> float:
        return self.began + self.seconds - time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def check(self) -> None:
        if self.left <= 0:
            raise EndpointError(Fault.TIMEOUT)


class Transport(Protocol):
    """How requests travel: in the caller's thread, or on an event loop."""

    def opened(
        self, connection: ModelConnection, call: HttpCall, deadline: Deadline
    ) -> AbstractAsyncContextManager[httpx2.Response]:
        """Send a request and yield its response, whose body is still to be read. Raises EndpointError."""

    def chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        """Yield the body of a response as it arrives."""

    async def retrying(self, attempt: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        """Return what the attempt returns. Repeats it after failures that pass, as soon as the endpoint asks for it."""

    async def run(self, function: Callable[[], T]) -> T:
        """Run what uses the database or Valkey."""


class Threaded:
    """Works in the caller's thread, which waits. Its coroutines never suspend: ``driving.blocking`` runs them."""

    @asynccontextmanager
    async def opened(
        self, connection: ModelConnection, call: HttpCall, deadline: Deadline
    ) -> AsyncIterator[httpx2.Response]:
        with reporting() as began, endpoints.client().stream(**arguments(connection, call, deadline)) as response:
            if not response.is_success:
                raise await failure(self, response, deadline)
            began()
            yield response

    async def chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        for chunk in response.iter_bytes():
            yield chunk

    async def retrying(self, attempt: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        for context in attempts(deadline):
            with context:
                return await attempt()
        raise AssertionError("stamina raises the last error")

    async def run(self, function: Callable[[], T]) -> T:
        return function()


THREADED: Final = Threaded()


def ask(connection: ModelConnection, call: HttpCall, deadline: Deadline) -> Mapping[str, Any]:
    """Return the answer to a request, a JSON object. Tries again within the deadline. Raises EndpointError."""
    return blocking(THREADED.retrying(lambda: ask_once(THREADED, connection, call, deadline), deadline))


async def ask_once(
    transport: Transport, connection: ModelConnection, call: HttpCall, deadline: Deadline
) -> Mapping[str, Any]:
    """Return the answer to one request, a JSON object. Raises EndpointError."""
    async with transport.opened(connection, call, deadline) as response:
        return _object(await _body(transport, response, deadline, MAX_ANSWER_BYTES))


def attempts(deadline: Deadline) -> Any:
    """Return the attempts at a request, to iterate over in either way."""

    def wait(error: Exception) -> bool | float:
        if not isinstance(error, EndpointError) or error.fault not in PASSING:
            return False
        if error.retry_after is None:
            return deadline.left > FIRST_WAIT_SECONDS
        # To come back earlier would be refused again; to come back after the deadline is of no use.
        return error.retry_after if error.retry_after < deadline.left else False

    return stamina.retry_context(
        on=wait,
        attempts=ATTEMPTS,
        timeout=max(deadline.left, 0.001),
        wait_initial=FIRST_WAIT_SECONDS,
        wait_max=MAX_WAIT_SECONDS,
        wait_jitter=FIRST_WAIT_SECONDS,
    )


def arguments(connection: ModelConnection, call: HttpCall, deadline: Deadline) -> dict[str, Any]:
    """Count one more request and return what a client's ``stream`` takes for it. Raises EndpointError."""
    deadline.check()
    deadline.requests += 1
    return {
        "method": call.method,
        "url": address_of(connection, call.path),
        "content": call.body or None,
        "headers": call.headers,
        "timeout": endpoints.timeout(deadline.left),
    }


@contextmanager
def reporting() -> Iterator[Callable[[], None]]:
    """Raise EndpointError for what goes wrong in the block. It calls what it gets once a good response has begun."""
    responses: list[None] = []
    try:
        yield lambda: responses.append(None)
    except httpx2.ConnectTimeout:
        raise EndpointError(Fault.UNREACHABLE) from None
    except httpx2.TimeoutException:
        raise EndpointError(Fault.TIMEOUT) from None
    except (httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, outgoing.Unresolved):
        raise EndpointError(Fault.UNREACHABLE) from None
    except outgoing.PrivateAddress:
        raise EndpointError(Fault.INTERNAL) from None
    except httpx2.HTTPError:
        raise EndpointError(Fault.CUT_OFF if responses else Fault.DROPPED) from None


async def events(
    transport: Transport, response: httpx2.Response, deadline: Deadline
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Yield the server-sent events of a response as JSON objects. Raises EndpointError."""
    buffer = b""
    async for chunk in transport.chunks(response):
        deadline.check()
        buffer += chunk
        if len(buffer) > MAX_EVENT_BYTES:
            raise EndpointError(Fault.UNREADABLE)
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            name, _, value = line.strip().partition(b":")
            value = value.strip()
            if name == b"data" and value and value != b"[DONE]":
                yield _object(value)


def address_of(connection: ModelConnection, path: str) -> str:
    """Return the address of a path at the connection's endpoint."""
    base = connection.base_url.rstrip("/")
    if connection.provider == ANTHROPIC and not base.endswith("/v1"):
        # Its documents give the address without the version.
        base += "/v1"
    return base + path


async def _body(transport: Transport, response: httpx2.Response, deadline: Deadline, most: int) -> bytes:
    parts, size = [], 0
    async for chunk in transport.chunks(response):
        deadline.check()
        size += len(chunk)
        if size > most:
            raise EndpointError(Fault.UNREADABLE)
        parts.append(chunk)
    return b"".join(parts)


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise EndpointError(Fault.UNREADABLE) from None
    if not isinstance(value, dict):
        raise EndpointError(Fault.UNREADABLE)
    return value


async def failure(transport: Transport, response: httpx2.Response, deadline: Deadline) -> EndpointError:
    """Return what a response without success means."""
    status = response.status_code
    if status in (400, 413, 415, 422):
        complaint = (await _body(transport, response, deadline, MAX_COMPLAINT_BYTES)).decode(errors="replace").lower()
        return EndpointError(Fault.NOT_ACCEPTED, complaint=complaint)
    if status in (401, 403):
        return EndpointError(Fault.KEY_REFUSED)
    if status == 404:
        return EndpointError(Fault.NO_SUCH_MODEL)
    waiting = _retry_after(response.headers.get("retry-after", ""))
    if status == 429:
        return EndpointError(Fault.BUSY, retry_after=waiting)
    if status >= 500 or status == 408:
        return EndpointError(Fault.OVERLOADED, retry_after=waiting)
    return EndpointError(Fault.NOT_ACCEPTED)


def _retry_after(value: str) -> float | None:
    """Return the seconds of a Retry-After header, which may be a number or a date."""
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0) if moment.tzinfo else None
