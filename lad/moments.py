"""Days and times as people write them: which ones LAD accepts, and in which time zone they are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

# Nothing that LAD keeps is older or further away. Python and PostgreSQL can calculate with all of these years.
EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2999
# In the order of date.weekday().
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
IMPOSSIBLE: Final = f"Enter a date between the years {EARLIEST_YEAR} and {LATEST_YEAR}."
MALFORMED: Final = "Enter a date such as 2030-01-31, or a time such as 2030-01-31T08:00:00Z."

_zone: ContextVar[ZoneInfo | None] = ContextVar("lad_zone", default=None)


def reading_zone() -> ZoneInfo:
    """Return the zone of days and of times without an offset: what the request names, else its tenant's, else UTC."""
    return _zone.get() or ZoneInfo("UTC")


@contextmanager
def reading_in(name: object) -> Iterator[None]:
    """Read times without an offset in the named zone. A name that this machine does not know changes nothing."""
    zone = _zone_or_none(name)
    token = _zone.set(zone) if zone is not None else None
    try:
        yield
    finally:
        if token is not None:
            _zone.reset(token)


def _zone_or_none(name: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else None
    except (KeyError, ValueError, OSError):
        # Not the name of a zone: an unknown key, a path, a directory.
        return None


def is_possible(value: date | datetime) -> bool:
    """Return whether the day or time is one that LAD accepts."""
    return EARLIEST_YEAR <= value.year <= LATEST_YEAR


def validate(value: date | datetime) -> None:
    """Raise ValidationError for a day or time far outside of what LAD keeps. For use as a validator."""
    if not is_possible(value):
        raise ValidationError(IMPOSSIBLE, code="impossible")


def localised(value: datetime) -> datetime:
    """Return the time with an offset. Raise ValidationError if the clocks of its zone skip it."""
    if timezone.is_aware(value):
        return value
    zone = reading_zone()
    moment = value.replace(tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
        raise ValidationError(f"The clocks in {zone.key} skip this time. Choose another one.", code="skipped")
    return moment


def read(text: str) -> date | datetime:
    """Return the day or the time that the text states. Raise ValidationError for anything else."""
    text = text.strip()
    try:
        found = parse_date(text) or parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ValidationError(MALFORMED, code="invalid")
    validate(found)
    return localised(found) if isinstance(found, datetime) else found


def bound(lookup: str, value: date | datetime) -> tuple[str, datetime]:
    """Return the lookup and the time to compare with. A day stands for all of it, in the zone of the request.

    So ``lte`` a day includes its last moment, and ``gt`` a day begins with the next one.
    """
    if isinstance(value, datetime):
        return lookup, value
    if lookup in ("gt", "lte"):
        return {"gt": "gte", "lte": "lt"}[lookup], _start_of(value + timedelta(days=1))
    return lookup, _start_of(value)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), reading_zone())
