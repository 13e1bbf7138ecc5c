"""Find days and times in what was said: "Tuesday at three", "in zwei Wochen", "à partir du 14".

A statement is made of parts: a span, a day or an hour, each read by rules of its own, which are joined where they
belong together.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from voice.analysis.reading.days import Days
from voice.analysis.reading.hours import Hours
from voice.analysis.reading.parts import Found, Part, Rules
from voice.analysis.reading.spans import Spans
from voice.analysis.reading.time_words import Symbol, symbols
from voice.analysis.reading.times import Day, Hour, When
from voice.analysis.reading.words import Turn

# Components that are further apart than this are two statements.
MAX_GAP: Final = 3
# Statements that are looked at in one turn.
MAX_STATEMENTS: Final = 20
# The days from which on it is "after the weekend", "after New Year" and "after Christmas".
DAYS_AFTER: Final = {"WEEKEND": Day("next_week"), "NEWYEAR": Day("date", 2, 1), "CHRISTMAS": Day("date", 27, 12)}


def find(turn: Turn, language: str, *, month_first: bool = False) -> list[When]:
    """Return the statements of days and times in a turn, in the order of the words."""
    return _Grammar(symbols(turn, language), language, month_first=month_first).statements()[:MAX_STATEMENTS]


class _Grammar(Rules):
    """Reads symbols from left to right."""

    def __init__(self, given: Sequence[Symbol], language: str, *, month_first: bool) -> None:
        super().__init__(given, language, month_first=month_first)
        self.spans, self.hours = Spans(given, language), Hours(given, language)
        self.days = Days(given, language, month_first=month_first)
        self.firsts = [each.first for each in given]

    def statements(self) -> list[When]:
        """Return the parts, joined where a day and a time belong together."""
        found: list[When] = []
        for part in self._parts():
            last = found[-1] if found else None
            if last is not None and self._belongs(last, part):
                found[-1] = When(last.day or part.day, _joined(last.hour, part.hour), last.first, part.last, last.past)
            else:
                found.append(When(part.day, part.hour, part.first, part.last, part.past, part.bare))
        return found

    def _belongs(self, one: When, part: Part) -> bool:
        between = self.symbols[bisect_left(self.firsts, one.last) : bisect_left(self.firsts, part.first)]
        if len(between) > MAX_GAP or any(each.name in (".", "?", "OR", "NOT") for each in between):
            return False
        if part.past or one.past or (between and (part.bare or one.bare)):
            return False
        if part.day is not None and one.day is not None:
            return False
        if part.hour is not None and one.hour is not None:
            return not between and _joined(one.hour, part.hour) is not one.hour
        return True

    def _parts(self) -> list[Part]:
        found: list[Part] = []
        place = 0
        while place < len(self.symbols):
            part, length = self._at(place)
            if part is not None:
                found.append(part)
            place += max(1, length)
        return found

    def _at(self, place: int) -> tuple[Part | None, int]:
        """Return the part that begins here and its length in symbols, or None and how many symbols to skip."""
        if self.name(place) in ("AFTER", "UNTIL", "BEFORE"):
            return self._bounded(place)
        return self._unbounded(place) or (None, 1)

    def _unbounded(self, place: int, *, hour_expected: bool = False) -> Found | None:
        return self.spans.at(place) or self.days.at(place) or self.hours.at(place, expected=hour_expected)

    def _bounded(self, start: int) -> tuple[Part | None, int]:
        """Read "after the 14th", "after three", "before noon", "until Monday"."""
        bound, place = self.name(start), self._after_bound(start)
        if (named := self.name(place)) in DAYS_AFTER:
            return self.found(start, place + 1, DAYS_AFTER[named])
        found = self._unbounded(place, hour_expected=True)
        if found is None:
            return None, 1
        part, length = found
        length += place - start
        if part.day is not None:
            if bound == "BEFORE":
                return None, length
            after = bound == "AFTER" and part.day.kind in ("date", "monthday", "offset", "weekday")
            part.day = replace(part.day, after=after)
        elif part.hour is not None and bound == "BEFORE":
            part.hour = replace(part.hour, before=True)
        part.first = self.symbols[start].first
        return part, length

    def _after_bound(self, start: int) -> int:
        """Return where the day or time after "after" or "until" begins, without its article."""
        if self.name(start + 1) == "THE" and self.name(start + 2) in DAYS_AFTER:
            return start + 2
        place = start + 1
        while self.name(place) in ("THE", "AT", "THIS", "ON") and place < start + 4 and not self._unbounded(place):
            place += 1
        return place


def _joined(one: Hour | None, other: Hour | None) -> Hour | None:
    """Return a part of the day and an hour as one: "tomorrow morning at ten"."""
    if one is None or other is None:
        return one or other
    if one.hour < 0 <= other.hour and one.part and not other.part:
        return replace(other, part=one.part)
    if other.hour < 0 <= one.hour and other.part and not one.part:
        return replace(one, part=other.part)
    return one
