"""What goes wrong while a call is placed, looked up, hung up or reported: nothing is ever dialled twice."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from lad.outgoing import CallInTransaction
from tests.support.sandbox import Sandbox
from tests.voice.carriers.conftest import (
    KEY,
    PROTOCOLS,
    Callbacks,
    call_to,
    client,
    key_of,
    person,
    told,
    truth,
)
from voice.carriers.errors import (
    AnswerLost,
    CallbackRefused,
    CarrierDown,
    CarrierError,
    CredentialsRefused,
    LimitReached,
    NumberRefused,
    RecordingMissing,
)
from voice.carriers.livekit import callbacks as of_livekit
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import CallbackRequest, Caller, CarrierCall, Presence, Recording
from voice.carriers.vapi import callbacks as of_vapi
from voice.carriers.vapi import client as vapi_client
from voice.statuses import CallStatus

LONG_AGO = timedelta(minutes=5)
# A fault while a call is placed → the error, and whether the telephone rings all the same.
PLACING: list[tuple[dict[str, Any], type[CarrierError], bool]] = [
    ({"kind": "answer", "code": 401}, CredentialsRefused, False),
    ({"kind": "answer", "code": 403}, CredentialsRefused, False),
    ({"kind": "answer", "code": 429, "seconds": 7}, LimitReached, False),
    ({"kind": "answer", "code": 500}, AnswerLost, False),
    ({"kind": "answer", "code": 502}, AnswerLost, False),
    ({"kind": "answer", "code": 408}, AnswerLost, False),
    ({"kind": "drop", "accepted": False}, AnswerLost, False),
    ({"kind": "drop"}, AnswerLost, True),
    ({"kind": "split"}, AnswerLost, True),
    ({"kind": "slow", "seconds": 1.3}, AnswerLost, True),
    ({"kind": "drop", "accepted": False, "seconds": 1.3}, AnswerLost, False),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("fault", "error", "rings"), PLACING)
def test_a_placement_that_fails_is_told_from_one_whose_answer_was_lost(
    sandbox: Sandbox,
    callbacks: Callbacks,
    settings: Any,
    protocol: str,
    fault: dict[str, Any],
    error: type[CarrierError],
    rings: bool,
) -> None:
    settings.VOICE_TIMEOUT_SECONDS = 1
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks, person(sandbox, "answers"))
    sandbox.fault(protocol=protocol, stage="PLACE", **fault)
    before = datetime.now(UTC)
    with pytest.raises(error) as caught:
        carrier.place(call)
    assert len(truth(sandbox, call.call_id)) == rings
    if isinstance(caught.value, LimitReached):
        assert timedelta(seconds=6) < caught.value.until - before < timedelta(seconds=15)
    found = carrier.look_up(key_of(call, ago=LONG_AGO))
    assert (found.presence == Presence.PLACED) is rings
    if rings:
        assert found.call_id == call.call_id
        # Answered after 17 seconds at the latest, and over after 23 at the earliest.
        sandbox.advance(seconds=18)
        assert carrier.look_up(key_of(call, reference=found.reference)).state == CallStatus.ONGOING


def test_livekit_never_dials_a_call_a_second_time(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "livekit")
    call = call_to(carrier, callbacks, person(sandbox, "answers"))
    placed, again = carrier.place(call), carrier.place(call)
    assert (placed.already, again.already, placed.reference) == (False, True, again.reference)
    sandbox.advance(minutes=2)
    # The room is still there, so the call was placed and is over.
    with pytest.raises(AnswerLost):
        carrier.place(call)
    assert len(truth(sandbox, call.call_id)) == 1
    assert sandbox.stats()["voice"]["placed_twice"] == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("ago", "presence"),
    [
        (timedelta(), {"livekit": Presence.NEVER_PLACED, "vapi": Presence.UNKNOWN}),
        (LONG_AGO, {"livekit": Presence.NEVER_PLACED, "vapi": Presence.NEVER_PLACED}),
        # LiveKit forgets calls, so after a while that it knows nothing proves nothing.
        (timedelta(hours=2), {"livekit": Presence.UNKNOWN, "vapi": Presence.NEVER_PLACED}),
    ],
)
def test_when_it_is_certain_that_a_call_was_never_placed(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str, ago: timedelta, presence: dict[str, Presence]
) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks)
    assert carrier.look_up(key_of(call, ago=ago)).presence == presence[protocol]


def test_a_room_that_was_made_for_a_call_that_was_refused_goes(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "livekit")
    call = call_to(carrier, callbacks, "12")
    with pytest.raises(NumberRefused):
        carrier.place(call)
    assert carrier.look_up(key_of(call)).presence == Presence.NEVER_PLACED


def test_a_room_whose_call_may_have_been_dialled_is_no_proof(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "livekit")
    call = call_to(carrier, callbacks)
    sandbox.fault("drop", protocol="livekit", stage="PLACE", accepted=False)
    with pytest.raises(AnswerLost):
        carrier.place(call)
    assert carrier.look_up(key_of(call)).presence == Presence.UNKNOWN
    # Nor is it dialled when it is placed again.
    with pytest.raises(AnswerLost):
        carrier.place(call)
    assert truth(sandbox, call.call_id) == []


def test_a_room_that_cannot_be_made_means_that_nobody_was_dialled(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "livekit")
    call = call_to(carrier, callbacks)
    sandbox.fault("drop", protocol="livekit", stage="ROOM", times=3)
    with pytest.raises(CarrierDown):
        carrier.place(call)
    assert truth(sandbox, call.call_id) == []


def test_livekits_unavailable_means_that_nobody_was_dialled(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "livekit")
    sandbox.fault("answer", protocol="livekit", stage="PLACE", code=503)
    with pytest.raises(CarrierDown):
        carrier.place(call_to(carrier, callbacks))


@pytest.mark.parametrize(
    ("code", "outcome"), [(486, Outcome.BUSY), (603, Outcome.DECLINED), (404, Outcome.WRONG_NUMBER)]
)
def test_a_call_that_ends_while_it_is_placed(
    sandbox: Sandbox, callbacks: Callbacks, code: int, outcome: Outcome
) -> None:
    carrier = client(sandbox, "livekit")
    sandbox.fault("answer", protocol="livekit", stage="PLACE", code=503, text=f"sip:{code}")
    placed = carrier.place(call_to(carrier, callbacks))
    assert placed.cause is not None
    assert (placed.cause.raw, placed.cause.outcome(answered=False)) == (f"sip-{code}", outcome)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("change", "field"), [({"to_number": "+1"}, "to_number"), ({"caller": None}, "from_number")])
def test_numbers_that_a_carrier_does_not_accept(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str, change: dict[str, Any], field: str
) -> None:
    carrier = client(sandbox, protocol)
    values = {"caller": Caller("+442079460018", "unknown"), **{k: v for k, v in change.items() if v}}
    call = replace(call_to(carrier, callbacks), **(change if field == "to_number" else {"caller": values["caller"]}))
    with pytest.raises(NumberRefused) as caught:
        carrier.place(call)
    assert list(caught.value.errors) == [field]
    assert truth(sandbox, call.call_id) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("wrong", ["secret", "base_url", "private", "away"])
def test_credentials_and_addresses_that_do_not_work(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str, wrong: str
) -> None:
    good = client(sandbox, protocol)
    values = {
        "secret": {"secret": "wrong-" * 8},
        "base_url": {"base_url": f"{sandbox.url}/nothing"},
        "private": {"base_url": "https://10.0.0.1"},
        "away": {"base_url": "http://127.0.0.1:1"},
    }[wrong]
    carrier = client(sandbox, protocol, **values)
    with pytest.raises(CredentialsRefused if wrong == "secret" else CarrierDown) as caught:
        carrier.place(call_to(good, callbacks))
    if isinstance(caught.value, CarrierDown):
        assert caught.value.passing is (wrong == "away")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_carriers_limit_is_told(sandbox: Sandbox, callbacks: Callbacks, protocol: str) -> None:
    sandbox.call("POST", f"/voice/accounts/{KEY}", json={"concurrent": 2})
    carrier = client(sandbox, protocol)
    left = [carrier.place(call_to(carrier, callbacks)).room_left for _ in range(2)]
    assert left == ([1, 0] if protocol == "vapi" else [None, None])
    third = call_to(carrier, callbacks)
    if protocol == "livekit":
        with pytest.raises(LimitReached):
            carrier.place(third)
    else:
        # Vapi takes the call and ends it at once.
        placed = carrier.place(third)
        assert placed.cause is not None
        assert placed.cause.outcome(answered=False) == Outcome.OVER_LIMIT
    assert sandbox.stats()["voice"]["most_open"][KEY] <= 2 + (protocol == "vapi")
    assert [entry["to"] for entry in sandbox.log("voice_ringing")] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_looking_up_is_tried_again_after_failures_that_pass(
    sandbox: Sandbox, callbacks: Callbacks, protocol: str
) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks)
    reference = carrier.place(call).reference
    sandbox.fault("answer", protocol=protocol, stage="LOOK_UP", code=500)
    sandbox.fault("drop", protocol=protocol, stage="LOOK_UP")
    assert carrier.look_up(key_of(call, reference=reference)).presence == Presence.PLACED
    sandbox.fault("answer", protocol=protocol, stage="LOOK_UP", code=500, times=3)
    with pytest.raises(CarrierDown):
        carrier.look_up(key_of(call, reference=reference))


def test_vapis_list_is_searched_page_by_page(
    sandbox: Sandbox, callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vapi_client, "PAGE", 3)
    carrier = client(sandbox, "vapi")
    call = call_to(carrier, callbacks)
    carrier.place(call)
    for _ in range(3):
        sandbox.advance(seconds=1)
        carrier.place(replace(call, call_id=uuid4()))
    found = carrier.look_up(key_of(call, ago=LONG_AGO))
    assert (found.presence, found.call_id) == (Presence.PLACED, call.call_id)
    assert [entry["request"] for entry in sandbox.log("voice_request")].count("list") == 2
    assert carrier.look_up(key_of(replace(call, call_id=uuid4()), ago=LONG_AGO)).presence == Presence.NEVER_PLACED


def test_the_key_is_not_sent_to_the_address_that_ends_a_call(sandbox: Sandbox, callbacks: Callbacks) -> None:
    carrier = client(sandbox, "vapi")
    reference = carrier.place(call_to(carrier, callbacks)).reference
    sandbox.advance(seconds=3)
    carrier.hang_up(reference)
    [control] = sandbox.log("voice_control")
    assert (control["call"], control.get("key")) == (reference, None)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_callbacks_come_lost_twice_late_and_out_of_order(sandbox: Sandbox, callbacks: Callbacks, protocol: str) -> None:
    carrier = client(sandbox, protocol)
    call = call_to(carrier, callbacks, person(sandbox, "answers"))
    # The first is lost, the second comes twice, the third late.
    for kind, seconds in (("drop", 0), ("split", 0), ("slow", 600)):
        sandbox.fault(kind, protocol=protocol, stage="CALLBACK", seconds=seconds)
    carrier.place(call)
    sandbox.advance(minutes=2)
    seen = [event.id for event in callbacks.events(carrier)]
    assert len(seen) > len(set(seen))
    hows = [entry["how"] for entry in sandbox.log("voice_callback")]
    assert (hows.count("lost"), hows.count("twice"), hows.count("late")) == (1, 2, 0)
    sandbox.advance(minutes=10)
    assert [entry["how"] for entry in sandbox.log("voice_callback")].count("late") == 1


def test_livekit_delivers_again_and_vapi_does_not(sandbox: Sandbox, callbacks: Callbacks) -> None:
    for protocol, attempts in (("livekit", 2), ("vapi", 1)):
        callbacks.failures = 1
        sandbox.reset()
        carrier = client(sandbox, protocol)
        carrier.place(call_to(carrier, callbacks, person(sandbox, "busy")))
        sandbox.advance(minutes=3)
        first = sandbox.log("voice_callback")[0]
        tried = [each for each in sandbox.log("voice_callback") if each["event"] == first["event"]]
        assert len(tried) == attempts


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_the_carrier_may_call_back(sandbox: Sandbox, callbacks: Callbacks, protocol: str) -> None:
    carrier = client(sandbox, protocol)
    carrier.place(call_to(carrier, callbacks, person(sandbox, "busy")))
    sandbox.advance(minutes=1)
    other, genuine = callbacks.got[:2]
    assert told(genuine) != told(other)
    forged: list[tuple[Any, CallbackRequest]] = [
        (carrier, CallbackRequest({}, genuine.body)),
        (
            carrier,
            CallbackRequest({**genuine.headers, "authorization": "nonsense", "x-vapi-secret": "no"}, genuine.body),
        ),
    ]
    if protocol == "livekit":
        forged += [
            # A signature of another body, of another key, and of another secret.
            (carrier, CallbackRequest(genuine.headers, other.body)),
            (carrier, CallbackRequest(genuine.headers, genuine.body + b" ")),
            (client(sandbox, protocol, key_id="sandbox-other"), genuine),
            (client(sandbox, protocol, secret="another-secret-that-is-long-enough-too"), genuine),
            (client(sandbox, protocol, secret=""), genuine),
        ]
    else:
        forged += [
            (client(sandbox, protocol, webhook_secret="another"), genuine),
            # An account without a secret takes no callbacks, not even those without one.
            (client(sandbox, protocol, webhook_secret=""), CallbackRequest({"x-vapi-secret": ""}, genuine.body)),
        ]
    for receiver, request in forged:
        with pytest.raises(CallbackRefused):
            receiver.parse_callback(request)
    assert carrier.parse_callback(genuine)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"event": "room_finished"}', b'{"message": {"type": "status-update"}}', b'{"message": 7}'],
)
def test_callbacks_that_say_nothing_of_a_call(protocol: str, body: bytes) -> None:
    assert {"livekit": of_livekit, "vapi": of_vapi}[protocol].events(body) == []


@pytest.mark.parametrize(("reason", "count"), [("CLIENT_INITIATED", 1), ("MIGRATION", 0)])
def test_a_participant_who_goes_on_elsewhere_has_not_left(reason: str, count: int) -> None:
    room = f"lad-call-{uuid4()}"
    participant = {"kind": "SIP", "identity": "somebody", "disconnectReason": reason}
    body = {"event": "participant_left", "id": "EV_1", "room": {"name": room}, "participant": participant}
    assert len(of_livekit.events(json.dumps(body).encode())) == count


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_recordings_that_cannot_be_fetched(
    sandbox: Sandbox, callbacks: Callbacks, settings: Any, protocol: str
) -> None:
    carrier = client(sandbox, protocol)
    reference = carrier.place(call_to(carrier, callbacks, person(sandbox, "answers"))).reference
    sandbox.advance(minutes=2)
    [real] = sandbox.call("GET", "/voice/calls").json()["calls"]
    place = f"{sandbox.url}/voice/recordings"
    for location, error in (
        (f"{place}/unknown.wav", RecordingMissing),
        ("https://10.0.0.1/recording.wav", CarrierDown),
        ("http://elsewhere.example/recording.wav", CarrierDown),
        ("file:///etc/passwd", CarrierDown),
    ):
        with pytest.raises(error):
            carrier.fetch_recording(Recording(location), io.BytesIO())
    settings.VOICE_MAX_RECORDING_BYTES = 1_000
    with pytest.raises(CarrierDown):
        carrier.fetch_recording(Recording(f"{place}/{real['id']}.wav"), io.BytesIO())
    assert reference


@pytest.mark.django_db
def test_no_carrier_is_asked_inside_a_transaction(sandbox: Sandbox) -> None:
    carrier = client(sandbox, "vapi")
    with transaction.atomic(), pytest.raises(CallInTransaction):
        carrier.numbers()


def test_a_silent_carrier_says_nothing_for_certain() -> None:
    empty = CarrierCall(Presence.UNKNOWN)
    assert (empty.status, empty.outcome, empty.answered) == (None, None, False)
