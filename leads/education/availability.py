"""The hours of counsellors: time windows for each weekday, and exceptions for single dates."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final

from django.core.exceptions import ValidationError

from lad.moments import WEEKDAYS

# Availability rules as a counsellor's row stores them.
Rules = Mapping[str, Any]

MAX_WINDOWS: Final = 12
MAX_EXCEPTIONS: Final = 366

_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_END: Final = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_WINDOWS: Final = {
    "type": "array",
    "maxItems": MAX_WINDOWS,
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
            "maxItems": MAX_EXCEPTIONS,
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


def validate(rules: Rules) -> None:
    """Check what the JSON Schema cannot: windows end after they start and do not overlap, dates exist and are unique.

    Raises ValidationError. Ignores rules that do not match the schema, because that reports them.
    """
    try:
        faults = [*_faults(rules)]
    except (AttributeError, KeyError, TypeError):
        return
    if faults:
        raise ValidationError(faults, code="availability")


def windows_of(rules: Rules, weekday: str) -> list[tuple[str, str]]:
    """Return the windows of a weekday, in order."""
    return sorted((each["start"], each["end"]) for each in rules.get("weekly", {}).get(weekday, ()))


def windows_on(rules: Rules, day: date) -> list[tuple[str, str]]:
    """Return the windows of one date: those of its exception if it has one, else those of its weekday."""
    for exception in rules.get("exceptions", ()):
        if exception["date"] == day.isoformat():
            return sorted((each["start"], each["end"]) for each in exception["windows"])
    return windows_of(rules, WEEKDAYS[day.weekday()])


def weekly_minutes(rules: Rules) -> int:
    """Return the open minutes of a week without exceptions."""
    return sum(_minutes(end) - _minutes(start) for day in WEEKDAYS for start, end in windows_of(rules, day))


def _faults(rules: Rules) -> Iterator[str]:
    for weekday, windows in rules.get("weekly", {}).items():
        yield from _window_faults(f"weekly.{weekday}", windows)
    seen = set()
    for exception in rules.get("exceptions", ()):
        day = exception["date"]
        if day in seen:
            yield f"{day} has two exceptions. Join them into one."
        seen.add(day)
        if not _is_date(day):
            yield f"{day} is not a date."
        yield from _window_faults(day, exception["windows"])


def _window_faults(where: str, windows: Iterable[Mapping[str, str]]) -> Iterator[str]:
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
