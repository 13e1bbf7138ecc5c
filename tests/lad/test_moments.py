"""Days and times: what they mean in a zone, and which are refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lad import moments
from lad.api.times import DayField, TimeField
from leads.bookings.serializers import TimesSerializer

IMPOSSIBLE = ["0001-01-01", "9999-12-31", "1899-12-31", "3000-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
MALFORMED = ["999999999-01-01", "2026-13-01", "2026-02-30", "yesterday", "", "2026-11-28T25:00", "1e3"]

# A lookup, what was entered, the zone, and what the column is compared with.
BOUNDS = [
    ("lte", "2026-11-28", "UTC", "lt", "2026-11-29T00:00:00+00:00"),
    ("lt", "2026-11-28", "UTC", "lt", "2026-11-28T00:00:00+00:00"),
    ("gte", "2026-11-28", "UTC", "gte", "2026-11-28T00:00:00+00:00"),
    ("gt", "2026-11-28", "UTC", "gte", "2026-11-29T00:00:00+00:00"),
    ("lte", "2026-11-28", "Asia/Kolkata", "lt", "2026-11-29T00:00:00+05:30"),
    # The day on which the clocks are put back has 25 hours.
    ("lte", "2026-10-25", "Europe/Berlin", "lt", "2026-10-26T00:00:00+01:00"),
    ("gte", "2026-10-25", "Europe/Berlin", "gte", "2026-10-25T00:00:00+02:00"),
    ("lte", "2026-11-28T10:00:00", "Asia/Kolkata", "lte", "2026-11-28T10:00:00+05:30"),
    ("lte", "2026-11-28T10:00:00Z", "Asia/Kolkata", "lte", "2026-11-28T10:00:00+00:00"),
    ("lte", "2999-12-31", "UTC", "lt", "3000-01-01T00:00:00+00:00"),
]


class AnyTime(TimesSerializer):
    at = TimeField()
    day = DayField(required=False)


def read(**body: str) -> Any:
    form = AnyTime(data=body)
    return form.validated_data["at"] if form.is_valid() else form.errors


@pytest.mark.parametrize(("lookup", "text", "zone", "compared", "moment"), BOUNDS)
def test_a_day_as_a_bound_means_all_of_it(lookup: str, text: str, zone: str, compared: str, moment: str) -> None:
    with moments.reading_in(zone):
        found = moments.bound(lookup, moments.read(text))
    assert found == (compared, datetime.fromisoformat(moment))


@pytest.mark.parametrize(("texts", "says"), [(IMPOSSIBLE, moments.IMPOSSIBLE), (MALFORMED, moments.MALFORMED)])
def test_impossible_days_and_times_are_refused_with_a_sentence(texts: list[str], says: str) -> None:
    for text in texts:
        with pytest.raises(ValidationError) as caught:
            moments.read(text)
        assert caught.value.messages == [says], text


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with moments.reading_in("Europe/Berlin"):
        with pytest.raises(ValidationError, match="clocks in Europe/Berlin skip"):
            moments.read("2026-03-29T02:30:00")
        assert moments.read("2026-03-29T03:30:00") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_times_without_an_offset_are_in_the_zone_of_the_body_or_else_in_the_tenants() -> None:
    ten = "2027-03-01T10:00:00"
    assert read(at=ten) == datetime(2027, 3, 1, 10, tzinfo=UTC)
    with moments.reading_in("Europe/Berlin"):
        assert read(at=ten) == datetime(2027, 3, 1, 9, tzinfo=UTC)
        assert read(at=ten, timezone="Asia/Kolkata") == datetime(2027, 3, 1, 4, 30, tzinfo=UTC)
        assert read(at=f"{ten}Z", timezone="Asia/Kolkata") == datetime(2027, 3, 1, 10, tzinfo=UTC)
        for unknown in ("Mars/Base", "../../etc/passwd", "Asia"):
            assert list(read(at=ten, timezone=unknown)) == ["timezone"]
        # The zone of one body is not that of the next.
        assert read(at=ten) == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert moments.reading_zone().key == "UTC"


def test_bodies_refuse_impossible_days_and_times() -> None:
    for text in (*IMPOSSIBLE, *MALFORMED, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        with moments.reading_in("Asia/Kolkata"):
            errors = read(at=text, day=text)
        assert list(errors) == ["at", "day"], text
    assert read(at="2027-03-01T10:00:00", day="2027-03-01") == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert AnyTime().fields["day"].run_validation("2027-03-01") == date(2027, 3, 1)
