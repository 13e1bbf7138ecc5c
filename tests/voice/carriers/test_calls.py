"""Calls through both carriers at the sandbox, from the placing to the price."""

import io
import wave
from typing import Any

import pytest

from tests.support.sandbox import Sandbox
from tests.voice.carriers.conftest import (
    AGENT,
    KEY,
    PROTOCOLS,
    WEBHOOK_SECRET,
    Callbacks,
    call_to,
    client,
    key_of,
    person,
    truth,
)
from voice.carriers.outcomes import AnsweredBy, Outcome
from voice.carriers.protocol import CarrierCall, CarrierEvent, EventKind, Presence
from voice.statuses import CallStatus

# Seconds after which somebody who "answers" is talking for certain: the answer comes after 17 at most, and the shortest
# conversation ends after 22.
TALKING_AT = 20
# Behaviour → the outcome as each protocol can tell it, the state, and whether somebody answered.
ENDINGS = [
    ("answers", Outcome.ANSWERED, Outcome.ANSWERED, CallStatus.ENDED, True),
    ("books", Outcome.ANSWERED, Outcome.ANSWERED, CallStatus.ENDED, True),
    ("hangs_up", Outcome.ANSWERED, Outcome.ANSWERED, CallStatus.ENDED, True),
    ("silent", Outcome.ANSWERED, Outcome.ANSWERED, CallStatus.ENDED, True),
    ("ivr", Outcome.ANSWERED, Outcome.ANSWERED, CallStatus.ENDED, True),
    ("voicemail", Outcome.VOICEMAIL, Outcome.VOICEMAIL, CallStatus.ENDED, True),
    # LiveKit has one reason for a busy line and a call that is declined.
    ("busy", Outcome.BUSY, Outcome.BUSY, CallStatus.DECLINED, False),
    ("declines", Outcome.BUSY, Outcome.DECLINED, CallStatus.DECLINED, False),
    ("no_answer", Outcome.NO_ANSWER, Outcome.NO_ANSWER, CallStatus.DECLINED, False),
    ("wrong_number", Outcome.CARRIER_FAILED, Outcome.WRONG_NUMBER, CallStatus.FAILED, False),
    ("trunk_fails", Outcome.CARRIER_FAILED, Outcome.CARRIER_FAILED, CallStatus.FAILED, False),
]


def joined(events: list[CarrierEvent]) -> dict[str, Any]:
    """Return what the events tell together, whatever their order."""
    known: dict[str, Any] = {}
    for event in events:
        for name in CarrierCall.__dataclass_fields__:
            value = getattr(event.call, name)
            if value and name != "state":
                known.setdefault(name, value)
    return known


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("behaviour", "livekit", "vapi", "state", "answered"), ENDINGS)
def test_how_calls_end(
    sandbox: Sandbox,
    callbacks: Callbacks,
    protocol: str,
    behaviour: str,
    livekit: Outcome,
    vapi: Outcome,
    state: CallStatus,
    answered: bool,
) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks, person(sandbox, behaviour))
    placed = carrier.place(call)
    assert carrier.look_up(key_of(call, reference=placed.reference)).status in (CallStatus.PENDING, CallStatus.RINGING)
    sandbox.advance(minutes=5)
    events = callbacks.events(carrier)
    assert {(event.call_id, event.reference) for event in events} == {(call.call_id, placed.reference)}
    assert len({event.id for event in events}) == len(events)
    whole = CarrierCall(**joined(events))
    assert whole.cause is not None
    assert whole.outcome == {"livekit": livekit, "vapi": vapi}[protocol]
    assert whole.cause.state(answered=whole.answered) == state
    assert whole.answered == answered
    [real] = truth(sandbox, call.call_id)
    assert (real["answered"] is not None) == answered
    assert (whole.recording is not None) == answered
    assert [turn.text for turn in whole.transcript] == [turn["text"] for turn in real["transcript"]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_told_of_a_call_equals_the_truth(sandbox: Sandbox, callbacks: Callbacks, protocol: str) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks, person(sandbox, "answers"))
    placed = carrier.place(call)
    sandbox.advance(seconds=TALKING_AT)
    talking = carrier.look_up(key_of(call, reference=placed.reference))
    assert (talking.state, talking.answered) == (CallStatus.ONGOING, True)
    sandbox.advance(minutes=1)
    whole = CarrierCall(**joined(callbacks.events(carrier)))
    [real] = truth(sandbox, call.call_id)
    assert whole.answered_at is not None
    assert whole.ended_at is not None
    # LiveKit's times are whole seconds.
    for time, name in ((whole.answered_at, "answered"), (whole.ended_at, "ended")):
        assert abs(time.timestamp() - real[name]) < 1.01
    agents = [turn.text for turn in whole.transcript if turn.role == "agent"]
    assert agents[0] == AGENT.first_message
    assert {turn.role for turn in whole.transcript} == {"agent", "person"}
    assert all(turn.start is not None and turn.end is not None for turn in whole.transcript)
    ends = [turn.end or 0 for turn in whole.transcript]
    assert ends == sorted(ends)
    assert ends[-1] <= real["seconds"] + 0.01
    assert whole.answered_by in (AnsweredBy.HUMAN, None)


