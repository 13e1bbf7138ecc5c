"""Read Vapi's call objects."""

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any, Final
from uuid import UUID

from voice.carriers import values
from voice.carriers.outcomes import AnsweredBy
from voice.carriers.protocol import CarrierCall, Presence, Price, Recording, Turn, Usage
from voice.carriers.vapi.causes import cause_of
from voice.statuses import CallStatus

STATES: Final = {
    "scheduled": CallStatus.PENDING,
    "queued": CallStatus.PENDING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.ONGOING,
    "forwarding": CallStatus.ONGOING,
}
ROLES: Final = {
    "bot": "agent",
    "assistant": "agent",
    "user": "person",
    "tool_calls": "tool",
    "tool_call_result": "tool",
}
# Vapi's name of a part of the price → LAD's component.
COMPONENTS: Final = {"transport": "telephony", "stt": "stt", "llm": "llm", "tts": "tts", "vapi": "platform"}
CURRENCY: Final = "USD"
MAX_TURNS: Final = 10_000
MILLISECONDS: Final = 1_000


def call_id_of(call: Mapping[str, Any]) -> UUID | None:
    """Return LAD's id of a call, which Vapi keeps as its name and beside the assistant's overrides."""
    overrides = values.mapping(values.mapping(call.get("assistantOverrides")).get("metadata"))
    return values.uuid(call.get("name")) or values.uuid(overrides.get("lad_call_id"))


def carrier_call(call: Mapping[str, Any], *, more: Mapping[str, Any] | None = None) -> CarrierCall:
    """Return what a call object says. ``more`` are members of a server message, which go before the call's own."""
    whole = {**call, **{name: value for name, value in (more or {}).items() if value is not None}}
    artifact = values.mapping(whole.get("artifact"))
    started, ended = values.moment(whole.get("startedAt")), values.moment(whole.get("endedAt"))
    word = values.text(whole.get("status"))
    over = word == "ended" or bool(whole.get("endedReason"))
    cause = cause_of(whole.get("endedReason")) if over else None
    return CarrierCall(
        presence=Presence.PLACED,
        reference=values.text(whole.get("id")),
        call_id=call_id_of(whole),
        state=None if over else STATES.get(word),
        cause=cause,
        answered=started is not None or word in ("in-progress", "forwarding"),
        answered_by=AnsweredBy.MACHINE_VOICEMAIL if cause and cause.raw == "voicemail" else None,
        placed_at=values.moment(whole.get("createdAt")),
        answered_at=started,
        ended_at=ended,
        duration_seconds=ceil((ended - started).total_seconds()) if started and ended and ended >= started else None,
        price=_price(whole),
        recording=_recording(artifact),
        transcript=_transcript(artifact.get("messages")),
        usage=_usage(values.mapping(whole.get("costBreakdown"))),
    )


def _price(call: Mapping[str, Any]) -> Price | None:
    amount = values.number(call.get("cost"))
    if amount is None or amount < 0:
        return None
    parts = values.mapping(call.get("costBreakdown"))
    found = {ours: values.number(parts.get(theirs)) for theirs, ours in COMPONENTS.items()}
    return Price(amount, CURRENCY, {name: part for name, part in found.items() if part is not None})


def _recording(artifact: Mapping[str, Any]) -> Recording | None:
    mono = values.mapping(values.mapping(artifact.get("recording")).get("mono"))
    links = (artifact.get("presignedMonoUrl"), mono.get("combinedUrl"), artifact.get("recordingUrl"))
    location = next((link for link in (values.text(each, 4_000) for each in links) if link), "")
    return Recording(location) if location else None


def _transcript(messages: Any) -> tuple[Turn, ...]:
    turns = []
    for each in values.objects(messages)[:MAX_TURNS]:
        role, text = ROLES.get(values.text(each.get("role"))), values.text(each.get("message"), 20_000)
        if role and text:
            start, length = values.number(each.get("secondsFromStart")), values.number(each.get("duration"))
            end = None if start is None or length is None else float(start + length / MILLISECONDS)
            turns.append(Turn(role, text, None if start is None else float(start), end))
    return tuple(turns)


def _usage(parts: Mapping[str, Any]) -> tuple[Usage, ...]:
    counted = (
        ("llm", "prompt_tokens", "llmPromptTokens"),
        ("llm", "completion_tokens", "llmCompletionTokens"),
        ("tts", "characters", "ttsCharacters"),
    )
    found = ((component, unit, values.number(parts.get(name))) for component, unit, name in counted)
    return tuple(Usage(component, unit, amount) for component, unit, amount in found if amount and amount > Decimal(0))
