"""Extend the lead's page with panels, actions and timeline entries, and the list of leads with columns.

Features and the apps above register theirs in their ``lead_page.py``. To offer rows with a lead in the API,
call ``lad.api.router.include``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from django.contrib.admin import ListFilter
from django.core.exceptions import ImproperlyConfigured
from django.db import models
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
class LeadColumn:
    """A column of the list of leads, with its filters, by which the list can be sorted.

    ``heading`` returns the column's title, or an empty string where there is nothing to show. ``rows`` adds what the
    cells read, with one statement for the whole page. ``by`` returns the rows that have a value, with a column named
    ``order`` by which an index sorts them, the highest first.
    """

    name: str
    heading: Callable[[HttpRequest], str]
    cell: Callable[[Lead], Any]
    rows: Callable[[HttpRequest, QuerySet[Lead]], QuerySet[Lead]]
    by: Callable[[HttpRequest, QuerySet[Lead]], QuerySet[Lead]]
    order: str
    filters: tuple[type[ListFilter], ...]
    visibility: Visibility
    label: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListAction:
    """A button above the list of leads. ``name`` is the name of its function and of its permission."""

    name: str
    view: Callable[..., Any]
    rank: int
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action on the leads that are selected in the list. ``name`` is the name of its function."""

    name: str
    title: str
    view: Callable[..., Any]
    rank: int
    visibility: Visibility


class TimelineKind(models.TextChoices):
    """What an entry of the timeline is about. People filter by it."""

    MESSAGE = "message", "Messages"
    CALL = "call", "Calls"
    CAMPAIGN = "campaign", "Campaigns"
    NOTE = "note", "Notes"
    BOOKING = "booking", "Bookings"
    TASK = "task", "Tasks"
    FILE = "file", "Files"
    PERMISSION = "permission", "Permission to contact"
    CHANGE = "change", "Changes"


class Known(Protocol):
    """The names that sentences of a timeline need. All users of a page are read together."""

    # The lead's first name, or what else is known of them.
    lead: str

    def user(self, user_id: UUID | None) -> str:
        """Return the name of a user. It is “LAD” without one, and “Somebody” if the caller cannot see the user."""

    def stage(self, key: str) -> str:
        """Return the tenant's name for a stage."""

    def status(self, key: str) -> str:
        """Return the tenant's name for a status."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event in the history of a lead.

    ``text`` is a whole sentence. ``marks`` are short facts beside it, such as “Opened”. ``user_id`` is the user who
    did it, ``url`` the admin's page that shows it. ``warns`` marks what somebody may have to act on.
    """

    icon: str
    text: str
    detail: str = ""
    marks: tuple[str, ...] = ()
    user_id: UUID | None = None
    url: str = ""
    warns: bool = False


# Returns the rows of a lead's timeline in any order. They are ordered and cut to a page, and read together.
TimelineRows = Callable[[Lead], QuerySet[Any, Any]]


def _nobody(row: Any) -> tuple[UUID | None, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """Rows of the timeline, how one becomes an entry, and who sees them.

    ``at`` names the column or annotation with the time of a row. ``user`` is the lookup of the user who did it, with
    their id; rows of sources without one are not found by person. ``users`` returns the users whose names the entry
    of a row needs.
    """

    name: str
    kind: TimelineKind
    rows: TimelineRows
    entry: Callable[[Any, Known], TimelineEntry]
    visibility: Visibility
    at: str = "created_at"
    user: str = ""
    users: Callable[[Any], Iterable[UUID | None]] = _nobody


_inlines: Final[dict[type[LadInline], InlinePanel]] = {}
_rendered: Final[dict[str, RenderedPanel]] = {}
_actions: Final[dict[str, LeadAction]] = {}
_list_actions: Final[dict[str, ListAction]] = {}
_bulk_actions: Final[dict[str, BulkAction]] = {}
_sources: Final[dict[str, TimelineSource]] = {}
_columns: Final[dict[str, LeadColumn]] = {}


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


def add_list_action(view: Callable[..., Any], *, rank: int, rights: tuple[str, ...], feature: str = "") -> None:
    """Offer an action, made with unfold's ``action``, above the list of leads under the name of its function.

    Its only permission must have that same name. Callers need all ``rights``.
    """
    name = view.__name__
    if list(getattr(view, "allowed_permissions", ())) != [name]:
        raise ImproperlyConfigured(f"Declare the action {name} with permissions=[{name!r}].")
    _add(_list_actions, name, ListAction(name, view, rank, Visibility(rights, feature)))


def add_bulk_action(
    title: str, view: Callable[..., Any], *, rank: int, rights: tuple[str, ...], feature: str = ""
) -> None:
    """Offer an action on the leads that are selected in the list. Callers need all ``rights``."""
    name = view.__name__
    _add(_bulk_actions, name, BulkAction(name, title, view, rank, Visibility(rights, feature)))


def add_timeline_source(
    name: str,
    rows: TimelineRows,
    entry: Callable[[Any, Known], TimelineEntry],
    *,
    kind: TimelineKind,
    right: str,
    feature: str = "",
    at: str = "created_at",
    user: str = "",
    users: Callable[[Any], Iterable[UUID | None]] = _nobody,
) -> None:
    """Add an ``entry`` for each of the ``rows`` to the lead's timeline. See ``TimelineSource``."""
    _add(_sources, name, TimelineSource(name, kind, rows, entry, Visibility((right,), feature), at, user, users))


def add_column(column: LeadColumn) -> None:
    """Show a column in the list of leads. See ``LeadColumn``."""
    _add(_columns, column.name, column)


def columns_for(access: Access) -> list[LeadColumn]:
    """Return the columns of other features that the caller sees."""
    return [each for each in _columns.values() if each.visibility.allows(access)]


def inlines_for(access: Access) -> list[type[LadInline]]:
    """Return the tabs that the caller's features open, in their order. Each inline checks its own right."""
    return [each.inline for each in _ranked(_inlines) if each.visibility.allows(access)]


def panels_for(access: Access) -> list[RenderedPanel]:
    """Return the rendered panels that the caller sees, in their order."""
    return [each for each in _ranked(_rendered) if each.visibility.allows(access)]


def actions() -> list[LeadAction]:
    """Return all registered actions, in their order."""
    return _ranked(_actions)


def list_actions() -> list[ListAction]:
    """Return all registered actions of the list, in their order."""
    return _ranked(_list_actions)


def bulk_actions_for(access: Access) -> list[BulkAction]:
    """Return the actions on selected leads that the caller may run, in their order."""
    return [each for each in _ranked(_bulk_actions) if each.visibility.allows(access)]


def timeline_sources_for(access: Access) -> list[TimelineSource]:
    """Return the sources whose entries the caller sees."""
    return [each for each in _sources.values() if each.visibility.allows(access)]


def _add(registered: dict[str, Any], name: str, extension: object) -> None:
    if name in registered:
        raise ImproperlyConfigured(f"{name} is registered on the lead page twice.")
    registered[name] = extension


def _ranked(registered: Mapping[Any, Any]) -> list[Any]:
    return sorted(registered.values(), key=lambda each: each.rank)
