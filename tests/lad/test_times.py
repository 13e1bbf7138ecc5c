"""Times in the zone of a person, without a database."""

from datetime import UTC, datetime

import pytest

from lad import times

WINTER = datetime(2026, 11, 28, 20, 45, tzinfo=UTC)

CASES = [
    ("", "28 Nov 2026, 20:45 UTC", "UTC"),
    ("Nowhere/Atlantis", "28 Nov 2026, 20:45 UTC", "UTC"),
    ("Asia/Kolkata", "29 Nov 2026, 02:15 IST", "Kolkata time"),
    ("Asia/Dubai", "29 Nov 2026, 00:45 UTC+4", "Dubai time"),
    ("Europe/Berlin", "28 Nov 2026, 21:45 CET", "Berlin time"),
    ("America/Argentina/Buenos_Aires", "28 Nov 2026, 17:45 UTC−3", "Buenos Aires time"),
    ("Asia/Kathmandu", "29 Nov 2026, 02:30 UTC+5:45", "Kathmandu time"),
    ("Etc/GMT+5", "28 Nov 2026, 15:45 UTC−5", "Etc/GMT+5"),
]


@pytest.mark.parametrize(("zone", "written", "title"), CASES)
def test_a_moment_is_written_in_the_zone_with_its_name(zone: str, written: str, title: str):
    with times.in_zone(zone):
        assert times.written(WINTER) == written
        assert times.zone_title() == title
        assert times.day(WINTER) == written.partition(",")[0].replace(" ", times.NO_BREAK)
    assert times.written(WINTER) == CASES[0][1]


def test_a_zone_is_named_with_its_present_distance_from_utc():
    with times.in_zone("Asia/Kolkata"):
        assert times.zone_name() == "Asia/Kolkata, UTC+5:30"
    assert times.zone_name() == "UTC"


PERIODS = [
    ((2026, 10, 1), (2026, 11, 1), "1–31 Oct 2026"),
    ((2026, 10, 15), (2026, 11, 2), "15 Oct – 1 Nov 2026"),
    ((2026, 12, 1), (2027, 1, 2), "1 Dec 2026 – 1 Jan 2027"),
    ((2026, 12, 1), (2026, 12, 1), "1 Dec 2026"),
]


@pytest.mark.parametrize(("start", "end", "days"), PERIODS)
def test_a_period_is_written_as_its_days(start: tuple[int, int, int], end: tuple[int, int, int], days: str):
    begins, ends = datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC)
    assert times.days(begins, ends) == days.replace(" ", times.NO_BREAK)
