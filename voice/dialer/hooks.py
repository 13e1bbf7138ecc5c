"""What other features do in the transaction in which a call is found to be over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import CarrierEvent
from voice.dialer.models import CallPlacement


@dataclass(frozen=True, slots=True)
class CallOver:
    """A call that is over, and locked. ``placement`` is None for one that LAD did not place.

    ``retry_at`` is when the next attempt is.
    """

    call: CallLog
    placement: CallPlacement | None
    outcome: Outcome
    at: datetime
    retry_at: datetime | None = None


WhenOver = Callable[[CallOver], None]
_functions: list[WhenOver] = []
_functions_at_last: list[WhenOver] = []


def when_over(function: WhenOver) -> WhenOver:
    """Call the function once for each call that is over, in the tenant's scope, in the transaction that records it."""
    _functions.append(function)
    return function


def when_over_at_last(function: WhenOver) -> WhenOver:
    """As ``when_over``, but after all others.

    For what locks credits: a claim locks them after numbers, and the other way round the two could deadlock.
    """
    _functions_at_last.append(function)
    return function


def tell(over: CallOver) -> None:
    """Tell everybody that a call is over."""
    for function in (*_functions, *_functions_at_last):
        function(over)


@dataclass(frozen=True, slots=True)
class DetailsCame:
    """Something new was told of a call that is over.

    ``learned`` has some of ``usage``, ``price``, ``recording``, ``transcript`` and ``duration``, and ``outcome`` if the
    call ended otherwise than was known: somebody answered after all.
    """

    call: CallLog
    placement: CallPlacement | None
    at: datetime
    learned: frozenset[str] = frozenset()


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


# Given the account that a carrier reports for, what it tells, and the time.
CallOf = Callable[[CarrierAccount, CarrierEvent, datetime], CallLog | None]
_functions_of_strange_calls: list[CallOf] = []


def finds_calls(function: CallOf) -> CallOf:
    """Let the function find or make the call that a carrier tells of and LAD did not place.

    It is called outside any scope, commits the call that it makes, and must let two events of a new call that arrive
    at once find the same one. It returns None for what is no call of LAD's.
    """
    _functions_of_strange_calls.append(function)
    return function


def call_of(account: CarrierAccount, event: CarrierEvent, now: datetime) -> CallLog | None:
    """Return the call that a carrier tells of and LAD did not place, or None if nobody knows it."""
    found = (function(account, event, now) for function in _functions_of_strange_calls)
    return next((call for call in found if call is not None), None)
