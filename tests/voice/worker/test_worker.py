"""LAD's agent worker against LAD's side: what it is sent, and what it says. Its conversations are tested beside it."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from tests.support.loops import run
from voice.agents.tools import TOOL_NAMES
from voice.carriers.errors import CallbackRefused
from voice.carriers.livekit.client import LiveKit, dispatch
from voice.carriers.outcomes import AnsweredBy
from voice.carriers.protocol import (
    AgentBrief,
    AgentVoice,
    CallbackRequest,
    Caller,
    CallToPlace,
    CarrierEvent,
    Credentials,
    EventKind,
    ToolCall,
)
from voice_worker import briefs, settings, usage
from voice_worker.reports import NO_ANSWER, NotTaken, Reporter
from voice_worker.transcripts import Transcript

CALL = uuid4()
KEY, SECRET = "a-key", "a-secret-that-is-long-enough-for-it"
CARRIER = LiveKit(Credentials("https://livekit.example", KEY, SECRET))


class Lad:
    """Takes reports as LAD does, and fails as often as it is told."""

    def __init__(self, *failures: int | Exception) -> None:
        self.failures = list(failures)
        self.events: list[CarrierEvent] = []
        self.waited: list[float] = []

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.events += CARRIER.parse_callback(CallbackRequest(headers, body))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure, b""
        results = {each.id: f"{each.name} is done." for event in self.events for each in event.tools}
        return 200, json.dumps(CARRIER.callback_reply(results)).encode()

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


def reporter(lad: Lad, **values: Any) -> Reporter:
    given = {"room": f"lad-call-{CALL}", "url": "https://lad.example/x/", "key": KEY, "secret": SECRET, **values}
    return Reporter(**given, send=lad.send, sleep=lad.sleep)


def test_the_worker_reads_what_lad_sends_with_a_call() -> None:
    agent = AgentBrief(
        "Be kind.",
        "Hello.",
        "de",
        {"first_name": "Maya"},
        AgentVoice("cartesia", "ct-lena", {"speed": 1.1}),
        TOOL_NAMES,
        "+390612345678",
    )
    call = CallToPlace(CALL, "+442079460500", Caller("+442079460018", "trunk"), "https://lad.example/x/", agent)
    brief = briefs.read(json.dumps(dispatch(call)))
    assert (brief.call_id, brief.report_url, brief.person) == (str(CALL), "https://lad.example/x/", f"person-{CALL}")
    assert (brief.instructions, brief.first_message, brief.language) == ("Be kind.", "Hello.", "de")
    assert brief.voice == briefs.Voice("cartesia", "ct-lena", {"speed": 1.1})
    assert tuple(tool["name"] for tool in brief.tools) == TOOL_NAMES
    assert all(tool["parameters"]["type"] == "object" and tool["description"] for tool in brief.tools)
    assert (brief.transfer_to, brief.inbound) == ("+390612345678", False)


@pytest.mark.parametrize("metadata", ["", "[]", "{}", '{"call_id": "1"}', "not json", "null"])
def test_a_room_that_is_no_call_of_lads_has_no_brief(metadata: str) -> None:
    with pytest.raises(briefs.BadBrief):
        briefs.read(metadata)


def test_lad_understands_the_report() -> None:
    lad, words = Lad(), Transcript(100.0)
    words.add("assistant", "Hello Maya.", start=100.5, end=102.0)
    words.add("user", "  Tuesday\nat three. ", start=103.25, end=102.0)
    words.add("user", "  ", start=104.0)
    words.add("system", "Secret instructions.", start=104.0)
    words.add_tool("call_back", "Noted.", at=105.0)
    used = [
        SimpleNamespace(type="stt_usage", provider="Deepgram", model="nova-3", audio_duration=12.5),
        SimpleNamespace(type="llm_usage", provider="openai.chat", model="gpt", input_tokens=900, output_tokens=0),
        SimpleNamespace(type="tts_usage", provider="cartesia", model="sonic", characters_count=120),
        SimpleNamespace(type="eot_usage", provider="livekit", model="x", total_requests=3),
    ]
    rows = usage.rows(used, seconds=61.2)
    run(reporter(lad).report(answered_by="human", transcript=words.turns, usage=rows))
    (event,) = lad.events
    assert (event.kind, event.call_id, event.call.answered_by) == (EventKind.REPORT, CALL, AnsweredBy.HUMAN)
    assert [(turn.role, turn.text, turn.start, turn.end) for turn in event.call.transcript] == [
        ("agent", "Hello Maya.", 0.5, 2.0),
        ("person", "Tuesday at three.", 3.25, 3.25),
        ("tool", "call_back: Noted.", 5.0, None),
    ]
    assert [(each.component, each.unit, float(each.amount), each.provider) for each in event.call.usage] == [
        ("stt", "seconds", 12.5, "deepgram"),
        ("llm", "prompt_tokens", 900.0, "openai"),
        ("tts", "characters", 120.0, "cartesia"),
        ("machine", "seconds", 61.2, ""),
    ]


def test_lad_does_what_the_agent_asks_for_and_its_sentence_comes_back() -> None:
    lad = Lad()
    said = run(reporter(lad).tool("t1", "book_slot", {"day": "thursday", "time": "10:00"}))
    assert said == "book_slot is done."
    assert lad.events[0].tools == (ToolCall("t1", "book_slot", {"day": "thursday", "time": "10:00"}),)


def test_a_report_is_repeated_with_the_same_id_until_it_is_taken() -> None:
    lad = Lad(503, ConnectionResetError(), TimeoutError())
    run(reporter(lad).report(answered_by="", transcript=[], usage=[]))
    assert len({event.id for event in lad.events}) == 1
    assert (len(lad.events), lad.waited) == (4, [1, 2, 5])


def test_a_person_does_not_wait_for_lad() -> None:
    lad = Lad(503, 503, 503)
    assert run(reporter(lad).tool("t1", "book_slot", {})) == NO_ANSWER
    assert lad.waited == [0.5]


def test_what_lad_refuses_is_not_repeated() -> None:
    lad = Lad(404)
    with pytest.raises(NotTaken, match="404"):
        run(reporter(lad).report(answered_by="", transcript=[], usage=[]))
    assert lad.waited == []


def test_another_key_proves_nothing() -> None:
    with pytest.raises(CallbackRefused):
        run(reporter(Lad(), secret="another-secret-that-is-long-enough").tool("t1", "book_slot", {}))


def test_asking_about_a_caller_is_the_carriers_own_webhook() -> None:
    lad = Lad()
    told = {"sip.phoneNumber": "+442079460500", "sip.trunkPhoneNumber": "+442079460018"}
    participant = {"kind": "SIP", "identity": "sip_1", "attributes": told}
    run(reporter(lad, room="inbound-1").ask("https://lad.example/x/brief/", participant))
    (event,) = lad.events
    assert (event.direction, event.number, event.other_number) == ("inbound", "+442079460018", "+442079460500")


def test_settings_come_from_the_environment() -> None:
    given = {"LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s", "LAD_AGENT_NAME": "", "LAD_LLM_MODEL": "openai/gpt-4o"}
    found = settings.read(given)
    assert (found.agent_name, found.llm, found.stt) == ("lad-agent", "openai/gpt-4o", "deepgram/nova-3")
