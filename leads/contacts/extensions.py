"""Extend the lead's page with panels, actions and timeline entries.

Features and the apps above register theirs in their ``lead_page.py``. To offer rows with a lead in the API,
call ``lad.api.router.include``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest

from lad.admin.inlines import LadInline
from lad.api.permissions import FeatureClosed, require_feature
from lad.tenancy.access import Access
from leads.contacts.models import Lead

# A function decorated with ``lad.admin.actions.row_action``.
RowActionView = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Visibility:
    """Restricts an extension to callers who have all ``rights`` and, if it is set, the ``feature``."""

    rights: tuple[str, ...] = ()
    feature: str = ""

    def allows(self, access: Access) -> bool:
        """Return whether the caller sees it."""
        if not all(access.allows(right) for right in self.rights):
            return False
        try:
            if self.feature:
                require_feature(access, self.feature)
        except FeatureClosed:
            return False
        return True


@dataclass(frozen=True, slots=True)
class InlinePanel:
    """Rows of a lead in a tab of its page. The inline's ``area`` names the right to see them."""

    inline: type[LadInline]
    rank: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class RenderedPanel:
    """A panel above the lead's form. ``render`` returns its HTML, or an empty string for no panel."""

    title: str
    icon: str
    render: Callable[[HttpRequest, Lead], str]
    rank: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class LeadAction:
    """A button on the lead's page. ``name`` is the last part of its address."""

    name: str
    view: RowActionView
    rank: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event in the history of a lead. ``user_id`` is the user who did it, ``url`` the page that shows it."""

    at: datetime
    icon: str
    text: str
    detail: str = ""
    user_id: UUID | None = None
    url: str = ""


# Returns the rows of a lead's timeline, newest first. They are cut to the length of the timeline and read together.
TimelineRows = Callable[[Lead], QuerySet[Any, Any]]


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """Rows of the timeline, how one becomes an entry, and who sees them."""

    rows: TimelineRows
    entry: Callable[[Any], TimelineEntry]
    visibility: Visibility


_inlines: Final[dict[type[LadInline], InlinePanel]] = {}
_rendered: Final[dict[str, RenderedPanel]] = {}
_actions: Final[dict[str, LeadAction]] = {}
_sources: Final[dict[str, TimelineSource]] = {}


def add_inline(inline: type[LadInline], *, rank: int, feature: str = "") -> None:
    """Show rows of a lead in a tab of its page. Tabs are ordered by ``rank``."""
    _inlines[inline] = InlinePanel(inline, rank, Visibility(feature=feature))


def add_panel(
    title: str,
    render: Callable[[HttpRequest, Lead], str],
    *,
    rank: int,
    right: str,
    icon: str = "",
    feature: str = "",
) -> None:
    """Show a rendered panel above the lead's form. Panels are ordered by ``rank``."""
    _add(_rendered, title, RenderedPanel(title, icon, render, rank, Visibility((right,), feature)))


def add_action(view: RowActionView, *, rank: int, rights: tuple[str, ...], feature: str = "") -> None:
    """Offer an action, made with ``row_action``, on the lead's page under the name of its function.

    Its ``permission`` must have that same name. Callers need all ``rights``.
    """
    name = view.__name__
    if view.row_action.permission != name:  # type: ignore[attr-defined]  # set by row_action
        raise ImproperlyConfigured(f"Declare the action {name} with permission={name!r}.")
    _add(_actions, name, LeadAction(name, view, rank, Visibility(rights, feature)))


def add_timeline_source(
    name: str, rows: TimelineRows, entry: Callable[[Any], TimelineEntry], *, right: str, feature: str = ""
) -> None:
    """Add an ``entry`` for each of the newest ``rows`` to the lead's timeline."""
    _add(_sources, name, TimelineSource(rows, entry, Visibility((right,), feature)))


def inlines_for(access: Access) -> list[type[LadInline]]:
    """Return the tabs that the caller's features open, in their order. Each inline checks its own right."""
    return [each.inline for each in _ranked(_inlines) if each.visibility.allows(access)]


def panels_for(access: Access) -> list[RenderedPanel]:
    """Return the rendered panels that the caller sees, in their order."""
    return [each for each in _ranked(_rendered) if each.visibility.allows(access)]


def actions() -> list[LeadAction]:
    """Return all registered actions, in their order."""
    return _ranked(_actions)


def timeline_sources_for(access: Access) -> list[TimelineSource]:
    """Return the sources whose entries the caller sees."""
    return [each for each in _sources.values() if each.visibility.allows(access)]


def _add(registered: dict[str, Any], name: str, extension: object) -> None:
    if name in registered:
        raise ImproperlyConfigured(f"{name} is registered on the lead page twice.")
    registered[name] = extension


def _ranked(registered: Mapping[Any, Any]) -> list[Any]:
    return sorted(registered.values(), key=lambda each: each.rank)
