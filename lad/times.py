"""Times as people read them, in the current time zone: in the admin that of the person, elsewhere UTC."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
DATE: Final = "%-d %b %Y"
DATE_AND_TIME: Final = f"{DATE}, %H:%M"
DATE_AND_SECONDS: Final = f"{DATE_AND_TIME}:%S"
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
# Up to this many seconds hours are counted across midnight.
_FEW_HOURS: Final = 6 * _HOUR
# Days in a month.
_MONTH: Final = 31


def in_zone(name: str) -> AbstractContextManager[None]:
    """Make the zone of this name the current one. An empty or unknown name changes nothing."""
    zone = _zone(name)
    return timezone.override(zone) if zone is not None else nullcontext()


def here(moment: datetime) -> datetime:
    """Return the moment in the current zone."""
    return timezone.localtime(moment)


def written(moment: datetime, form: str = DATE_AND_TIME) -> str:
    """Return the moment in the current zone, with the zone: “28 Nov 2026, 12:30 CET”, or “… UTC+4”."""
    local = here(moment)
    short = local.tzname() or ""
    return f"{local:{form}} {short if short.isalpha() else _offset(local)}"


def day(moment: datetime) -> str:
    """Return the moment's day in the current zone, without line breaks."""
    return f"{here(moment):{DATE}}".replace(" ", NO_BREAK)


def ago(moment: datetime, now: datetime) -> str:
    """Return how far a moment is from now, as people say it: “5 minutes ago”, “yesterday”, “in 3 days”.

    Days are those of the current zone. What is more than a month away is a day: “3 Mar 2026”.
    """
    seconds = (now - moment).total_seconds()
    between = (here(now).date() - here(moment).date()).days
    if abs(seconds) < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    if abs(seconds) < _HOUR:
        return _distance(int(abs(seconds) // _MINUTE), "minute", past=seconds > 0)
    if between == 0 or abs(seconds) < _FEW_HOURS:
        return _distance(int(abs(seconds) // _HOUR), "hour", past=seconds > 0)
    if abs(between) == 1:
        return "yesterday" if between > 0 else "tomorrow"
    if abs(between) <= _MONTH:
        return _distance(abs(between), "day", past=between > 0)
    return day(moment)


def days(start: datetime, end: datetime) -> str:
    """Return the days of a period in the current zone, without line breaks. ``end`` is after the last one."""
    first, last = here(start), here(max(start, end - timedelta(microseconds=1)))
    if first.date() == last.date():
        return day(start)
    if (first.year, first.month) == (last.year, last.month):
        begins = f"{first:%-d}–"
    else:
        begins = f"{first:%-d %b} – " if first.year == last.year else f"{first:{DATE}} – "
    return f"{begins}{last:{DATE}}".replace(" ", NO_BREAK)


def iso_day(moment: datetime | None) -> str:
    """Return the moment's day in the current zone as 2026-11-28, or an empty string for None."""
    return f"{here(moment):%Y-%m-%d}" if moment is not None else ""


def zone_title() -> str:
    """Return the current zone as people say it: “Dubai time”, or “UTC”."""
    return _title(str(timezone.get_current_timezone()))


def zone_name() -> str:
    """Return the current zone with its present distance from UTC: “Asia/Dubai, UTC+4”, or “UTC”."""
    name = str(timezone.get_current_timezone())
    return name if name == "UTC" else f"{name.replace('_', ' ')}, {_offset(here(timezone.now()))}"


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


@lru_cache(maxsize=128)
def _title(name: str) -> str:
    area, _, place = name.rpartition("/")
    return f"{place.replace('_', ' ')} time" if area and area != "Etc" else name


def _distance(number: int, unit: str, *, past: bool) -> str:
    words = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{words} ago" if past else f"in {words}"


def _offset(moment: datetime) -> str:
    """Return the distance from UTC: “UTC+5:30”."""
    passed = moment.utcoffset()
    minutes = int(passed.total_seconds()) // 60 if passed is not None else 0
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{MINUS if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"
