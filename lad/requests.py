"""Send requests to outside systems, and tell a request that never arrived from one whose answer was lost."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, Final

import httpx2
import orjson
import stamina
from django.core.exceptions import ValidationError

from lad import outgoing
from lad.outgoing import Endpoints

ATTEMPTS: Final = 3
FIRST_WAIT_SECONDS: Final = 0.2
MAX_WAIT_SECONDS: Final = 2.0
MAX_ANSWER_BYTES: Final = 16_000_000


class RequestFailed(Exception):
    """A request got no answer. ``cause`` names what happened, ``status`` is that of a server that failed."""

    def __init__(self, cause: BaseException | None = None, *, status: int | None = None) -> None:
        super().__init__(type(cause).__name__ if cause else f"status {status}")
        self.cause = cause
        self.status = status


class NotDelivered(RequestFailed):
    """The request certainly did not arrive. Another attempt may succeed."""


class Forbidden(RequestFailed):
    """LAD does not call this address. The request was not sent, and another attempt ends the same."""


class AnswerLost(RequestFailed):
    """The request may have arrived and been acted on."""


class ServerFailed(RequestFailed):
    """The server answered that it failed, each time that it was asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``body`` is sent as JSON, ``form`` as the fields of a form, ``parts`` as a form of several parts.

    ``once`` is set if it must not be sent twice, because what it asks for would happen twice.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    once: bool = False
    form: Mapping[str, str] | None = field(default=None, repr=False)
    parts: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Return the last part of the path, which holds no secret."""
        return self.url.partition("?")[0].rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def value(self) -> Any:
        """Return the JSON value, or None if it is none."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return None

    @property
    def json(self) -> Mapping[str, Any]:
        """Return the JSON object; an empty one if it is none."""
        value = self.value
        return value if isinstance(value, dict) else {}

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def retry_after(self, default: float) -> float:
        """Return the seconds that a refusal asks to wait, given as a number or a date, or else the default."""
        value = self.headers.get("retry-after", "")
        try:
            return max(float(value), 0.0)
        except ValueError:
            pass
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return default
        return max((moment - datetime.now(UTC)).total_seconds(), 0.0) if moment.tzinfo else default


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is at a link. Nothing was written unless ``status`` is 200."""

    status: int
    size: int = 0
    content_type: str = ""


def ask(endpoints: Endpoints, asked: Asked) -> Answer:
    """Return the answer, whatever its status. Raises NotDelivered, Forbidden, AnswerLost and ServerFailed.

    A request that must not be sent twice is sent once, and its answer is returned even if the server failed. Others are
    sent again after failures that pass. Raises CallInTransaction inside a transaction.
    """
    outgoing.refuse_transactions()
    if asked.once:
        return _ask_once(endpoints, asked)
    for attempt in stamina.retry_context(
        on=(NotDelivered, AnswerLost, ServerFailed),
        attempts=ATTEMPTS,
        timeout=endpoints.seconds,
        wait_initial=FIRST_WAIT_SECONDS,
        wait_max=MAX_WAIT_SECONDS,
        wait_jitter=FIRST_WAIT_SECONDS,
    ):
        with attempt:
            answer = _ask_once(endpoints, asked)
            if answer.status >= 500:
                raise ServerFailed(status=answer.status)
            return answer
    raise AssertionError("stamina raises the last error")


def fetch(endpoints: Endpoints, asked: Asked, to: BinaryIO, *, max_bytes: int, seconds: float) -> Fetched:
    """Write what is at a link to ``to``, in at most so many seconds. Raises what ``ask`` raises, and asks once."""
    outgoing.refuse_transactions()
    try:
        endpoints.validate_link(asked.url)
    except ValidationError as error:
        raise Forbidden(error) from None
    deadline = time.monotonic() + seconds
    with _told_apart(), _stream(endpoints, asked) as response:
        if response.status_code != 200:
            return Fetched(response.status_code)
        size = sum(to.write(chunk) for chunk in _chunks(response, max_bytes, deadline))
        return Fetched(200, size, response.headers.get("content-type", "").partition(";")[0].strip())


class _TooLong(Exception):
    """The answer is longer, or takes longer, than any should."""


def _ask_once(endpoints: Endpoints, asked: Asked) -> Answer:
    deadline = time.monotonic() + endpoints.seconds
    with _told_apart(), _stream(endpoints, asked) as response:
        content = b"".join(_chunks(response, MAX_ANSWER_BYTES, deadline))
        return Answer(response.status_code, response.headers, content)


@contextmanager
def _stream(endpoints: Endpoints, asked: Asked) -> Iterator[httpx2.Response]:
    headers = {"accept": "application/json", **asked.headers}
    if asked.body is not None:
        headers["content-type"] = "application/json"
    with endpoints.client().stream(
        asked.method,
        asked.url,
        content=None if asked.body is None else orjson.dumps(asked.body),
        data=asked.form,
        # A part without a file name is a field of the form.
        files=None if asked.parts is None else {name: (None, value) for name, value in asked.parts.items()},
        headers=headers,
        timeout=endpoints.timeout(endpoints.seconds),
    ) as response:
        yield response


@contextmanager
def _told_apart() -> Iterator[None]:
    """Raise NotDelivered for what certainly did not arrive, and AnswerLost for what may have."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, outgoing.Unresolved) as error:
        raise NotDelivered(error) from None
    except (outgoing.PrivateAddress, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise Forbidden(error) from None
    except (httpx2.HTTPError, _TooLong) as error:
        raise AnswerLost(error) from None


def _chunks(response: httpx2.Response, limit: int, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > limit or time.monotonic() > deadline:
            raise _TooLong
        yield chunk
