"""Send requests to Apollo: within its limits, again only where that costs nothing, and tell its errors apart."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2
import orjson
import stamina
import structlog
from django.conf import settings

from lad import outgoing
from leads.companies.apollo.endpoints import endpoints
from leads.companies.apollo.errors import (
    AnswerLost,
    BadQuery,
    CreditsUsedUp,
    DirectoryDown,
    DirectoryError,
    KeyRefused,
    LimitReached,
    PlanRefused,
)
from leads.companies.apollo.limiter import Learning, Limiter, Place, team_of

ATTEMPTS: Final = 3
FIRST_WAIT_SECONDS: Final = 0.2
MAX_WAIT_SECONDS: Final = 2.0
# How long a call waits for the one that finds out the limits.
LEARNING_SECONDS: Final = 10.0
LEARNING_PAUSE_SECONDS: Final = 0.05
NOT_APOLLO: Final = "The address does not answer as the directory does. Check it in the directory account."
# A refusal that does not say how long to wait.
DEFAULT_WAIT_SECONDS: Final = 60.0
MAX_ANSWER_BYTES: Final = 16_000_000
log = structlog.get_logger("leads.apollo")


@dataclass(frozen=True, slots=True)
class Call:
    """One endpoint of Apollo. A charged one is never repeated once it may have arrived."""

    method: str
    path: str
    charged: bool = False
    # What its limits are counted by, where the path holds more than the endpoint.
    endpoint: str = ""


@dataclass(slots=True)
class Transport:
    """Calls with one key. ``clock`` is the limiter's, for tests that move the directory's time."""

    base_url: str
    api_key: str = field(repr=False)
    clock: Callable[[], float] | None = None

    def ask(self, call: Call, pairs: Sequence[tuple[str, str]] = (), body: Any = None) -> Mapping[str, Any]:
        """Return the answer, a JSON object. Raises DirectoryError or BadQuery.

        A free call is repeated after failures that pass. A charged one is repeated only if it never arrived.
        """
        outgoing.refuse_transactions()
        if not self.api_key:
            raise KeyRefused
        limiter = Limiter(team_of(self.base_url, self.api_key), call.endpoint or call.path, self.clock)
        for attempt in stamina.retry_context(
            on=_passes,
            attempts=ATTEMPTS,
            timeout=settings.DIRECTORY_TIMEOUT_SECONDS,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=MAX_WAIT_SECONDS,
            wait_jitter=FIRST_WAIT_SECONDS,
        ):
            with attempt:
                return self._ask_once(call, pairs, body, limiter)
        raise AssertionError("stamina raises the last error")

    def _ask_once(self, call: Call, pairs: Sequence[tuple[str, str]], body: Any, limiter: Limiter) -> Mapping[str, Any]:
        place = _place(limiter)
        try:
            answer = self._send(call, pairs, body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, outgoing.Unresolved) as error:
            limiter.forget(place, counted=False)
            raise _failed(call, DirectoryDown(), error) from None
        except (outgoing.PrivateAddress, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            limiter.forget(place, counted=False)
            raise _failed(call, DirectoryDown(outgoing.PRIVATE, passing=False), error) from None
        except (httpx2.HTTPError, _TooLong) as error:
            limiter.forget(place, counted=True)
            raise _failed(call, AnswerLost() if call.charged else DirectoryDown(), error) from None
        except BaseException:
            limiter.forget(place, counted=True)
            raise
        return self._read(call, answer, limiter, place)

    def _send(self, call: Call, pairs: Sequence[tuple[str, str]], body: Any) -> "_Answer":
        seconds = settings.DIRECTORY_TIMEOUT_SECONDS
        headers = {"x-api-key": self.api_key, "accept": "application/json", "cache-control": "no-cache"}
        if call.method == "POST":
            headers["content-type"] = "application/json"
        with endpoints.client().stream(
            call.method,
            self.base_url.rstrip("/") + call.path,
            params=list(pairs) or None,
            content=None if body is None else orjson.dumps(body),
            headers=headers,
            timeout=endpoints.timeout(seconds),
        ) as response:
            content = _read_all(response, time.monotonic() + seconds)
        return _Answer(response.status_code, response.headers, content)

    def _read(self, call: Call, answer: "_Answer", limiter: Limiter, place: Place) -> Mapping[str, Any]:
        waiting = _wait_of(answer) if answer.status == 429 else None
        limiter.learn(place, answer.headers, retry_after=waiting)
        if 200 <= answer.status < 300:
            if answer.json is not None:
                return answer.json
            raise _failed(call, AnswerLost() if call.charged else DirectoryDown())
        raise _failed(call, _refusal(call, answer, waiting, limiter), status=answer.status)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Mapping[str, Any] | None:
        """Return the JSON object, or None if it is none."""
        try:
            value = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return None
        return value if isinstance(value, dict) else None


class _TooLong(Exception):
    """The answer is longer, or takes longer, than any should."""


class NotReady(DirectoryError):
    """The directory has not finished this yet, or does not know it."""

    code = "directory_not_ready"
    status = 404

    def __init__(self, reason: str, *, retry_after: float | None) -> None:
        super().__init__(NotReady.default_detail())
        self.reason = reason
        # Seconds; None if to ask again is of no use.
        self.retry_after = retry_after


def _place(limiter: Limiter) -> Place:
    """Reserve a call. Waits while another one finds out the limits. Raises LimitReached."""
    deadline = time.monotonic() + LEARNING_SECONDS
    while True:
        try:
            return limiter.reserve()
        except Learning:
            if time.monotonic() > deadline:
                raise LimitReached(datetime.now(UTC) + timedelta(seconds=LEARNING_SECONDS)) from None
            time.sleep(LEARNING_PAUSE_SECONDS)


def _read_all(response: httpx2.Response, deadline: float) -> bytes:
    """Return the body. Raises _TooLong."""
    parts, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise _TooLong
        parts.append(chunk)
    return b"".join(parts)


def _passes(error: Exception) -> bool:
    """Return whether another attempt may succeed, and costs nothing."""
    return isinstance(error, DirectoryDown) and error.passing


def _refusal(call: Call, answer: _Answer, waiting: float | None, limiter: Limiter) -> DirectoryError | BadQuery:
    status, problem = answer.status, answer.json or {}
    if status == 401:
        return KeyRefused()
    if status == 403:
        return PlanRefused()
    if status == 429:
        return LimitReached(limiter.now() + timedelta(seconds=waiting or 0))
    if status in (400, 404, 410) and call.endpoint:
        again = problem.get("retry_after_seconds")
        retry_after = float(again) if isinstance(again, int | float) else None
        return NotReady(str(problem.get("error_code") or ""), retry_after=retry_after)
    if status == 402 or (status in (400, 422) and b"insufficient credits" in answer.content.lower()):
        return CreditsUsedUp()
    if status in (400, 422):
        return BadQuery(_field_errors(problem))
    if status == 404:
        return DirectoryDown(NOT_APOLLO, passing=False)
    # A gateway that gave up says nothing of what Apollo did behind it. Any other failure returned no data, and Apollo
    # charges only for data that it returns.
    return AnswerLost() if call.charged and status in (408, 502, 504) else DirectoryDown()


def _field_errors(problem: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return messages by field. Only names of parameters come from Apollo, no text of it."""
    named = problem.get("errors")
    fields = [str(name)[:100] for name in named] if isinstance(named, dict) else []
    return {name: ["The directory does not accept this value."] for name in fields} or {
        "filters": ["The directory does not accept these filters."]
    }


def _wait_of(answer: _Answer) -> float:
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


def _failed(call: Call, error: Any, cause: BaseException | None = None, *, status: int | None = None) -> Any:
    log.info(
        "directory call failed",
        path=call.endpoint or call.path,
        outcome=error.code,
        status=status,
        cause=type(cause).__name__ if cause else None,
    )
    return error
