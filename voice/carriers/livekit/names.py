"""The names that tie LiveKit's rooms and participants to LAD's calls."""

from typing import Any, Final
from uuid import UUID

from voice.carriers import values

_ROOM: Final = "lad-call-"
_PERSON: Final = "person-"


def room_of(call_id: UUID) -> str:
    return f"{_ROOM}{call_id}"


def person_of(call_id: UUID) -> str:
    """Return the identity of the participant who is the person on the telephone."""
    return f"{_PERSON}{call_id}"


def call_id_of(room: str) -> UUID | None:
    """Return the call of a room, or None for one that LAD did not make."""
    return values.uuid(room.removeprefix(_ROOM)) if room.startswith(_ROOM) else None


def member(value: Any, name: str) -> Any:
    """Return a member of a message, whose JSON may name it in snake case or in camel case."""
    found = values.mapping(value)
    head, *rest = name.split("_")
    return found[name] if name in found else found.get(head + "".join(each.title() for each in rest))
