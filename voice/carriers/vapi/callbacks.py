"""Read Vapi's server messages. They have no id of their own, are sent once, and may all the same arrive twice."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from voice.carriers import values
from voice.carriers.errors import CallbackRefused
from voice.carriers.protocol import CallbackRequest, CarrierCall, CarrierEvent, EventKind, ToolCall
from voice.carriers.vapi.calls import MILLISECONDS, carrier_call
from voice.statuses import Direction

# Type of a message → what it is about. Vapi has more types; LAD asks for these.
KINDS: Final = {
    "status-update": EventKind.STATE,
    "end-of-call-report": EventKind.REPORT,
    "tool-calls": EventKind.TOOL_CALLS,
    "hang": EventKind.DELAY,
}
MAX_REPORTED: Final = ("endedReason", "startedAt", "endedAt", "cost", "costBreakdown", "artifact")


def check_secret(secret: str, request: CallbackRequest) -> None:
    """Raise CallbackRefused unless the message brings the account's secret, in either of Vapi's headers."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    given = request.headers.get("x-vapi-secret") or bearer
    if not secret or not hmac.compare_digest(secret.encode(), given.encode()):
        raise CallbackRefused


def events(body: bytes) -> list[CarrierEvent]:
    """Return what a message tells of a call; nothing for one of another type, or that cannot be read."""
    try:
        message = values.mapping(values.mapping(orjson.loads(body)).get("message"))
    except orjson.JSONDecodeError:
        return []
    word = values.text(message.get("type"))
    given = values.mapping(message.get("call"))
    if word not in KINDS or not values.text(given.get("id")):
        return []
    more = {name: message.get(name) for name in MAX_REPORTED}
    if word == "status-update":
        more["status"] = message.get("status")
    elif word == "end-of-call-report":
        more["status"] = "ended"
    call = carrier_call(given, more=more)
    at = values.epoch(message.get("timestamp"), MILLISECONDS) or datetime.now(UTC)
    if word == "status-update":
        call = _timed(call, at)
    tools = _tools(message) if word == "tool-calls" else ()
    event = CarrierEvent(_id(message, word, call, tools), KINDS[word], call.reference, call.call_id, at, call, tools)
    return [_inbound(event, given)] if given.get("type") == "inboundPhoneCall" else [event]


def _timed(call: CarrierCall, at: datetime) -> CarrierCall:
    """Return the call with the time of a change of its state, which the message itself marks."""
    if call.cause is not None:
        return replace(call, ended_at=call.ended_at or at)
    return replace(call, answered_at=call.answered_at or at) if call.answered else call


def _id(message: Mapping[str, Any], word: str, call: CarrierCall, tools: tuple[ToolCall, ...]) -> str:
    """Return a name that every delivery of the same message has, although its links differ each time."""
    if word == "status-update":
        return f"{call.reference}:{word}:{values.text(message.get('status'))}"
    if word == "end-of-call-report":
        return f"{call.reference}:{word}"
    named = ",".join(each.id for each in tools) or str(message.get("timestamp") or "")
    return f"{call.reference}:{word}:{named}"[:400]


def _tools(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    calls = []
    for each in values.objects(message.get("toolCallList")):
        function = values.mapping(each.get("function"))
        given = each.get("parameters") or each.get("arguments") or function.get("arguments")
        if isinstance(given, str):
            try:
                given = orjson.loads(given)
            except orjson.JSONDecodeError:
                given = {}
        name = values.text(each.get("name")) or values.text(function.get("name"))
        calls.append(ToolCall(values.text(each.get("id")), name, values.mapping(given)))
    return tuple(calls)


def _inbound(event: CarrierEvent, call: Mapping[str, Any]) -> CarrierEvent:
    number = values.text(values.mapping(call.get("phoneNumber")).get("number"))
    other = values.text(values.mapping(call.get("customer")).get("number"))
    return replace(event, direction=Direction.INBOUND, number=number, other_number=other)
