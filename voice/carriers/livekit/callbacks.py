"""Read LiveKit's webhooks, and the reports of LAD's agent worker, which come the same way.

An agent report has the event ``agent_report`` and the members ``id``, ``createdAt``, ``room`` as webhooks have, and
``answeredBy``, ``transcript``, ``usage`` and ``toolCalls``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from voice.carriers import values
from voice.carriers.livekit.causes import NOT_AN_END, ROOM_FINISHED, cause_of
from voice.carriers.livekit.names import call_id_of, member
from voice.carriers.livekit.participants import attributes, has_spoken, is_person, recording_of
from voice.carriers.outcomes import AnsweredBy
from voice.carriers.protocol import CarrierCall, CarrierEvent, EventKind, Presence, ToolCall, Turn, Usage
from voice.statuses import CallStatus, Direction

ROLES: Final = {"agent": "agent", "person": "person", "tool": "tool"}
MAX_TURNS: Final = 10_000


def events(body: bytes) -> list[CarrierEvent]:
    """Return what a webhook tells of a call; nothing for one that is about something else, or cannot be read."""
    try:
        message = dict(values.mapping(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return []
    message["id"] = values.text(message.get("id")) or hashlib.sha256(body).hexdigest()
    word = values.text(message.get("event"))
    if word in ("participant_joined", "track_published", "participant_left", "participant_connection_aborted"):
        return _of_person(message, word)
    room = values.text(member(message.get("room"), "name"))
    if word == "room_finished" and call_id_of(room):
        # A room is closed, too, when the call that it was made for was not placed.
        return [_event(message, room, EventKind.STATE, CarrierCall(Presence.UNKNOWN, cause=ROOM_FINISHED))]
    if word == "egress_ended":
        return _of_recording(message)
    if word == "agent_report" and room:
        return _of_agent(message, room)
    return []


def _of_person(message: Mapping[str, Any], word: str) -> list[CarrierEvent]:
    person, room = values.mapping(message.get("participant")), values.text(member(message.get("room"), "name"))
    if not room or not is_person(person):
        return []
    at = _at(message)
    if word == "participant_joined":
        call = CarrierCall(Presence.PLACED, state=CallStatus.RINGING, placed_at=at)
    elif word == "track_published":
        call = CarrierCall(Presence.PLACED, state=CallStatus.ONGOING, answered=True, answered_at=at)
    else:
        reason = member(person, "disconnect_reason")
        if reason in NOT_AN_END:
            return []
        call = CarrierCall(Presence.PLACED, cause=cause_of(reason), answered=has_spoken(person), ended_at=at)
    event = _event(message, room, EventKind.STATE, call)
    if call_id_of(room):
        return [event]
    told = attributes(person)
    number, other = values.text(told.get("sip.trunkPhoneNumber")), values.text(told.get("sip.phoneNumber"))
    return [replace(event, direction=Direction.INBOUND, number=number, other_number=other)]


def _of_recording(message: Mapping[str, Any]) -> list[CarrierEvent]:
    egress = values.mapping(member(message, "egress_info"))
    room = values.text(member(egress, "room_name"))
    recording = recording_of([egress])
    if not room or recording is None:
        return []
    return [_event(message, room, EventKind.RECORDING, CarrierCall(Presence.PLACED, recording=recording))]


def _of_agent(message: Mapping[str, Any], room: str) -> list[CarrierEvent]:
    tools = tuple(
        ToolCall(values.text(each.get("id")), values.text(each.get("name")), values.mapping(each.get("arguments")))
        for each in values.objects(member(message, "tool_calls"))
    )
    if tools:
        event = _event(message, room, EventKind.TOOL_CALLS, CarrierCall(Presence.PLACED))
        return [replace(event, tools=tools)]
    answered_by = member(message, "answered_by")
    known = answered_by in AnsweredBy.values
    call = CarrierCall(
        Presence.PLACED,
        answered=known,
        answered_by=AnsweredBy(answered_by) if known else None,
        transcript=tuple(_turn(each) for each in values.objects(message.get("transcript"))[:MAX_TURNS]),
        usage=tuple(filter(None, map(_usage, values.objects(message.get("usage"))))),
    )
    return [_event(message, room, EventKind.REPORT, call)]


def _turn(value: Mapping[str, Any]) -> Turn:
    start, end = values.number(value.get("start")), values.number(value.get("end"))
    return Turn(
        ROLES.get(values.text(value.get("role")), "system"),
        values.text(value.get("text"), 20_000),
        None if start is None else float(start),
        None if end is None else float(end),
    )


def _usage(value: Mapping[str, Any]) -> Usage | None:
    amount = values.number(value.get("amount"))
    if amount is None or amount < 0:
        return None
    return Usage(
        values.text(value.get("component")),
        values.text(value.get("unit")),
        amount,
        values.text(value.get("provider")),
        values.text(value.get("model")),
    )


def _event(message: Mapping[str, Any], room: str, kind: EventKind, call: CarrierCall) -> CarrierEvent:
    call_id = call_id_of(room)
    whole = replace(call, reference=room, call_id=call_id)
    return CarrierEvent(message["id"], kind, room, call_id, _at(message), whole)


def _at(message: Mapping[str, Any]) -> datetime:
    return values.epoch(member(message, "created_at")) or datetime.now(UTC)
