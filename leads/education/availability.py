"""When a counsellor receives people: windows per weekday, and dates that differ from them."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final

from django.core.exceptions import ValidationError

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_WINDOWS: Final = 12
MOST_EXCEPTIONS: Final = 366

_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_END: Final = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_WINDOWS: Final = {
    "type": "array",
    "maxItems": MOST_WINDOWS,
    "items": {
        "type": "object",
        "required": ["start", "end"],
        "properties": {"start": {"type": "string", "pattern": _TIME}, "end": {"type": "string", "pattern": _END}},
        "additionalProperties": False,
    },
}
RULES: Final = {
    "type": "object",
    "properties": {
        "weekly": {
            "type": "object",
            "properties": dict.fromkeys(WEEKDAYS, _WINDOWS),
            "additionalProperties": False,
        },
        "exceptions": {
            "type": "array",
            "maxItems": MOST_EXCEPTIONS,
            "items": {
                "type": "object",
                "required": ["date", "windows"],
                "properties": {
                    "date": {"type": "string", "pattern": _DATE},
                    "windows": _WINDOWS,
                    "reason": {"type": "string", "maxLength": 200},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def validate(rules: Any) -> None:
    """What the shape cannot say: windows end after they start and do not overlap, dates exist and stand once.

    Raises ValidationError. Rules of another shape are passed over; the shape refuses them.
    """
    try:
        faults = [*_faults(rules)]
    except (AttributeError, KeyError, TypeError):
        return
    if faults:
        raise ValidationError(faults, code="availability")


def windows_of(rules: Mapping[str, Any], weekday: str) -> list[tuple[str, str]]:
    """The windows of a weekday, in order."""
    return sorted((each["start"], each["end"]) for each in rules.get("weekly", {}).get(weekday, ()))


def windows_on(rules: Mapping[str, Any], day: date) -> list[tuple[str, str]]:
    """The windows of one date: its exception's where there is one, else its weekday's."""
    for exception in rules.get("exceptions", ()):
        if exception["date"] == day.isoformat():
            return sorted((each["start"], each["end"]) for each in exception["windows"])
    return windows_of(rules, WEEKDAYS[day.weekday()])


def weekly_minutes(rules: Mapping[str, Any]) -> int:
    """How many minutes a usual week has room for."""
    return sum(_minutes(end) - _minutes(start) for day in WEEKDAYS for start, end in windows_of(rules, day))


def _faults(rules: Any) -> Iterator[str]:
    for weekday, windows in rules.get("weekly", {}).items():
        yield from _window_faults(f"weekly.{weekday}", windows)
    seen = set()
    for exception in rules.get("exceptions", ()):
        day = exception["date"]
        if day in seen:
            yield f"{day} stands twice among the exceptions: join its windows."
        seen.add(day)
        if not _is_date(day):
            yield f"{day} is not a date."
        yield from _window_faults(day, exception["windows"])


def _window_faults(where: str, windows: Any) -> Iterator[str]:
    ordered = sorted((each["start"], each["end"]) for each in windows)
    for start, end in ordered:
        if end <= start:
            yield f"{where}: {start}–{end} ends before it starts."
    for (_, end), (start, _) in pairwise(ordered):
        if start < end:
            yield f"{where}: windows overlap at {start}."


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