def test_the_price_comes_later_and_with_its_parts(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "vapi")
    call = call_to(carrier, callbacks, person(sandbox, "books"))
    key = key_of(call, reference=carrier.place(call).reference)
    sandbox.advance(minutes=1)
    ended = carrier.look_up(key)
    assert (ended.status, ended.price) == (CallStatus.ENDED, None)
    sandbox.advance(minutes=3)
    price = carrier.look_up(key).price
    [real] = truth(sandbox, call.call_id)
    assert price is not None
    assert float(price.amount) == real["price"]["total"]
    assert sum(price.parts.values()) == price.amount
    assert set(price.parts) == {"telephony", "stt", "llm", "tts", "platform"}
    assert {usage.component for usage in carrier.look_up(key).usage} == {"llm", "tts"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_recording_is_heard_where_the_transcript_has_its_turns(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str
) -> None:
    carrier = client(sandbox, protocol)
    carrier.place(call_to(carrier, callbacks, person(sandbox, "answers")))
    sandbox.advance(minutes=2)
    whole = CarrierCall(**joined(callbacks.events(carrier)))
    assert whole.recording is not None
    file = io.BytesIO()
    fetched = carrier.fetch_recording(whole.recording, file)
    assert (fetched.size, fetched.content_type) == (file.tell(), "audio/wav")
    file.seek(0)
    with wave.open(file) as sound:
        rate, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    samples = memoryview(frames).cast("h")
    loudness = [
        max(map(abs, samples[int((turn.start or 0) * rate) : int((turn.end or 0) * rate)])) for turn in whole.transcript
    ]
    assert len(loudness) == 6
    assert min(loudness) > 1_000
    gaps = [
        (first.end or 0, second.start or 0)
        for first, second in zip(whole.transcript, whole.transcript[1:], strict=False)
    ]
    assert max(max(map(abs, samples[int(start * rate) + 1 : int(end * rate) - 1])) for start, end in gaps) == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_agent_asks_lad_to_act(sandbox: Sandbox, callbacks: Callbacks, protocol: str) -> None:
    carrier = client(sandbox, protocol)
    wanted = {"tuesday": "call_back", "never_again": "do_not_call_again", "books": "book_slot"}
    for number, behaviour in enumerate(wanted):
        carrier.place(call_to(carrier, callbacks, person(sandbox, behaviour, number=f"+44207946060{number}")))
    sandbox.advance(minutes=2)
    asked = [event for event in callbacks.events(carrier) if event.kind == EventKind.TOOL_CALLS]
    assert {tool.name: dict(tool.arguments) for event in asked for tool in event.tools} == {
        "call_back": {"day": "tuesday", "time": "15:00"},
        "do_not_call_again": {},
        "book_slot": {"day": "thursday", "time": "10:00"},
    }
    [first] = asked[0].tools
    reply = carrier.callback_reply({first.id: "done"})
    assert first.id in str(reply)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ar"])
def test_people_speak_their_language(sandbox: Sandbox, callbacks: Callbacks, language: str) -> None:
    carrier = client(sandbox, "livekit")
    call = call_to(carrier, callbacks, person(sandbox, "never_again", language=language))
    carrier.place(call)
    sandbox.advance(minutes=2)
    [report] = callbacks.reports(carrier)
    words = {"en": "never call", "de": "nie wieder", "es": "no vuelva", "fr": "ne rappelez", "ar": "لا تتصل"}
    assert words[language] in report.call.transcript[1].text


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("seconds", "outcome", "answered"), [(4, Outcome.CANCELLED, False), (TALKING_AT, Outcome.ANSWERED, True)]
)
def test_a_call_is_hung_up_while_it_rings_and_while_it_goes_on(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str, seconds: int, outcome: Outcome, answered: bool
) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks, person(sandbox, "answers"))
    placed = carrier.place(call)
    sandbox.advance(seconds=seconds)
    carrier.hang_up(placed.reference)
    # Once more changes nothing.
    carrier.hang_up(placed.reference)
    sandbox.advance(minutes=2)
    whole = CarrierCall(**joined(callbacks.events(carrier)))
    assert (whole.outcome, whole.answered) == (outcome, answered)
    [real] = truth(sandbox, call.call_id)
    assert real["seconds"] < seconds
    assert len(sandbox.log("voice_ended")) == 1
    # The room stays a while, so that nobody takes the call for one that was never placed.
    assert carrier.look_up(key_of(call, reference=placed.reference)).presence != Presence.NEVER_PLACED


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("caller", ["+442079460777", "anonymous"])
def test_somebody_calls(sandbox: Sandbox, callbacks: Callbacks, protocol: str, caller: str) -> None:
    carrier = client(sandbox, protocol)
    account = {"webhook": callbacks.address, "webhook_secret": WEBHOOK_SECRET}
    sandbox.call("POST", f"/voice/accounts/{KEY}", json=account)
    number = carrier.numbers()[0].number
    calling = {"protocol": protocol, "account": KEY, "from": caller, "to": number}
    sandbox.call("POST", "/voice/inbound", json=calling)
    sandbox.advance(minutes=2)
    events = [event for event in callbacks.events(carrier) if event.kind == EventKind.STATE]
    told = {(event.direction, event.number, event.other_number, event.call_id) for event in events}
    assert told == {("inbound", number, caller, None)}
    assert CarrierCall(**joined(events)).outcome == Outcome.ANSWERED
