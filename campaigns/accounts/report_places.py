"""Where providers with keys of the tenant's own must be told to report. Channels register their addresses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from campaigns.accounts.models import ChannelAccount

NEEDS_HTTPS: Final = "LAD's own address must begin with https:// before a provider can report to it."


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """The address that is entered at the provider, and the word it must know when it first asks there.

    ``address`` is empty if LAD cannot be reached from outside. ``hint`` says where at the provider it is entered.
    """

    address: str
    hint: str
    verify_token: str = ""


Place = Callable[[ChannelAccount], ReportPlace]
_places: Final[dict[str, Place]] = {}


def reports_at(provider: str) -> Callable[[Place], Place]:
    """Tell with the function where accounts of a provider are reported."""

    def register(function: Place) -> Place:
        _places[provider] = function
        return function

    return register


def report_place(account: ChannelAccount) -> ReportPlace | None:
    """Return where the account's provider must report, or None if nothing is to be entered there."""
    function = _places.get(account.provider)
    return function(account) if function is not None and account.pk is not None else None
