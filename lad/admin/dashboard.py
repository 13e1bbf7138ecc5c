"""The dashboard: what needs somebody now. Apps say what; this page shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone

Tone = Literal["", "success", "info", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Card:
    """One number with what it means; ``tone`` colours it when it asks for something, ``url`` leads to the rows."""

    title: str
    value: str
    icon: str
    detail: str = ""
    url: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel."""

    text: str
    detail: str = ""
    url: str = ""
    at: datetime | None = None
    label: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A short list."""

    title: str
    lines: Sequence[Line]
    empty: str
    url: str = ""
    icon: str = "list"


@dataclass(slots=True)
class Contribution:
    """What an app puts on the dashboard."""

    cards: list[Card] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)


Contributor = Callable[[HttpRequest], Contribution]

_contributors: list[Contributor] = []


def contributes(function: Contributor) -> Contributor:
    """Decorate a function of the request that says what an app shows on the dashboard."""
    _contributors.append(function)
    return function


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """The template context of the dashboard; what asks for something comes first."""
    order = {"danger": 0, "warning": 1, "info": 2}
    contributions = [contributor(request) for contributor in _contributors]
    cards = [card for contribution in contributions for card in contribution.cards]
    cards.sort(key=lambda card: order.get(card.tone, 3))
    return {
        "cards": cards,
        "panels": [panel for contribution in contributions for panel in contribution.panels],
        "now": timezone.now(),
        "calm": not any(card.tone in ("danger", "warning") for card in cards),
    }
