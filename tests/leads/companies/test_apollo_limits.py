"""The limiter keeps the directory's three windows, however many call at once, and whatever happens to Valkey."""

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lad.broker import broker
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.errors import DirectoryDown, LimitReached
from leads.companies.apollo.limiter import FLIGHT_SECONDS, Learning, Limiter
from leads.companies.apollo.queries import PeopleQuery
from tests.leads.companies.conftest import Connects, forget_limits
from tests.support.concurrency import run_together
from tests.support.sandbox import Sandbox

ONE = PeopleQuery(per_page=1)
ENDPOINT = "mixed_people/api_search"
PROCESSES, CALLS_EACH = 4, 20
TINY = {"x-rate-limit-minute": "5", "x-rate-limit-hourly": "8", "x-rate-limit-24-hour": ""}


class Clock:
    """The sandbox's time, without asking it for every call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.seconds = sandbox.now().timestamp()

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self._sandbox.advance(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clock(sandbox: Sandbox) -> Clock:
    return Clock(sandbox)


@pytest.fixture
def tiny(directory: Connects) -> DirectoryAccount:
    """An account with 5 calls a minute, 8 an hour and 12 a day."""
    return directory("sandbox-tiny")


def statuses(sandbox: Sandbox) -> list[int]:
    return [entry["status"] for entry in sandbox.log("apollo_call", endpoint=ENDPOINT)]


def calls_until_refused(client: Apollo) -> tuple[int, LimitReached]:
    for made in range(100):
        try:
            client.search_people(ONE)
        except LimitReached as error:
            return made, error
    raise AssertionError("the limit is never reached")


def test_each_window_is_used_up_and_never_exceeded(tiny: DirectoryAccount, sandbox: Sandbox, clock: Clock) -> None:
    client = Apollo(tiny, clock=clock)
    seen = []
    for _ in range(4):
        made, error = calls_until_refused(client)
        wait = error.until.timestamp() - clock()
        seen.append((made, error.window, round(wait)))
        clock.advance(wait)
    # 5 of the minute, then 3 that the hour has left, then 4 that the day has left; a second is for clocks that differ.
    assert seen == [(5, "minute", 61), (3, "hour", 3_540), (4, "day", 82_800), (5, "minute", 61)]
    assert statuses(sandbox) == [200] * 17


def test_threads_that_begin_without_knowing_the_limits_do_not_exceed_them(
    tiny: DirectoryAccount, sandbox: Sandbox, clock: Clock
) -> None:
    client = Apollo(tiny, clock=clock)
    results = run_together(*[lambda: client.search_people(ONE)] * 16)
    refused = [each for each in results if isinstance(each, Exception)]
    assert [type(each) for each in refused] == [LimitReached] * len(refused)
    made, _error = calls_until_refused(client)
    assert len(results) - len(refused) + made == 5
    assert statuses(sandbox) == [200] * 5


def test_processes_share_one_count(directory: Connects, sandbox: Sandbox, clock: Clock) -> None:
    account = directory("sandbox-free")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=call_often, args=(account, clock())) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    calls_until_refused(Apollo(account, clock=clock))
    assert statuses(sandbox) == [200] * 50


def call_often(account: DirectoryAccount, now: float) -> None:
    client = Apollo(account, clock=lambda: now)
    for _ in range(CALLS_EACH):
        try:
            client.search_people(ONE)
        except LimitReached:
            continue


def test_what_others_use_of_the_team_counts(tiny: DirectoryAccount, sandbox: Sandbox, clock: Clock) -> None:
    def elsewhere() -> None:
        sandbox.call("POST", f"/apollo/api/v1/{ENDPOINT}", headers={"x-api-key": tiny.api_key})

    client = Apollo(tiny, clock=clock)
    elsewhere()
    client.search_people(ONE)
    elsewhere()
    client.search_people(ONE)
    # Apollo told that four are used, so one is left.
    assert calls_until_refused(client)[0] == 1
    assert statuses(sandbox) == [200] * 5


def test_a_restart_of_valkey_costs_at_most_one_refusal(tiny: DirectoryAccount, sandbox: Sandbox, clock: Clock) -> None:
    client = Apollo(tiny, clock=clock)
    for _ in range(3):
        client.search_people(ONE)
    forget_limits()
    assert calls_until_refused(client)[0] == 2
    assert statuses(sandbox) == [200] * 5
    forget_limits()
    clock.advance(20)
    results = run_together(*[lambda: client.search_people(ONE)] * 8)
    # One of them finds out, and learns when the window ends.
    assert {type(each) for each in results} == {LimitReached}
    assert statuses(sandbox).count(429) == 1
    assert {round(each.until.timestamp() - clock()) for each in results} == {41}
    clock.advance(41)
    assert calls_until_refused(client)[0] == 3
    assert statuses(sandbox).count(429) == 1


def test_a_refusal_is_waited_for(directory: Connects, sandbox: Sandbox, clock: Clock) -> None:
    client = Apollo(directory(), clock=clock)
    client.search_people(ONE)
    sandbox.fault("answer", protocol="apollo", stage="SEARCH", code=429, seconds=30)
    for _ in range(3):
        with pytest.raises(LimitReached) as reached:
            client.search_people(ONE)
        assert round(reached.value.until.timestamp() - clock(), 2) == 30
    assert statuses(sandbox) == [200, 429]
    clock.advance(31)
    client.search_people(ONE)


def test_each_endpoint_and_each_team_has_limits_of_its_own(directory: Connects, sandbox: Sandbox, clock: Clock) -> None:
    first, same, other = directory("sandbox-tiny"), directory("sandbox-tiny"), directory("sandbox-tiny-2")
    assert calls_until_refused(Apollo(first, clock=clock))[0] == 5
    # Two accounts with one key are one team.
    assert calls_until_refused(Apollo(same, clock=clock))[0] == 0
    assert calls_until_refused(Apollo(other, clock=clock))[0] == 5
    assert Apollo(first, clock=clock).match("0" * 24).person is None
    assert 429 not in statuses(sandbox)


def test_without_valkey_nothing_is_called(tiny: DirectoryAccount, sandbox: Sandbox, settings: Any, no_broker) -> None:
    with pytest.raises(DirectoryDown, match="cannot count"):
        Apollo(tiny).search_people(ONE)
    assert statuses(sandbox) == []


@pytest.fixture
def no_broker(tiny: DirectoryAccount, settings: Any, restored_broker: None) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    broker.cache_clear()


def test_an_answer_is_not_lost_with_valkey(
    directory: Connects, sandbox: Sandbox, clock: Clock, settings: Any, restored_broker: None
) -> None:
    account = directory()
    [someone] = Apollo(account, clock=clock).search_people(ONE).people
    asked = []

    def and_valkey_stops_after_the_first_look() -> float:
        if asked:
            settings.REDIS_URL = "redis://127.0.0.1:1/0"
            broker.cache_clear()
        asked.append(clock())
        return clock()

    told = Apollo(account, clock=and_valkey_stops_after_the_first_look).match(someone.id)
    assert (told.person is not None, len(asked)) == (True, 2)


@pytest.fixture
def restored_broker() -> Iterator[None]:
    yield
    broker.cache_clear()


class Steps:
    """A limiter whose time the test moves, with three calls made."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.limiter = Limiter("team", "endpoint", lambda: self.now)

    def call(self, use: int) -> None:
        self.limiter.learn(self.limiter.reserve(), told(use))

    def left(self) -> int:
        places = []
        try:
            while True:
                places.append(self.limiter.reserve())
        except LimitReached:
            pass
        for place in places:
            self.limiter.forget(place, counted=False)
        return len(places)


