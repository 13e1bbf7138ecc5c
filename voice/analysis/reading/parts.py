"""Parts of a statement: a day or a time of day, and what the rules that read them share.

Rules read the symbols of ``time_words``, so that they are the same in every language.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voice.analysis.reading.time_words import Symbol
from voice.analysis.reading.times import Day, Hour


@dataclass(slots=True)
class Part:
    """A day or a time of day, and the words that say it."""

    day: Day | None
    hour: Hour | None
    first: int
    last: int
    past: bool = False
    # A number that is an hour only where one is expected.
    bare: bool = False


# A part, and of how many symbols it was read.
Found = tuple[Part, int]


class Rules:
    """Rules that read the symbols of one turn. Each begins at a place, and returns None where it does not apply."""

    def __init__(self, symbols: Sequence[Symbol], language: str, *, month_first: bool = False) -> None:
        self.symbols = symbols
        self.language = language
        self.month_first = month_first

    def name(self, place: int) -> str:
        return self.symbols[place].name if 0 <= place < len(self.symbols) else ""

    def value(self, place: int, letter: str) -> float | None:
        """Return the number of a symbol such as N3, or None."""
        name = self.name(place)
        if not name.startswith(letter) or name == letter:
            return None
        try:
            return float(name[len(letter) :])
        except ValueError:
            return None

    def count(self, place: int) -> float | None:
        """Return a number of days or hours. An article counts as one."""
        return 1.0 if self.name(place) == "A" else self.value(place, "N")

    def part_of_day(self, place: int) -> str:
        """Return the part of the day that is named, such as ``morning``, or an empty string."""
        name = self.name(place)
        return name[1:] if name.startswith("P") and name[1:].islower() else ""

    def found(
        self, start: int, stop: int, day: Day | None = None, hour: Hour | None = None, *, past: bool = False
    ) -> Found:
        """Return the part that was read of the symbols from ``start`` up to ``stop``."""
        return Part(day, hour, self.symbols[start].first, self.symbols[stop - 1].last, past), stop - start
