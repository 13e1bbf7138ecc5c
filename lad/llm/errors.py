"""What goes wrong between LAD and a model's endpoint. No message quotes the endpoint, which may repeat what it got."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from lad.errors import DomainError


class Refused(DomainError):
    """The limit of the model connection is reached. Wait, or have it raised."""

    code = "model_limit_reached"
    status = 429
    title = "Limit of the model reached"

    def __init__(self, detail: str, *, limit: str, retry_at: datetime) -> None:
        super().__init__(detail, limit=limit, retry_at=retry_at.isoformat())
        self.limit = limit
        self.retry_at = retry_at


class Fault(StrEnum):
    """Why an endpoint gave no answer."""

    UNREACHABLE = "unreachable"
    INTERNAL = "internal"
    TIMEOUT = "timeout"
    BUSY = "busy"
    OVERLOADED = "overloaded"
    KEY_REFUSED = "key_refused"
    NO_SUCH_MODEL = "no_such_model"
    NOT_ACCEPTED = "not_accepted"
    UNREADABLE = "unreadable"
    DROPPED = "dropped"
    CUT_OFF = "cut_off"
    RESTING = "resting"


SENTENCES: dict[Fault, str] = {
    Fault.UNREACHABLE: "The model's endpoint cannot be reached. Check its address.",
    Fault.INTERNAL: "The address is inside a private network. LAD connects to public endpoints only.",
    Fault.TIMEOUT: "The model did not answer in time.",
    Fault.BUSY: "The model's endpoint takes no more requests at the moment.",
    Fault.OVERLOADED: "The model's endpoint has a failure of its own.",
    Fault.KEY_REFUSED: "The model's endpoint refused the API key. Enter a valid one.",
    Fault.NO_SUCH_MODEL: "The endpoint does not know this model or address. Test the connection to see its models.",
    Fault.NOT_ACCEPTED: "The model's endpoint did not accept the request.",
    Fault.UNREADABLE: "The model's endpoint answered in a form that LAD cannot read.",
    Fault.DROPPED: "The model's endpoint closed the connection without an answer.",
    Fault.CUT_OFF: "The model's answer broke off.",
    Fault.RESTING: "The model's endpoint failed several times. LAD leaves it alone for a moment.",
}
# Another attempt may succeed at once or after a while.
PASSING: frozenset[Fault] = frozenset({Fault.UNREACHABLE, Fault.DROPPED, Fault.BUSY, Fault.OVERLOADED})
# They say that the endpoint as a whole is ill, not that this call was wrong.
ILLNESSES: frozenset[Fault] = PASSING - {Fault.BUSY} | {Fault.TIMEOUT, Fault.UNREADABLE, Fault.CUT_OFF}
# The endpoint may have worked, and charged, without an answer that arrived.
MAY_HAVE_WORKED: frozenset[Fault] = frozenset({Fault.TIMEOUT, Fault.DROPPED, Fault.CUT_OFF, Fault.UNREADABLE})


class EndpointError(DomainError):
    """The model's endpoint gave no answer."""

    code = "model_endpoint_error"
    status: ClassVar[int] = 502
    title = "The model did not answer"

    def __init__(self, fault: Fault, *, retry_after: float | None = None, complaint: str = "") -> None:
        super().__init__(SENTENCES[fault], fault=fault.value)
        self.fault = fault
        # Seconds that the endpoint asks to wait.
        self.retry_after = retry_after
        # What the endpoint said, in lower case, to find the parameter that it does not take. Never shown or logged.
        self.complaint = complaint