@pytest.fixture
def steps() -> Steps:
    forget_limits()
    made = Steps()
    made.call(1)
    return made


def told(use: int) -> dict[str, str]:
    return {**TINY, "x-minute-usage": str(use), "x-hourly-usage": str(use)}


def died(steps: Steps) -> None:
    steps.limiter.reserve()


def died_long_ago(steps: Steps) -> None:
    steps.limiter.reserve()
    steps.now += FLIGHT_SECONDS + 1
    # The minute of the first call is over; the lost one may have come as late as now.
    assert steps.left() == 4


def lost(steps: Steps) -> None:
    steps.limiter.forget(steps.limiter.reserve(), counted=True)


def never_arrived(steps: Steps) -> None:
    steps.limiter.forget(steps.limiter.reserve(), counted=False)


def out_of_order(steps: Steps) -> None:
    second, third = steps.limiter.reserve(), steps.limiter.reserve()
    steps.limiter.learn(third, told(3))
    steps.limiter.learn(second, told(2))


def new_window(steps: Steps) -> None:
    steps.call(2)
    steps.call(3)
    # It began after three were known, and tells one: Apollo has opened a new window.
    steps.now += 30
    steps.call(1)


def minute_over(steps: Steps) -> None:
    steps.now += 61.5


def headers_without_use(steps: Steps) -> None:
    steps.limiter.learn(steps.limiter.reserve(), {"x-rate-limit-minute": "5", "x-minute-requests-left": "2"})


def no_headers(steps: Steps) -> None:
    steps.limiter.learn(steps.limiter.reserve(), {})


@pytest.mark.parametrize(
    ("happens", "left"),
    [
        (died, 3),
        (died_long_ago, 4),
        (lost, 3),
        (never_arrived, 4),
        (out_of_order, 2),
        (new_window, 4),
        (minute_over, 5),
        (headers_without_use, 2),
        (no_headers, 3),
    ],
)
def test_how_many_calls_are_left(steps: Steps, happens: Callable[[Steps], None], left: int) -> None:
    assert steps.left() == 4
    happens(steps)
    assert steps.left() == left


def test_an_answer_without_limits_leaves_them_unknown() -> None:
    forget_limits()
    limiter = Limiter("team", "endpoint", lambda: 1_800_000_000.0)
    for headers in ({}, told(1)):
        place = limiter.reserve()
        with pytest.raises(Learning):
            limiter.reserve()
        limiter.learn(place, headers)
    assert limiter.reserve() != limiter.reserve()
