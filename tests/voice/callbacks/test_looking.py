"""Calls whose callbacks never come are looked up, and nothing is asked in vain."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context
from tests.voice.callbacks.conftest import PERSON, Line
from voice.analysis.models import CallAnalysisRequest
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer import looking
from voice.dialer.facts import price_of, recording_of
from voice.dialer.models import CallPlacement, PlacementState
from voice.statuses import CallStatus

pytestmark = pytest.mark.django_db

PROTOCOLS = ("livekit", "vapi")


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that looks so long after the calls were asked for."""

    def run(after: timedelta = timedelta()) -> int:
        now = timezone.now() + after
        monkeypatch.setattr(looking.timezone, "now", lambda: now)
        with platform_context():
            CallPlacement.objects.filter(look_at__isnull=False).update(look_at=now - timedelta(days=1))
            assert looking.has_work() == CallPlacement.objects.filter(look_at__isnull=False).exists()
        looked = looking.look_due()
        monkeypatch.undo()
        return looked

    return run


def waiting(at: Line, call: CallLog, **values: Any) -> None:
    with platform_context():
        CallPlacement.objects.filter(call_log=call.pk).update(look_at=timezone.now(), **values)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_conversation_whose_callbacks_are_lost_is_recorded_as_it_was(line: Any, look: Any, protocol: str) -> None:
    at = line(protocol)
    call = at.call("answers")
    waiting(at, call)
    at.sandbox.advance(seconds=20)
    assert look() == 1
    assert at.finished(call).status == CallStatus.ONGOING
    at.sandbox.advance(minutes=1)
    look()
    look(timedelta(seconds=25))
    done, real = at.finished(call), at.real(call)
    assert (done.status, done.outcome) == (CallStatus.ENDED, Outcome.ANSWERED)
    assert abs(done.duration_seconds - real["seconds"]) < 1.01
    assert recording_of(at.placement(call).facts) is not None
    at.sandbox.advance(minutes=3)
    look(timedelta(minutes=3))
    if protocol == "vapi":
        price = price_of(at.placement(call).facts)
        assert price is not None
        assert float(price.amount) == real["price"]["total"] if real["price"] else at.real(call)["price"]["total"]
        assert len(done.transcripts) == len(real["transcript"])
    assert at.placement(call).look_at is None
    assert look() == 0
    with platform_context():
        assert CallAnalysisRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("protocol", "outcome", "status"),
    # LiveKit says why nobody answered in a callback only.
    [("livekit", Outcome.UNKNOWN, CallStatus.FAILED), ("vapi", Outcome.NO_ANSWER, CallStatus.DECLINED)],
)
def test_who_did_not_answer(line: Any, look: Any, protocol: str, outcome: Outcome, status: CallStatus) -> None:
    at = line(protocol)
    call = at.call("no_answer")
    waiting(at, call)
    at.sandbox.advance(minutes=2)
    look()
    look(timedelta(minutes=3))
    assert (at.finished(call).outcome, at.finished(call).status) == (outcome, status)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_of_which_nobody_knew_whether_it_was_placed_is_found(line: Any, look: Any, protocol: str) -> None:
    at = line(protocol)
    call = at.call("answers", state=PlacementState.UNKNOWN)
    waiting(at, call, reference="", placed_at=None, asked_at=timezone.now())
    at.sandbox.clock(now=timezone.now().timestamp())
    at.sandbox.advance(seconds=20)
    assert look() == 1
    assert (at.placement(call).state, at.finished(call).status) == (PlacementState.PLACED, CallStatus.ONGOING)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_that_was_certainly_not_placed_waits_again(line: Any, look: Any, protocol: str, tenant: Any) -> None:
    from tests.factories.voice import CallLogFactory, CallPlacementFactory
    from tests.voice.helpers import create

    at = line(protocol)
    call = create(tenant, CallLogFactory, from_number=at.number)
    asked = timezone.now() - timedelta(minutes=2)
    values = {"state": PlacementState.UNKNOWN, "asked_at": asked, "look_at": asked, "carrier_account": at.account}
    create(tenant, CallPlacementFactory, call_log=call, **values)
    assert look() == 1
    assert (at.placement(call).state, at.finished(call).status) == (PlacementState.QUEUED, CallStatus.PENDING)


def test_a_carrier_that_is_down_is_asked_again_soon_and_ends_nothing(line: Any, look: Any) -> None:
    at = line("vapi")
    first, second = at.call("answers"), at.call("answers", to="+442079460501")
    for call in (first, second):
        waiting(at, call)
    at.sandbox.fault("answer", protocol="vapi", stage="LOOK_UP", code=503, times=None)
    at.sandbox.advance(minutes=2)
    asked = len(at.sandbox.log("voice_request", request="get"))
    assert look() == 2
    for call in (first, second):
        assert at.finished(call).status == CallStatus.PENDING
        look_at = at.placement(call).look_at
        assert look_at is not None
        assert look_at < timezone.now() + timedelta(seconds=31)
    assert len(at.sandbox.log("voice_request", request="get")) > asked
    at.sandbox.clear_faults()
    look()
    assert [at.finished(call).status for call in (first, second)] == [CallStatus.ENDED] * 2


def test_a_carrier_that_never_answers_holds_no_line_for_ever(line: Any, look: Any) -> None:
    at = line("vapi")
    call = at.call("answers")
    waiting(at, call, asked_at=timezone.now())
    at.sandbox.fault("answer", protocol="vapi", stage="LOOK_UP", code=503, times=None)
    look(timedelta(hours=3))
    assert at.placement(call).state == PlacementState.PLACED
    look(timedelta(hours=5))
    look(timedelta(hours=6))
    assert (at.placement(call).state, at.finished(call).outcome) == (PlacementState.SETTLED, Outcome.UNKNOWN)


def test_the_words_of_an_answered_call_are_waited_for_two_minutes(line: Any, look: Any) -> None:
    at = line("livekit")
    call = at.call("answers")
    waiting(at, call)
    at.sandbox.advance(minutes=2)
    at.deliver([each for each in at.new() if b"agent_report" not in each.body])
    look(timedelta(seconds=30))
    assert at.finished(call).status == CallStatus.ENDED
    with platform_context():
        assert not CallAnalysisRequest.objects.exists()
    look(timedelta(minutes=3))
    with platform_context():
        assert CallAnalysisRequest.objects.count() == 1


def test_what_is_being_placed_is_left_to_whoever_places_it(line: Any, look: Any) -> None:
    at = line("vapi")
    call = at.call("answers", state=PlacementState.PLACING, placed_at=None)
    waiting(at, call)
    assert looking.look_due() == 0
    assert at.placement(call).state == PlacementState.PLACING


def test_a_call_that_nobody_would_ask_about_is_asked_about(line: Any) -> None:
    at = line("vapi")
    call = at.call("busy", to=PERSON)
    at.sandbox.advance(minutes=2)
    with platform_context():
        CallPlacement.objects.filter(call_log=call.pk).update(look_at=None, asked_at=timezone.now())
        assert not looking.has_work()
        CallPlacement.objects.filter(call_log=call.pk).update(asked_at=timezone.now() - timedelta(minutes=11))
    assert looking.look_due() == 1
    assert at.finished(call).outcome == Outcome.BUSY
