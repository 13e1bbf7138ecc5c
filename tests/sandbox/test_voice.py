"""The sandbox's telephone network: its own truth of calls, its clock and pace, and what is left after a kill."""

import io
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sandbox.core import Core
from sandbox.providers.voice.exchange import Exchange
from sandbox.providers.voice.people import BEHAVIOURS, SPOKEN, People, Person
from sandbox.providers.voice.plans import Ending, Turn, plan_of
from sandbox.providers.voice.scripts import LANGUAGES, LINES, OPENING
from sandbox.providers.voice.settings import NUMBERS, Settings, deliveries_of, number_id
from sandbox.providers.voice.speech import RATE, recording
from tests.support.loops import run
from tests.support.sandbox import Sandbox

KEY = "sandbox-acme"
VAPI = {"Authorization": f"Bearer {KEY}"}


def place(sandbox: Sandbox, number: str = "+442079460500", name: str = "", **overrides: Any) -> dict[str, Any]:
    order = {
        "name": name,
        "assistantId": "an-assistant",
        "assistantOverrides": overrides,
        "phoneNumberId": number_id(NUMBERS[0]),
        "customer": {"number": number},
    }
    made: dict[str, Any] = sandbox.call("POST", "/vapi/call", json=order, headers=VAPI).json()
    return made


def network(home: Path, *, haste: float = 1) -> tuple[Core, Exchange]:
    core = Core(home, seed=7, speed=0, haste=haste)
    settings = Settings(core)
    deliveries_of(core, settings)
    return core, Exchange(core, People(core), settings)


def call(exchange: Exchange, number: str, our_id: str = "one") -> str:
    made = exchange.place(
        id=f"call-{our_id}",
        protocol="none",
        account=KEY,
        reference=our_id,
        our_id=our_id,
        from_number=NUMBERS[0],
        to_number=number,
        info={},
    )
    return made.id


def test_who_is_not_told_does_what_follows_from_the_seed(tmp_path: Path) -> None:
    core = Core(tmp_path, seed=7, speed=0, haste=1)
    people = People(core)
    numbers = [f"+4420794{number:05d}" for number in range(600)]
    found = [people.person(number) for number in numbers]
    assert found == [people.person(number) for number in numbers]
    assert {person.behaviour for person in found} == {name for name, share in BEHAVIOURS.items() if share}
    assert {person.language for person in found} == set(SPOKEN)


def test_everybody_has_something_to_say() -> None:
    assert set(OPENING) == set(LANGUAGES) == set(SPOKEN)
    assert set(LINES) <= set(BEHAVIOURS)
    assert all("en" in by_language for by_language in LINES.values())
    assert all(set(by_language) <= set(LANGUAGES) for by_language in LINES.values())


@pytest.mark.parametrize(
    ("behaviour", "ringing", "longest", "ending"),
    [
        ("answers", 45, 1800, Ending.PERSON_HUNG_UP),
        ("never_again", 45, 1800, Ending.AGENT_HUNG_UP),
        ("voicemail", 45, 1800, Ending.VOICEMAIL),
        # Who is given up on before they answer, and who may not talk for so long.
        ("voicemail", 10, 1800, Ending.NO_ANSWER),
        ("answers", 45, 5, Ending.TOO_LONG),
        ("declines", 45, 1800, Ending.DECLINED),
    ],
)
def test_how_a_call_is_planned(tmp_path: Path, behaviour: str, ringing: float, longest: float, ending: Ending) -> None:
    chance = Core(tmp_path, seed=7, speed=0, haste=1).chance("a call")
    plan = plan_of(
        Person("+442079460500", behaviour, "en"),
        chance,
        first_message="",
        pace=1,
        ringing_seconds=ringing,
        max_seconds=longest,
    )
    assert plan.ending == ending
    assert plan.ends <= longest
    assert all(first.end <= second.start for first, second in pairwise(plan.turns))
    assert all(turn.end <= plan.ends for turn in plan.turns)
    assert (plan.answers is None) == (ending in (Ending.NO_ANSWER, Ending.DECLINED))


def test_calls_go_on_after_a_kill_and_take_as_long_as_their_words(tmp_path: Path) -> None:
    core, exchange = network(tmp_path, haste=60)
    id = call(exchange, "+442079460500")
    run(core.schedule.advance(12))
    core, exchange = network(tmp_path, haste=60)
    run(core.schedule.run_until_idle())
    ended = exchange.get(id)
    assert ended is not None
    assert ended.ended is not None
    kinds = [entry["kind"] for entry in core.log.read(limit=99)]
    assert kinds.count("voice_placed") == kinds.count("voice_ended") == 1
    if ended.answered is not None:
        # However people hurry with letters, nobody talks faster.
        assert ended.seconds == pytest.approx(ended.plan.ends, abs=0.1)


