"""Days and times as people name them, before they are moments of a calendar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was named. ``kind`` says how ``number`` and ``month`` are meant."""

    kind: str
    number: float = 0
    month: int = 0
    year: int = 0
    # "after the 14th", "not before Monday".
    after: bool = False
    # "Friday in a week".
    weeks: int = 0


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day as it was named: an hour with minutes, a part of the day, or minutes from now."""

    hour: int = -1
    minute: int = 0
    # morning, noon, afternoon, evening, night, or am and pm.
    part: str = ""
    # Seconds are never said; minutes from the call's start are.
    minutes_from_now: float = -1
    # Written with minutes or with a word for the clock of 24 hours.
    exact: bool = False
    before: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """One statement of a day, a time, or both, and the words that say it."""

    day: Day | None
    hour: Hour | None
    first: int
    last: int
    # What was said about the past, such as "last Tuesday" or "two weeks ago".
    past: bool = False
    # A number that is an hour only where one is expected.
    bare: bool = False
