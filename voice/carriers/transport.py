"""Send requests to carriers, and tell a request that never arrived from one whose answer was lost."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, Final

import httpx2
import orjson
import stamina
import structlog
from django.conf import settings
from django.core.exceptions import ValidationError

from lad import outgoing
from voice.carriers.endpoints import endpoints
from voice.carriers.errors import AnswerLost, CarrierDown, CarrierError, LimitReached, RecordingMissing
from voice.carriers.protocol import Fetched

ATTEMPTS: Final = 3
FIRST_WAIT_SECONDS: Final = 0.2
MAX_WAIT_SECONDS: Final = 2.0
# A refusal that does not say how long to wait.
DEFAULT_WAIT_SECONDS: Final = 5.0
MAX_ANSWER_BYTES: Final = 16_000_000
# A recording may take this many times as long as another answer.
RECORDING_PATIENCE: Final = 10
NOT_A_CARRIER: Final = "The address does not answer as the carrier does. Check it in the carrier account."
log = structlog.get_logger("voice.carriers")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``places`` is set if it may make a telephone ring; then a lost answer is AnswerLost."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    places: bool = False

    @property
    def name(self) -> str:
        """Return the last part of the path, which holds no secret."""
        return self.url.partition("?")[0].rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

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


def ask(asked: Asked) -> Answer:
    """Return the answer, whatever its status. Raises CarrierDown, or AnswerLost for a request that places a call.

    A request that places a call is sent once. Others are sent again after failures that pass.
    """
    outgoing.refuse_transactions()
    if asked.places:
        return _ask_once(asked)
    for attempt in stamina.retry_context(
        on=_passes,
        attempts=ATTEMPTS,
        timeout=settings.VOICE_TIMEOUT_SECONDS,
        wait_initial=FIRST_WAIT_SECONDS,
        wait_max=MAX_WAIT_SECONDS,
        wait_jitter=FIRST_WAIT_SECONDS,
    ):
        with attempt:
            answer = _ask_once(asked)
            if answer.status >= 500:
                raise failed(asked, CarrierDown(), status=answer.status)
            return answer
    raise AssertionError("stamina raises the last error")


def fetch(url: str, to: BinaryIO) -> Fetched:
    """Write what is at a link of a carrier to ``to``. Sends no credentials. Raises CarrierDown and RecordingMissing."""
    outgoing.refuse_transactions()
    asked = Asked("GET", url)
    try:
        endpoints.validate_link(url)
    except ValidationError as error:
        raise failed(asked, CarrierDown(outgoing.PRIVATE, passing=False), error) from None
    seconds = settings.VOICE_TIMEOUT_SECONDS
    deadline = time.monotonic() + seconds * RECORDING_PATIENCE
    with _translated(asked), endpoints.client().stream("GET", url, timeout=endpoints.timeout(seconds)) as response:
        if response.status_code in (403, 404, 410):
            raise RecordingMissing
        if response.status_code != 200:
            raise failed(asked, CarrierDown(), status=response.status_code)
        size = sum(to.write(chunk) for chunk in _chunks(response, settings.VOICE_MAX_RECORDING_BYTES, deadline))
        return Fetched(size, response.headers.get("content-type", "").partition(";")[0].strip())


def limit_reached(answer: Answer) -> LimitReached:
    """Return the error for a refusal that asks to wait."""
    return LimitReached(datetime.now(UTC) + timedelta(seconds=_wait_of(answer)))


def failed(
    asked: Asked, error: CarrierError, cause: BaseException | None = None, *, status: int | None = None
) -> CarrierError:
    """Log a failure and return the error."""
    log.info(
        "carrier call failed",
        request=asked.name,
        outcome=error.code,
        status=status,
        cause=type(cause).__name__ if cause else None,
    )
    return error


class _TooLong(Exception):
    """The answer is longer, or takes longer, than any should."""


def _ask_once(asked: Asked) -> Answer:
    seconds = settings.VOICE_TIMEOUT_SECONDS
    headers = {"accept": "application/json", **asked.headers}
    if asked.body is not None:
        headers["content-type"] = "application/json"
    with (
        _translated(asked),
        endpoints.client().stream(
            asked.method,
            asked.url,
            content=None if asked.body is None else orjson.dumps(asked.body),
            headers=headers,
            timeout=endpoints.timeout(seconds),
        ) as response,
    ):
        content = b"".join(_chunks(response, MAX_ANSWER_BYTES, time.monotonic() + seconds))
        return Answer(response.status_code, response.headers, content)


@contextmanager
def _translated(asked: Asked) -> Iterator[None]:
    """Raise CarrierDown for what certainly did not arrive, and AnswerLost for what may have."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, outgoing.Unresolved) as error:
        raise failed(asked, CarrierDown(), error) from None
    except (outgoing.PrivateAddress, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise failed(asked, CarrierDown(outgoing.PRIVATE, passing=False), error) from None
    except (httpx2.HTTPError, _TooLong) as error:
        raise failed(asked, AnswerLost() if asked.places else CarrierDown(), error) from None


def _chunks(response: httpx2.Response, limit: int, deadline: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > limit or time.monotonic() > deadline:
            raise _TooLong
        yield chunk


def _passes(error: Exception) -> bool:
    return isinstance(error, CarrierDown) and error.passing


def _wait_of(answer: Answer) -> float:
    """Return the seconds that a refusal asks to wait, given as a number or a date."""
    value = answer.headers.get("retry-after", "")
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return DEFAULT_WAIT_SECONDS
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0) if moment.tzinfo else DEFAULT_WAIT_SECONDS