def test_the_pace_makes_everything_faster(sandbox: Sandbox) -> None:
    slow = place(sandbox, name="slow")
    sandbox.call("POST", "/voice/pace", json={"pace": 10})
    fast = place(sandbox, name="fast")
    sandbox.advance(minutes=2)
    seconds = [sandbox.call("GET", f"/voice/calls/{each['id']}").json()["seconds"] for each in (slow, fast)]
    assert 15 < seconds[0] < 120
    assert 1 < seconds[1] < 12
    assert sandbox.client.post("/voice/pace", json={"pace": 0}).status_code == 400


def test_the_log_knows_who_was_called_twice(sandbox: Sandbox) -> None:
    for _ in range(2):
        place(sandbox, name="one")
    place(sandbox, name="two")
    assert [entry["again"] for entry in sandbox.log("voice_placed")] == [False, True, False]
    assert sandbox.stats()["voice"]["placed_twice"] == 1
    found = sandbox.call("GET", "/voice/calls", params={"our_id": "one"}).json()["calls"]
    assert len(found) == 2


def test_the_stats_equal_the_log(sandbox: Sandbox) -> None:
    for number, behaviour in enumerate(("busy", "answers", "no_answer", "never_again")):
        person = {"number": f"+44207946050{number}", "behaviour": behaviour}
        sandbox.call("POST", "/voice/people", json=person)
        place(sandbox, person["number"], name=behaviour)
    assert sandbox.stats()["voice"]["open"] == 4
    sandbox.run_until_idle()
    stats, ended = sandbox.stats()["voice"], sandbox.log("voice_ended")
    assert (stats["open"], stats["most_open"]) == (0, {KEY: 4})
    assert stats["ended"] == {"busy": 1, "no_answer": 1, "person_hung_up": 1, "agent_hung_up": 1}
    assert stats["talk_seconds"] == pytest.approx(sum(entry["seconds"] for entry in ended), abs=0.01)
    assert {entry["our_id"] for entry in sandbox.log("voice_priced")} == {"answers", "never_again"}
    # Without a server to report to, callbacks go nowhere.
    assert {entry["how"] for entry in sandbox.log("voice_callback")} == {"nowhere"}


def test_shares_of_callbacks_are_lost_late_and_twice(sandbox: Sandbox) -> None:
    sandbox.call("POST", "/voice/callbacks", json={"lost": 30, "twice": 30, "late": 20, "swapped": 10})
    for number in range(12):
        place(sandbox, f"+4420794605{number:02d}", server={"url": "http://127.0.0.1:1/nobody", "secret": "s"})
    sandbox.run_until_idle()
    counts = sandbox.stats()["voice"]["callbacks"]
    assert set(counts) >= {"lost", "twice", "late", "once"}
    assert sum(counts.values()) == 12 * 4
    assert sandbox.client.post("/voice/callbacks", json={"eaten": 1}).status_code == 400


def test_callbacks_go_to_this_computer_only(sandbox: Sandbox) -> None:
    place(sandbox, server={"url": "https://elsewhere.example/hook"})
    sandbox.run_until_idle()
    assert {entry["status"] for entry in sandbox.log("voice_callback")} == {"failed: Elsewhere"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/voice/people", {"number": "+442079460500", "behaviour": "sings"}),
        ("/voice/people", {"number": "+442079460500", "language": "tlh"}),
        ("/voice/people", {}),
        ("/voice/inbound", {"protocol": "pigeon"}),
        (f"/voice/accounts/{KEY}", {"nonsense": 1}),
    ],
)
def test_orders_that_make_no_sense_are_refused(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    assert sandbox.client.post(path, json=body).status_code == 400


def test_a_recording_has_two_voices_and_silence(tmp_path: Path) -> None:
    turns = [Turn("agent", "Good morning, may I ask you something?", 0.5, 2.5), Turn("person", "Who is it?", 3.0, 4.0)]
    with wave.open(io.BytesIO(recording(turns, 5.0))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    assert len(samples) == 5 * RATE
    assert max(map(abs, samples[: RATE // 2])) == max(map(abs, samples[int(4.1 * RATE) :])) == 0
    agent, person = (
        _crossings(samples[int(start * RATE) : int(end * RATE)]) for start, end in ((0.5, 2.5), (3.0, 4.0))
    )
    assert agent != person
    assert recording(turns, 5.0) == recording(turns, 5.0)


def _crossings(samples: Any) -> float:
    """Return how often a second a sound changes its sign."""
    signs = [value > 0 for value in samples if value]
    return sum(first != second for first, second in pairwise(signs)) * RATE / len(samples)
