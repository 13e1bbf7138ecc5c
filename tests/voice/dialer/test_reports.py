"""What carriers tell of calls is taken in in any order, and any number of times."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any

import pytest

from lad.tenancy.context import platform_context
from tests.voice.dialer.conftest import NOW, Placed, Told
from voice.analysis.models import CallAnalysisRequest
from voice.carriers.livekit.causes import ROOM_FINISHED, cause_of
from voice.carriers.outcomes import AnsweredBy, Cause, Outcome
from voice.carriers.protocol import Presence, Price, Recording, Turn, Usage
from voice.dialer.facts import price_of, recording_of, usage_of
from voice.dialer.models import PlacementState
from voice.statuses import CallStatus, EntryStatus

pytestmark = pytest.mark.django_db

HUNG_UP = cause_of("CLIENT_INITIATED")
NOT_REACHED = cause_of("USER_UNAVAILABLE")
ANSWERED_AT, ENDED_AT = NOW + timedelta(seconds=8), NOW + timedelta(seconds=50)
WORDS = (Turn("agent", "Good morning.", 0.5, 1.5), Turn("person", "Yes?", 2.0, 2.5), Turn("agent", "Bye.", 3.0, 3.4))
USED = (Usage("stt", "seconds", Decimal("12.5"), "deepgram", "nova-3"),)
CONVERSATION: list[tuple[datetime, dict[str, Any]]] = [
    (NOW + timedelta(seconds=1), {"state": CallStatus.RINGING, "placed_at": NOW}),
    (ANSWERED_AT, {"state": CallStatus.ONGOING, "answered": True, "answered_at": ANSWERED_AT}),
    (ENDED_AT, {"cause": HUNG_UP, "answered": True, "ended_at": ENDED_AT}),
    (ENDED_AT, {"answered": True, "answered_by": AnsweredBy.HUMAN, "transcript": WORDS, "usage": USED}),
    (ENDED_AT, {"recording": Recording("https://files.example/a.ogg", 42.0, 90_000)}),
]
ORDERS = Random(7).sample(list(permutations(range(len(CONVERSATION)))), 14)


def tell_all(placed: Placed, order: tuple[int, ...], *, times: int = 1) -> None:
    late = ENDED_AT + timedelta(seconds=1)
    for number in order:
        at, values = CONVERSATION[number]
        for _delivery in range(times):
            placed.tell(at, now=late, **values)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_a_conversation_ends_the_same_in_any_order(place: Any, told: Told, order: tuple[int, ...]) -> None:
    placed = place()
    tell_all(placed, order, times=1 + sum(order[:2]) % 2)
    call, placement = placed.call, placed.placement
    assert (call.status, call.outcome, call.answered_by, call.cause) == (
        CallStatus.ENDED,
        Outcome.ANSWERED,
        AnsweredBy.HUMAN,
        "CLIENT_INITIATED",
    )
    assert (call.started_at, call.ended_at, call.duration_seconds) == (ANSWERED_AT, ENDED_AT, 42)
    assert [turn["text"] for turn in call.transcripts] == [turn.text for turn in WORDS]
    assert placement.state == PlacementState.SETTLED
    assert usage_of(placement.facts) == list(USED)
    assert recording_of(placement.facts) == Recording("https://files.example/a.ogg", 42.0, 90_000)
    assert [(over.outcome, over.at, over.retry_at) for over in told.over] == [(Outcome.ANSWERED, ENDED_AT, None)]
    assert (placed.entry.status, placed.entry.batch.status) == (EntryStatus.COMPLETED, "completed")
    with platform_context():
        assert [request.call_log_id for request in CallAnalysisRequest.objects.all()] == [call.pk]


@pytest.mark.parametrize(
    ("cause", "answered", "outcome", "status", "entry"),
    [
        ("USER_UNAVAILABLE", False, Outcome.NO_ANSWER, CallStatus.DECLINED, EntryStatus.DECLINED),
        ("USER_REJECTED", False, Outcome.BUSY, CallStatus.DECLINED, EntryStatus.DECLINED),
        ("PARTICIPANT_REMOVED", False, Outcome.CANCELLED, CallStatus.CANCELLED, EntryStatus.CANCELLED),
        ("SIP_TRUNK_FAILURE", False, Outcome.CARRIER_FAILED, CallStatus.FAILED, EntryStatus.FAILED),
        ("AGENT_ERROR", True, Outcome.AGENT_FAILED, CallStatus.FAILED, EntryStatus.FAILED),
    ],
)
def test_each_end_has_its_state(
    place: Any, told: Told, cause: str, answered: bool, outcome: Outcome, status: CallStatus, entry: EntryStatus
) -> None:
    placed = place()
    placed.tell(state=CallStatus.RINGING)
    placed.tell(ENDED_AT, cause=cause_of(cause), answered=answered, ended_at=ENDED_AT)
    call = placed.call
    assert (call.status, call.outcome, call.cause) == (status, outcome, cause)
    assert [over.outcome for over in told.over] == [outcome]
    assert placed.placement.state == PlacementState.SETTLED
    with platform_context():
        # The words of a call that was answered are waited for.
        assert CallAnalysisRequest.objects.exists() == (not answered)


def test_the_line_is_free_at_once_while_the_agent_still_says_who_answered(place: Any, told: Told) -> None:
    placed = place()
    placed.tell(ANSWERED_AT, state=CallStatus.ONGOING, answered=True, answered_at=ANSWERED_AT)
    placed.tell(ENDED_AT, cause=cause_of("PARTICIPANT_REMOVED"), answered=True, ended_at=ENDED_AT)
    assert (placed.placement.state, placed.call.status, told.over) == (PlacementState.SETTLED, CallStatus.ONGOING, [])
    placed.tell(ENDED_AT, now=ENDED_AT + timedelta(seconds=1), answered=True, answered_by=AnsweredBy.MACHINE_VOICEMAIL)
    assert (placed.call.status, placed.call.outcome) == (CallStatus.ENDED, Outcome.VOICEMAIL)
    assert [over.outcome for over in told.over] == [Outcome.VOICEMAIL]


def test_a_report_that_does_not_come_is_not_waited_for_longer(place: Any, told: Told) -> None:
    placed = place()
    placed.tell(ENDED_AT, cause=HUNG_UP, answered=True, answered_at=ANSWERED_AT, ended_at=ENDED_AT)
    assert told.over == []
    placed.tell(ENDED_AT, now=ENDED_AT + timedelta(seconds=21))
    assert [over.outcome for over in told.over] == [Outcome.ANSWERED]
    assert (placed.call.ended_at, placed.call.duration_seconds) == (ENDED_AT, 42)
    # Then its words come after all.
    placed.tell(ENDED_AT, now=ENDED_AT + timedelta(minutes=1), answered_by=AnsweredBy.HUMAN, transcript=WORDS)
    assert len(placed.call.transcripts) == 3
    assert placed.call.answered_by == AnsweredBy.HUMAN
    assert (len(told.over), told.learned) == (1, {"transcript"})


def test_an_end_that_is_told_again_later_makes_no_call_longer(place: Any, told: Told) -> None:
    placed = place(agent="")
    for seconds in (0, 60):
        at = ENDED_AT + timedelta(seconds=seconds)
        placed.tell(at, cause=HUNG_UP, answered=True, answered_at=ANSWERED_AT, ended_at=at)
    assert (placed.call.ended_at, placed.call.duration_seconds) == (ENDED_AT, 42)


def test_an_answer_that_is_told_late_corrects_the_end(place: Any, told: Told) -> None:
    placed = place()
    placed.tell(ENDED_AT, presence=Presence.UNKNOWN, cause=ROOM_FINISHED)
    # LiveKit only says that the room is closed. Who was on the telephone may still be told.
    assert (placed.call.status, placed.placement.state) == (CallStatus.PENDING, PlacementState.PLACED)
    later = ENDED_AT + timedelta(minutes=3)
    placed.tell(ENDED_AT, now=later)
    assert (placed.call.status, placed.call.outcome) == (CallStatus.FAILED, Outcome.UNKNOWN)
    assert placed.entry.status == EntryStatus.FAILED
    placed.tell(ENDED_AT, now=later, answered=True, answered_at=ANSWERED_AT, transcript=WORDS)
    placed.tell(ENDED_AT, now=later, recording=Recording("https://files.example/a.ogg", 42.0))
    call = placed.call
    assert (call.status, call.outcome, call.started_at) == (CallStatus.ENDED, Outcome.ANSWERED, ANSWERED_AT)
    assert (call.ended_at, call.duration_seconds) == (ENDED_AT, 42)
    assert (placed.entry.status, placed.entry.batch.completed_calls) == (EntryStatus.COMPLETED, 1)
    assert (len(told.over), told.learned) == (1, {"transcript", "outcome", "duration", "recording"})


def test_who_was_not_reached_is_called_again_unless_it_turns_out_that_they_answered(place: Any, told: Told) -> None:
    placed = place()
    placed.tell(ENDED_AT, cause=NOT_REACHED, ended_at=ENDED_AT)
    [over] = told.over
    assert over.retry_at is not None
    assert over.retry_at >= ENDED_AT + timedelta(hours=2)
    placed.tell(ENDED_AT, cause=cause_of("USER_UNAVAILABLE"), answered=True, answered_at=ANSWERED_AT)
    assert placed.call.outcome == Outcome.ANSWERED
    assert placed.entry.status == EntryStatus.COMPLETED
    assert placed.entry.next_attempt_at is None


def test_what_comes_later_is_passed_on_once(place: Any, told: Told) -> None:
    placed = place("vapi")
    end = Cause("customer-ended-call", Outcome.ANSWERED, Outcome.NO_ANSWER)
    whole = {"cause": end, "answered": True, "answered_at": ANSWERED_AT, "ended_at": ENDED_AT, "duration_seconds": 42}
    placed.tell(ENDED_AT, transcript=WORDS, **whole)
    price = Price(Decimal("0.42"), "USD", {"telephony": Decimal("0.20"), "tts": Decimal("0.22")})
    for _delivery in range(3):
        placed.tell(ENDED_AT, now=ENDED_AT + timedelta(seconds=90), price=price, usage=USED, **whole)
    assert [each.learned for each in told.more] == [{"price", "usage"}]
    assert price_of(placed.placement.facts) == price
    assert len(told.over) == 1


def test_a_call_that_the_carrier_has_no_more_ends_after_the_last_callbacks_would_have_come(
    place: Any, told: Told
) -> None:
    placed = place(agent="")
    placed.tell(ANSWERED_AT, state=CallStatus.ONGOING, answered=True, answered_at=ANSWERED_AT)
    for seconds in (60, 80, 200):
        placed.tell(NOW + timedelta(seconds=seconds), presence=Presence.UNKNOWN)
    assert told.over == []
    placed.tell(NOW + timedelta(seconds=215), presence=Presence.UNKNOWN)
    call = placed.call
    assert (call.outcome, call.cause, call.ended_at) == (Outcome.ANSWERED, "gone", NOW + timedelta(seconds=60))


def test_a_recording_proves_that_the_call_is_over_and_was_answered(place: Any, told: Told) -> None:
    placed = place(agent="")
    placed.tell(NOW, presence=Presence.UNKNOWN, recording=Recording("https://files.example/a.ogg", 30.4))
    call = placed.call
    assert (call.status, call.outcome, call.duration_seconds) == (CallStatus.ENDED, Outcome.ANSWERED, 31)


def test_a_call_that_was_never_placed_waits_again(place: Any, told: Told) -> None:
    placed = place(state=PlacementState.UNKNOWN, placed_at=None, reference="")
    placed.tell(NOW, presence=Presence.NEVER_PLACED)
    placement = placed.placement
    assert (placement.state, placement.due_at, placement.look_at) == (PlacementState.QUEUED, NOW, None)
    assert (placed.call.status, told.over) == (CallStatus.PENDING, [])


@pytest.mark.parametrize("state", [PlacementState.PLACING, PlacementState.SETTLED])
def test_a_look_up_that_comes_late_changes_no_call_that_is_being_placed_or_was_cancelled(
    place: Any, told: Told, state: PlacementState
) -> None:
    placed = place(state=state, placed_at=None, reference="")
    placed.tell(NOW, presence=Presence.NEVER_PLACED)
    assert placed.placement.state == state


def test_a_call_that_rang_is_not_placed_again_whatever_the_carrier_says(place: Any, told: Told) -> None:
    placed = place(state=PlacementState.UNKNOWN, placed_at=None)
    placed.tell(NOW, state=CallStatus.RINGING)
    placed.tell(NOW, presence=Presence.NEVER_PLACED)
    assert (placed.placement.state, placed.call.status) == (PlacementState.PLACED, CallStatus.RINGING)


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"state": PlacementState.QUEUED, "asked_at": None, "placed_at": None}, NOW),
        ({"state": PlacementState.PLACING, "placed_at": None}, NOW),
        ({"state": PlacementState.UNKNOWN, "placed_at": None}, NOW),
        # It waited again, and rings now.
        ({}, NOW - timedelta(seconds=5)),
    ],
)
def test_the_end_of_a_room_in_which_nobody_was_called_is_not_the_end_of_the_call(
    place: Any, told: Told, values: dict[str, Any], at: datetime
) -> None:
    placed = place(**values)
    state = placed.placement.state
    for seconds in (0, 200, 400):
        placed.tell(at, now=NOW + timedelta(seconds=seconds), presence=Presence.UNKNOWN, cause=ROOM_FINISHED)
    assert (placed.placement.state, placed.placement.cause, told.over) == (state, "", [])


def test_nobody_knows_what_became_of_a_call_that_counts_as_an_attempt(place: Any, told: Told) -> None:
    placed = place(state=PlacementState.UNKNOWN, placed_at=None, reference="")
    placed.tell(NOW + timedelta(minutes=1), presence=Presence.UNKNOWN)
    assert placed.placement.state == PlacementState.UNKNOWN
    placed.tell(NOW + timedelta(minutes=13), presence=Presence.UNKNOWN)
    assert (placed.placement.state, placed.call.outcome) == (PlacementState.SETTLED, Outcome.UNKNOWN)
    [over] = told.over
    assert over.retry_at is None


def test_a_text_that_no_table_can_store_loses_no_report(place: Any, told: Told) -> None:
    placed = place(agent="")
    long = tuple(Turn("person", "word " * 4_000, float(number)) for number in range(200))
    placed.tell(ENDED_AT, cause=HUNG_UP, answered=True, answered_at=ANSWERED_AT, transcript=long)
    assert placed.call.status == CallStatus.ENDED
    assert 10 < len(placed.call.transcripts) < 200


def test_a_carrier_is_asked_seldom_while_callbacks_come_and_soon_when_they_stop(
    place: Any, told: Told, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://lad.example"
    placed = place()
    placed.tell(state=CallStatus.RINGING)
    assert placed.waits() == timedelta(seconds=20)
    placed.tell(answered=True, answered_at=NOW)
    assert placed.waits() == timedelta(seconds=45)
    placed.tell(cause=ROOM_FINISHED, answered=True, answered_by=AnsweredBy.HUMAN, transcript=WORDS)
    # The recording is missing.
    assert placed.waits() == timedelta(seconds=15)
    placed.tell(recording=Recording("https://files.example/a.ogg", 3.0))
    assert placed.waits() is None


def test_without_callbacks_the_carrier_is_asked_often(place: Any, told: Told, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    placed = place()
    placed.tell(state=CallStatus.RINGING)
    assert placed.waits() == timedelta(seconds=4)


def test_a_call_without_a_placement_is_followed_too(place: Any, told: Told, tenant: Any) -> None:
    from tests.factories.voice import CallLogFactory
    from tests.voice.helpers import create
    from voice.statuses import Direction

    call = create(tenant, CallLogFactory, direction=Direction.INBOUND)
    placed = Placed(tenant, call.pk)
    tell_all(placed, (1, 2, 3, 4))
    done = placed.call
    assert (done.status, done.outcome, done.duration_seconds) == (CallStatus.ENDED, Outcome.ANSWERED, 42)
    assert [(over.placement, over.outcome) for over in told.over] == [(None, Outcome.ANSWERED)]
    assert len(done.transcripts) == 3
