"""The dashboard shows what needs attention. Apps contribute its cards and panels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone

Tone = Literal["", "success", "info", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Card:
    """A figure and its meaning. ``tone`` is set if it needs attention; ``url`` links to the rows."""

    title: str
    value: str
    icon: str
    detail: str = ""
    url: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class PanelLine:
    """A row of a panel."""

    text: str
    detail: str = ""
    url: str = ""
    at: datetime | None = None
    label: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A short list with a title."""

    title: str
    lines: Sequence[PanelLine]
    empty: str
    url: str = ""
    icon: str = "list"


@dataclass(slots=True)
class Contribution:
    """The cards and panels of an app."""

    cards: list[Card] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)


Contributor = Callable[[HttpRequest], Contribution]

_contributors: list[Contributor] = []


def contributes_to_dashboard(function: Contributor) -> Contributor:
    """Register a function of the request that returns an app's cards and panels."""
    _contributors.append(function)
    return function


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Return the template context of the dashboard, urgent cards first."""
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
