"""What other features do in the transaction in which a call is found to be over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.models import CallPlacement


@dataclass(frozen=True, slots=True)
class CallOver:
    """A call that is over. ``placement`` is None for one that LAD did not place. ``retry_at`` is the next attempt's."""

    call: CallLog
    placement: CallPlacement | None
    outcome: Outcome
    at: datetime
    retry_at: datetime | None = None


WhenOver = Callable[[CallOver], None]
_functions: list[WhenOver] = []


def when_over(function: WhenOver) -> WhenOver:
    """Call the function once for each call that is over, in the tenant's scope, in the transaction that records it."""
    _functions.append(function)
    return function


def tell(over: CallOver) -> None:
    """Tell everybody that a call is over."""
    for function in _functions:
        function(over)


@dataclass(frozen=True, slots=True)
class DetailsCame:
    """Something new was told of a call that is over: usage, price, recording or transcript."""

    call: CallLog
    placement: CallPlacement | None
    at: datetime


WhenDetailsCame = Callable[[DetailsCame], None]
_functions_of_details: list[WhenDetailsCame] = []


def when_details_came(function: WhenDetailsCame) -> WhenDetailsCame:
    """Call the function whenever details of a call come after its end, in the transaction that records them."""
    _functions_of_details.append(function)
    return function


def tell_details(came: DetailsCame) -> None:
    """Tell everybody that details of a call came after its end. The placement's facts hold them already."""
    for function in _functions_of_details:
        function(came)
