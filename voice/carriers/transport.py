"""Send requests to carriers, and tell a request that never arrived from one whose answer was lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final

import structlog
from django.conf import settings

from lad import outgoing, requests
from lad.requests import Answer, Asked
from voice.carriers.endpoints import endpoints
from voice.carriers.errors import AnswerLost, CarrierDown, CarrierError, LimitReached, RecordingMissing
from voice.carriers.protocol import Fetched

# A refusal that does not say how long to wait.
DEFAULT_WAIT_SECONDS: Final = 5.0
# A recording may take this many times as long as another answer.
RECORDING_PATIENCE: Final = 10
NOT_A_CARRIER: Final = "The address does not answer as the carrier does. Check it in the carrier account."
log = structlog.get_logger("voice.carriers")


def ask(asked: Asked) -> Answer:
    """Return the answer, whatever its status. Raises CarrierDown, or AnswerLost for a request that places a call.

    A request that places a call is sent ``once``. Others are sent again after failures that pass.
    """
    with _translated(asked):
        return requests.ask(endpoints, asked)


def fetch(url: str, to: BinaryIO) -> Fetched:
    """Write what is at a link of a carrier to ``to``. Sends no credentials. Raises CarrierDown and RecordingMissing."""
    asked = Asked("GET", url)
    with _translated(asked):
        fetched = requests.fetch(
            endpoints,
            asked,
            to,
            max_bytes=settings.VOICE_MAX_RECORDING_BYTES,
            seconds=endpoints.seconds * RECORDING_PATIENCE,
        )
    if fetched.status in (403, 404, 410):
        raise RecordingMissing
    if fetched.status != 200:
        raise failed(asked, CarrierDown(), status=fetched.status)
    return Fetched(fetched.size, fetched.content_type)


def limit_reached(answer: Answer) -> LimitReached:
    """Return the error for a refusal that asks to wait."""
    return LimitReached(datetime.now(UTC) + timedelta(seconds=answer.retry_after(DEFAULT_WAIT_SECONDS)))


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


@contextmanager
def _translated(asked: Asked) -> Iterator[None]:
    """Raise CarrierDown for what certainly did not arrive, and AnswerLost for a call that may ring."""
    try:
        yield
    except requests.Forbidden as error:
        raise failed(asked, CarrierDown(outgoing.PRIVATE, passing=False), error.cause) from None
    except requests.AnswerLost as error:
        raise failed(asked, AnswerLost() if asked.once else CarrierDown(), error.cause) from None
    except requests.RequestFailed as error:
        raise failed(asked, CarrierDown(), error.cause, status=error.status) from None
