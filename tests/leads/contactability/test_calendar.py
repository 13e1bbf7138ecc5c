"""Opening hours through clock changes, over several zones and on days that never open."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from leads.contactability.calendar import HORIZON, Hours, add_working_days, next_allowed, shows, start_of_day

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
# When each zone sets its clock forward and back. Havana changes at midnight, Lord Howe by half an hour.
CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Sydney": (date(2026, 10, 4), date(2026, 4, 5)),
    "Australia/Lord_Howe": (date(2026, 10, 4), date(2026, 4, 5)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
}
STEP = timedelta(minutes=5)
SAMPLES = 40


def by_the_clock(hours: Hours, at: datetime) -> bool:
    """Whether the zone's clock shows an open time: written another way than the code."""
    local = at.astimezone(hours.zone)
    if local.weekday() not in hours.days or local.date() in hours.closed:
        return False
    minute, start = local.hour * 60 + local.minute, hours.start.hour * 60 + hours.start.minute
    end = hours.end.hour * 60 + hours.end.minute or 24 * 60
    return start <= minute < end if start < end else minute >= start or minute < end


def samples(zone: str, change: date) -> Iterator[tuple[datetime, Hours]]:
    """Moments around the change, and hours that begin or end close to it."""
    chosen = Random(f"{zone} {change}")
    for _each in range(SAMPLES):
        minutes = [5 * chosen.randrange(0, 60), 5 * chosen.randrange(1, 24 * 12)]
        start, end = (time(each // 60, each % 60) for each in minutes)
        at = datetime(change.year, change.month, change.day, tzinfo=UTC) + STEP * chosen.randrange(-300, 300)
        if start != end:
            days = frozenset(chosen.sample(range(7), 6))
            yield at, Hours(ZoneInfo(zone), start, end, days, frozenset([change + timedelta(days=2)]))


@pytest.mark.parametrize("zone", CHANGES)
def test_around_clock_changes_the_first_open_moment_is_found(zone: str) -> None:
    tried = 0
    for change in CHANGES[zone]:
        before, after = (start_of_day(change + timedelta(days=each), ZoneInfo(zone)) for each in (-1, 2))
        assert before.astimezone(ZoneInfo(zone)).utcoffset() != after.astimezone(ZoneInfo(zone)).utcoffset()
        for at, hours in samples(zone, change):
            found = next_allowed(at, hours)
            assert found is not None
            assert by_the_clock(hours, found), (at, hours, found)
            passed = at
            while passed < found:
                assert not by_the_clock(hours, passed), (at, hours, passed, found)
                passed += STEP
            tried += 1
    assert tried >= SAMPLES


@pytest.mark.parametrize(
    ("at", "start", "end", "expected"),
    [
        # 02:00 to 03:00 does not exist: hours inside it open on the next day, hours that reach over it open after it.
        ("2026-03-29T00:30Z", time(2), time(3), "2026-03-30T00:00Z"),
        ("2026-03-29T00:30Z", time(2, 30), time(4), "2026-03-29T01:00Z"),
        # 02:00 to 03:00 is there twice.
        ("2026-10-25T00:45Z", time(2, 15), time(2, 30), "2026-10-25T01:15Z"),
        ("2026-10-25T00:30Z", time(0), time(2, 30), "2026-10-25T01:00Z"),
        # An end at midnight is the end of the day; an end before the start goes over midnight.
        ("2026-06-01T21:59Z", time(9), time(0), "2026-06-01T21:59Z"),
        ("2026-06-01T22:00Z", time(9), time(0), "2026-06-02T07:00Z"),
        ("2026-06-01T04:00Z", time(22), time(6), "2026-06-01T20:00Z"),
    ],
)
def test_hours_in_berlin(at: str, start: time, end: time, expected: str) -> None:
    assert next_allowed(datetime.fromisoformat(at), Hours(BERLIN, start, end)) == datetime.fromisoformat(expected)


def test_all_hours_must_be_open_at_the_same_moment() -> None:
    at = datetime(2026, 6, 1, 6, tzinfo=UTC)
    here, there = Hours(BERLIN, time(9), time(17)), Hours(NEW_YORK, time(9), time(17))
    assert next_allowed(at, here, there) == datetime(2026, 6, 1, 13, tzinfo=UTC)


def test_hours_that_never_meet_have_no_moment() -> None:
    at = datetime(2026, 6, 1, 6, tzinfo=UTC)
    here, there = Hours(BERLIN, time(9), time(10)), Hours(NEW_YORK, time(9), time(10))
    assert next_allowed(at, here, there) is None


def test_four_hundred_closed_days_have_no_moment_and_one_fewer_has() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    days = [at.date() + timedelta(days=each) for each in range(-1, HORIZON.days + 2)]
    assert next_allowed(at, Hours(BERLIN, closed=frozenset(days))) is None
    assert next_allowed(at, Hours(BERLIN, days=frozenset())) is None
    open_again = next_allowed(at, Hours(BERLIN, closed=frozenset(days[: HORIZON.days])))
    assert open_again == start_of_day(days[HORIZON.days], BERLIN)


def test_a_day_that_a_country_left_out_is_not_open() -> None:
    """Samoa went from 29 to 31 December 2011."""
    at = datetime(2011, 12, 30, 9, 55, tzinfo=UTC)
    found = next_allowed(at, Hours(ZoneInfo("Pacific/Apia"), days=frozenset([4])))
    assert found is not None
    assert found.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2012, 1, 6)


def test_a_time_that_is_shown_twice_or_never() -> None:
    assert len(shows(date(2026, 10, 25), time(2, 30), BERLIN)) == 2
    assert shows(date(2026, 3, 29), time(2, 30), BERLIN) == (datetime(2026, 3, 29, 1, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("at", "days", "holidays", "expected"),
    [
        ("2026-06-05T08:30Z", 1, (), "2026-06-08T08:30Z"),  # Friday to Monday
        ("2026-06-06T08:30Z", 1, (), "2026-06-08T08:30Z"),  # Saturday to Monday
        ("2026-06-05T08:30Z", 3, (date(2026, 6, 9),), "2026-06-11T08:30Z"),
        ("2026-03-27T08:00Z", 1, (), "2026-03-30T07:00Z"),  # the clock changed over the weekend
        ("2026-06-06T08:30Z", 0, (), "2026-06-06T08:30Z"),
    ],
)
def test_working_days_are_counted(at: str, days: int, holidays: tuple[date, ...], expected: str) -> None:
    found = add_working_days(datetime.fromisoformat(at), days, BERLIN, holidays=holidays)
    assert found == datetime.fromisoformat(expected)


def test_without_working_days_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="no working day"):
        add_working_days(datetime(2026, 6, 1, tzinfo=UTC), 1, BERLIN, working=frozenset())
