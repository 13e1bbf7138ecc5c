"""Extend the booking's page with actions. The apps above register theirs in their ``admin.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from leads.contacts.extensions import Visibility


@dataclass(frozen=True, slots=True)
class BookingAction:
    """An action on the booking's page."""

    name: str
    view: Callable[..., Any]
    visibility: Visibility


_actions: Final[dict[str, BookingAction]] = {}


def add_action(view: Callable[..., Any], *, rights: tuple[str, ...], feature: str = "") -> None:
    """Offer an action, made with ``row_action``, on the booking's page under the name of its function.

    Its ``permission`` must have that same name. Callers need all ``rights``.
    """
    name = view.__name__
    if view.row_action.permission != name:  # type: ignore[attr-defined]  # set by row_action
        raise ImproperlyConfigured(f"Declare the action {name} with permission={name!r}.")
    if name in _actions:
        raise ImproperlyConfigured(f"The action {name} is registered twice.")
    _actions[name] = BookingAction(name, view, Visibility(rights, feature))


def actions() -> list[BookingAction]:
    """Return all registered actions."""
    return list(_actions.values())
