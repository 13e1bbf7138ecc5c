"""What goes wrong between LAD and a carrier. No message quotes the carrier, which may repeat what it got."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lad.callback_addresses import CallbackRefused as CallbackRefused
from lad.errors import DomainError, Invalid


class CarrierError(DomainError):
    """The carrier gave no answer."""

    code = "carrier_error"
    status = 502
    title = "The carrier did not answer"


class CredentialsRefused(CarrierError):
    """The carrier refused the credentials. Enter valid ones in the carrier account. No call was placed."""

    code = "carrier_credentials_refused"


class CarrierDown(CarrierError):
    """The carrier cannot be reached or failed. No call was placed. Try again in a moment.

    ``passing`` says whether another attempt may succeed without a change of the account.
    """

    code = "carrier_down"

    def __init__(self, detail: str = "", *, passing: bool = True) -> None:
        super().__init__(detail)
        self.passing = passing


class AnswerLost(CarrierError):
    """The carrier got the request, but its answer was lost. The call may be ringing.

    Look the call up by its id before anything else: dialling again may call the same person twice.
    """

    code = "carrier_answer_lost"


class LimitReached(CarrierError):
    """The carrier's limit of calls is reached. No call was placed.

    ``until`` is the earliest moment that another attempt may succeed.
    """

    code = "carrier_limit_reached"
    status = 429
    title = "Limit of the carrier reached"

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"The carrier's limit of calls is reached until {until:%H:%M:%S on %d %B %Y} UTC.",
            retry_at=until.isoformat(),
        )
        self.until = until


class HangUpRefused(CarrierError):
    """The carrier does not say yet how to end this call. Try again in a moment."""

    code = "carrier_hang_up_refused"


class RecordingMissing(CarrierError):
    """The carrier does not have this recording."""

    code = "carrier_recording_missing"
    status = 404


class NumberRefused(Invalid):
    """The carrier does not accept a number. No call was placed.

    ``errors`` has messages under ``to_number`` or ``from_number``.
    """

    code = "carrier_number_refused"
    status = 400

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("The carrier does not accept a number.", errors=errors)


class NoCarrier(DomainError):
    """This number has no carrier account. Choose one on the number's page."""

    code = "no_carrier"
    status = 409
    title = "No carrier"
