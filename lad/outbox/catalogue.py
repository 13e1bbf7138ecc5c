"""Every type of event: its name, version, what its payload holds and how it reads as a sentence.

A domain lists its types in ``<app>/events.py`` with ``define``. Changes made through ``lad.writes``
have a type for each model and verb without being listed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from lad.db.models import LadModel

NAME = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$")
CHANGE_VERBS = ("created", "updated", "deleted", "restored")
CHANGE_FIELDS = ("changed",)


class UnknownEventType(LookupError):
    """The event type is in no catalogue."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event. ``summary`` is a sentence with ``{actor}``, ``{subject}`` and payload fields in it.

    ``told`` is whether people read of it: what machines do by the thousand is no news.
    """

    name: str
    summary: str
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    version: int = 1
    told: bool = True

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
    told: bool = True,
) -> EventType:
    """Add a type to the catalogue; ``fields`` must be in every payload, ``optional`` may be.

    Say ``told=False`` of what machines do in bulk: consumers act on it, the activity feed leaves it out.
    """
    if not NAME.match(name):
        raise ValueError(f"{name!r} is no event type: write it as domain.entity.verb in lower case.")
    if name in _types:
        raise ValueError(f"{name} is defined twice.")
    _types[name] = EventType(name, summary, tuple(fields), tuple(optional), version, told)
    return _types[name]


def event_type(name: str) -> EventType:
    """The type of that name. Raises UnknownEventType."""
    _define_changes()
    try:
        return _types[name]
    except KeyError:
        raise UnknownEventType(f"{name} is in no catalogue: define it in the events.py of its domain.") from None


def event_types() -> list[EventType]:
    """The whole catalogue by name."""
    _define_changes()
    return [_types[name] for name in sorted(_types)]


def entity_of(model: Any) -> str:
    """Return what events call the model: ``invitation`` for the event name ``tenants.invitation``."""
    return str(model.event_name.partition(".")[2])


def change_type_name(model: Any, verb: str) -> str:
    """The type that tells of a plain change of the model's rows."""
    return f"{model.event_name}.{verb}"


def is_announced(model: Any) -> bool:
    """Whether plain changes of the model's rows are events: not of what is not audited, nor where the model says so."""
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
