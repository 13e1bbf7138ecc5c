"""The catalogue of event types: name, version, payload fields and a sentence for people.

A feature defines its types in ``<app>/<feature>/events.py``. Plain changes made through ``lad.writes`` get a
type per model and verb without being defined.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeGuard

from django.apps import apps
from django.db import models

from lad.db.models import LadModel

NAME: Final = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$")
CHANGE_VERBS: Final = ("created", "updated", "deleted", "restored")
CHANGE_FIELDS: Final = ("changed",)


class UnknownEventType(LookupError):
    """No event type of this name is defined."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event. ``summary`` is a sentence that may name ``{actor}``, ``{subject}`` and payload fields.

    Events with ``in_feed`` appear in the activity feed. Leave out what machines do in bulk.
    """

    name: str
    summary: str
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    version: int = 1
    in_feed: bool = True

    @property
    def domain(self) -> str:
        return self.name.split(".")[0]

    @property
    def entity(self) -> str:
        return self.name.split(".")[1]

    @property
    def verb(self) -> str:
        return self.name.split(".")[2]


_types: dict[str, EventType] = {}
_changes_defined = False


def define(
    name: str,
    summary: str,
    *,
    fields: Iterable[str] = (),
    optional: Iterable[str] = (),
    version: int = 1,
    in_feed: bool = True,
) -> EventType:
    """Add an event type and return it. ``fields`` must be in every payload, ``optional`` may be.

    Pass ``in_feed=False`` for what machines do in bulk: consumers get it, the activity feed leaves it out.
    """
    if not NAME.match(name):
        raise ValueError(f"{name!r} is not a name for an event type: write domain.entity.verb in lower case.")
    if name in _types:
        raise ValueError(f"The event type {name} is defined twice.")
    _types[name] = EventType(name, summary, tuple(fields), tuple(optional), version, in_feed)
    return _types[name]


def event_type(name: str) -> EventType:
    """Return the type of this name. Raises UnknownEventType."""
    _define_changes()
    try:
        return _types[name]
    except KeyError:
        raise UnknownEventType(
            f"The event type {name} is not defined: define it in the events.py of its feature."
        ) from None


def event_types() -> list[EventType]:
    """Return all types, sorted by name."""
    _define_changes()
    return [_types[name] for name in sorted(_types)]


def entity_of(model: type[LadModel]) -> str:
    """Return what events call the model: ``invitation`` for the event name ``tenants.invitation``."""
    return str(model.event_name.partition(".")[2])


def change_type_name(model: type[LadModel], verb: str) -> str:
    """Return the name of the event type for a plain change of the model's rows."""
    return f"{model.event_name}.{verb}"


def is_announced(model: type[models.Model]) -> TypeGuard[type[LadModel]]:
    """Return whether plain changes of the model's rows become events. Tables without an audit log have none."""
    return issubclass(model, LadModel) and model.audited and model.announced


def _define_changes() -> None:
    global _changes_defined
    if _changes_defined:
        return
    _changes_defined = True
    for model in apps.get_models():
        if not is_announced(model):
            continue
        noun = entity_of(model).replace("_", " ")
        for verb in CHANGE_VERBS:
            name = change_type_name(model, verb)
            if name not in _types:
                define(name, f"{{actor}} {verb} the {noun} {{subject}}", optional=CHANGE_FIELDS)
