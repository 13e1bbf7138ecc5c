"""Names of time zones: aliases stand for the name that they are stored under."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from lad import timezones

ROOT = Path(__file__).resolve().parents[2]
CANONICAL = {
    "Asia/Calcutta": "Asia/Kolkata",
    "Europe/Kiev": "Europe/Kyiv",
    "asia/calcutta": "Asia/Kolkata",
    " Asia/Dubai ": "Asia/Dubai",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "US/Eastern": "America/New_York",
    "EST5EDT": "America/New_York",
    "GB": "Europe/London",
    "Singapore": "Asia/Singapore",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Truk": "Pacific/Chuuk",
    "Etc/UTC": "UTC",
    "Zulu": "UTC",
    "UTC": "UTC",
    # Places whose rules the database has merged with another's keep their own names.
    "Europe/Stockholm": "Europe/Stockholm",
    "Asia/Muscat": "Asia/Muscat",
    "Africa/Accra": "Africa/Accra",
}


def test_an_alias_is_stored_as_the_name_it_stands_for() -> None:
    assert {name: timezones.canonical(name) for name in CANONICAL} == CANONICAL


def test_a_canonical_name_stays_and_every_name_has_one() -> None:
    names = timezones.names()
    assert len(names) > 500
    assert {timezones.canonical(timezones.canonical(name)) for name in names} <= names
    for name in names:
        assert timezones.canonical(timezones.canonical(name)) == timezones.canonical(name)


@pytest.mark.parametrize("name", ["", "GST", "Asia/Nowhere", "../../etc/passwd", "Factory", "localtime", "posix/UTC"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="not a time zone"):
        timezones.canonical(name)


def test_the_database_of_time_zones_is_locked_for_every_platform() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        [line] = [line for line in (ROOT / lock).read_text().splitlines() if line.startswith("tzdata==")]
        assert "sys_platform" not in line
