"""Find days and times in what was said: "Tuesday at three", "in zwei Wochen", "à partir du 14".

The grammar reads the symbols of ``time_words``, so that it is the same in every language.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from voice.analysis.reading.time_words import CLOCK, DATE, Symbol, symbols
from voice.analysis.reading.times import Day, Hour, When
from voice.analysis.reading.words import Turn

# Components that are further apart than this are two statements.
MAX_GAP: Final = 3
# Statements that are looked at in one turn.
MAX_STATEMENTS: Final = 20
# Ordinals up to here count things, too; those above the other are days without an article.
COUNTED: Final = 3
TEENS: Final = 12


def find(turn: Turn, language: str, *, month_first: bool = False) -> list[When]:
    """Return the statements of days and times in a turn, in the order of the words."""
    return _Grammar(symbols(turn, language), month_first, language).statements()[:MAX_STATEMENTS]


@dataclass(slots=True)
class _Part:
    day: Day | None
    hour: Hour | None
    first: int
    last: int
    past: bool = False
    # A number that is an hour only where one is expected.
    bare: bool = False


class _Grammar:
    """Reads symbols from left to right."""

    def __init__(self, given: Sequence[Symbol], month_first: bool, language: str) -> None:
        self.symbols = given
        self.firsts = [each.first for each in given]
        self.month_first = month_first
        self.language = language

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

    def _belongs(self, one: When, part: _Part) -> bool:
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

    def _parts(self) -> list[_Part]:
        found: list[_Part] = []
        place = 0
        while place < len(self.symbols):
            part, length = self._at(place)
            if part is not None:
                found.append(part)
            place += max(1, length)
        return found

    # -- the rules --------------------------------------------------------------------------------------------------

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

    def _part(self, place: int, length: int, day: Day | None = None, hour: Hour | None = None, **more: bool) -> _Part:
        first, last = self.symbols[place].first, self.symbols[place + length - 1].last
        return _Part(day, hour, first, last, **more)

    def _at(self, place: int) -> tuple[_Part | None, int]:
        """Return the part that begins here and its length in symbols, or None."""
        name = self.name(place)
        if name in ("AFTER", "UNTIL", "BEFORE"):
            return self._bounded(place, name)
        for rule in (self._span, self._day, self._hour):
            found = rule(place)
            if found is not None:
                return found
        return None, 1

    def _bounded(self, place: int, name: str) -> tuple[_Part | None, int]:
        """Read "after the 14th", "after three", "before noon", "until Monday"."""
        skip = 2 if self.name(place + 1) == "THE" and self.name(place + 2) in ("WEEKEND", "NEWYEAR", "CHRISTMAS") else 1
        while self.name(place + skip) in ("THE", "AT", "THIS", "ON") and skip < 4:
            if self._span(place + skip) or self._day(place + skip) or self._hour(place + skip):
                break
            skip += 1
        if self.name(place + skip) == "WEEKEND":
            return self._part(place, skip + 1, Day("next_week")), skip + 1
        if self.name(place + skip) in ("NEWYEAR", "CHRISTMAS"):
            day = Day("date", 2, 1) if self.name(place + skip) == "NEWYEAR" else Day("date", 27, 12)
            return self._part(place, skip + 1, day), skip + 1
        found = self._span(place + skip) or self._day(place + skip) or self._hour(place + skip, expected=True)
        if found is None or found[0] is None:
            return None, 1
        part, length = found
        if part.day is not None:
            after = name == "AFTER" and part.day.kind in ("date", "monthday", "offset", "weekday")
            if name == "BEFORE":
                return None, skip + length
            part.day = replace(part.day, after=after)
        elif part.hour is not None and name == "BEFORE":
            part.hour = replace(part.hour, before=True)
        part.first = self.symbols[place].first
        return part, skip + length

    def _span(self, place: int) -> tuple[_Part, int] | None:
        """Read "in two weeks", "two weeks from now", "in half an hour", "two weeks ago"."""
        start = place
        before = self.name(place) == "IN"
        if self.name(place) == "AGO":
            number = self._count(place + 1)
            unit_at = place + (2 if number is not None else 1)
            if self.name(unit_at).startswith("U"):
                return self._part(start, unit_at + 1 - start, Day("past"), past=True), unit_at + 1 - start
            return None
        place += before
        number = self._count(place)
        if number is None:
            return None
        place += 1
        if self.name(place) in ("TO", "OR", "w") and self.value(place + 1, "N") and self.name(place + 2)[:1] == "U":
            place += 2
        unit = self.name(place)
        if not unit.startswith("U") or len(unit) < 4:
            return None
        place += 1
        if self.name(place) == "AGO":
            return self._part(start, place + 1 - start, Day("past"), past=True), place + 1 - start
        after = self.name(place) in ("FROMNOW", "LATER") or (self.language == "hi" and self.name(place) == "AFTER")
        if self.name(place) == "ANDHALF":
            number, place = number + 0.5, place + 1
        if after:
            place += 1
        if not (before or after):
            return None
        length = place - start
        unit = unit[1:]
        if unit in ("min", "hour"):
            minutes = number * (60 if unit == "hour" else 1)
            return self._part(start, length, None, Hour(minutes_from_now=minutes)), length
        return self._part(start, length, Day(unit, number)), length

    def _count(self, place: int) -> float | None:
        """Return a number of days or hours. An article counts as one."""
        return 1.0 if self.name(place) == "A" else self.value(place, "N")

    def _day(self, place: int) -> tuple[_Part, int] | None:
        rules = (self._relative, self._weekday, self._edge, self._calendar, self._next)
        return next((found for rule in rules if (found := rule(place)) is not None), None)

    def _relative(self, place: int) -> tuple[_Part, int] | None:
        number = self.value(place, "D")
        if number is None:
            return None
        if number == 1 and self.language == "de" and self.name(place - 1).startswith("W"):
            return self._part(place, 1, None, Hour(part="morning")), 1
        return self._part(place, 1, Day("offset", number), past=number < 0), 1

    def _weekday(self, place: int) -> tuple[_Part, int] | None:
        start, kind = place, ""
        while self.name(place) in ("NEXT", "THIS", "LAST", "COMING"):
            kind, place = self.name(place), place + 1
        if kind == "NEXT" and self.name(place) == "Uweek" and self._weekday_after(place + 1) is not None:
            ahead = self._weekday_after(place + 1)
            assert ahead is not None
            number, stop = ahead
            return self._part(start, stop - start, Day("weekday", number, month=1)), stop - start
        number_of_day = self.value(place, "W")
        if number_of_day is None:
            return None
        place += 1
        for skip in (0, 1, 2):
            if self.name(place + skip) in ("NEXT", "COMING") and self.name(place + skip + 1) == "Uweek":
                place += skip + 2
                return self._part(start, place - start, Day("weekday", number_of_day, month=1)), place - start
            if self.name(place + skip) == "Uweek" and self.name(place + skip + 1) in ("NEXT", "COMING"):
                place += skip + 2
                return self._part(start, place - start, Day("weekday", number_of_day, month=1)), place - start
            if self.name(place + skip) not in ("OF", "THE", "IN", "w"):
                break
        if self.name(place) == "IN" and (weeks := self._count(place + 1)) and self.name(place + 2) == "Uweek":
            day = Day("weekday", number_of_day, weeks=int(weeks))
            return self._part(start, place + 3 - start, day), place + 3 - start
        if self.name(place) in ("NEXT", "COMING", "LAST", "THIS"):
            kind, place = self.name(place), place + 1
        elif kind == "" and (dated := self._month_day(place)) is not None:
            # "Tuesday the first of December": the date is the day.
            return self._part(start, dated[1] - start, dated[0]), dated[1] - start
        length = place - start
        if kind == "LAST":
            return self._part(start, length, Day("past"), past=True), length
        return self._part(start, length, Day("weekday", number_of_day, month=int(kind == "NEXT"))), length

    def _weekday_after(self, place: int) -> tuple[float, int] | None:
        for skip in (0, 1, 2):
            number = self.value(place + skip, "W")
            if number is not None:
                return number, place + skip + 1
            if self.name(place + skip) not in ("ON", "THE", "w", "AT"):
                return None
        return None

    def _edge(self, place: int) -> tuple[_Part, int] | None:
        """Read "the beginning of January", "mid December", "end of the month", "end of next week"."""
        edge, start = self.name(place), place
        if edge not in ("START", "MID", "END"):
            return None
        place += 1
        ahead = 0
        while self.name(place) in ("THE", "OF", "THIS", "NEXT", "ON", "COMING", "IN", "AT"):
            ahead += self.name(place) in ("NEXT", "COMING")
            place += 1
        month, unit = self.value(place, "M"), self.name(place)
        length = place + 1 - start
        if month is not None:
            return self._part(start, length, Day(f"month{edge}", 0, int(month))), length
        if unit in ("Uweek", "Umonth", "Uyear"):
            if self.name(place + 1) in ("NEXT", "COMING"):
                ahead, length = 1, length + 1
            return self._part(start, length, Day(f"{unit[1:]}{edge}", ahead)), length
        return None

    def _month_day(self, place: int) -> tuple[Day, int] | None:
        """Read a date that has a month, or an article or a suffix: return it and where it stops."""
        start = place
        while self.name(place) in ("THE", "ON", "w") and place - start < 2:
            place += 1
        return self._date_at(place, place > start and self.name(place - 1) in ("THE", "ON"))

    def _date_at(self, place: int, article: bool) -> tuple[Day, int] | None:
        if (written := self.name(place)).startswith("X"):
            day = self._written(written[1:])
            return None if day is None else (day, place + 1)
        month = self.value(place, "M")
        if month is not None:
            after = place + 1
            while self.name(after) in ("THE", "ON"):
                after += 1
            number = self.value(after, "O") or self.value(after, "N")
            if number is not None and 1 <= number <= 31 and float(number).is_integer():
                stop = after + 1 + (self.name(after + 1) == "TH")
                hour = self.name(stop) in ("OCLOCK", "AM", "PM")
                return None if hour else (Day("date", int(number), int(month)), stop)
            return None
        ordinal = self.value(place, "O")
        number = ordinal if ordinal is not None else self.value(place, "N")
        if number is None or not 1 <= number <= 31 or not float(number).is_integer():
            return None
        after = place + 1
        suffixed = self.name(after) in ("TH", "DATEWORD")
        after += suffixed
        if (
            self.language == "de"
            and self.name(after) == "."
            and article
            and self.symbols[place].last - self.symbols[place].first == 1
        ):
            after, suffixed = after + 1, True
        beyond = after
        while self.name(beyond) in ("OF", "THE") or (self.name(beyond) == "." and self.language == "de"):
            beyond += 1
        month = self.value(beyond, "M")
        if month is not None:
            return Day("date", int(number), int(month)), beyond + 1
        if self.name(after) in ("OCLOCK", "AM", "PM", "PAST") or self.name(after)[:1] in ("U", "P", "w")[:2]:
            return None
        if ordinal is not None and (article or suffixed or self.language == "de" or number > TEENS):
            remark = number <= COUNTED and self.name(after) == "w" and self.language == "en"
            # "The second one" is no day.
            return None if remark else (Day("monthday", int(number)), after)
        if suffixed or (article and self.language in ("de", "es", "fr", "ar") and number > 1):
            return Day("monthday", int(number)), after
        return None

    def _written(self, text: str) -> Day | None:
        found = DATE.fullmatch(text)
        if found is None:
            return None
        one, other, year = int(found[1]), int(found[2]), int(found[3] or 0)
        number, month = (other, one) if self.month_first and "/" in text and other <= 31 else (one, other)
        if not (1 <= number <= 31 and 1 <= month <= 12):
            number, month = month, number
        if not (1 <= number <= 31 and 1 <= month <= 12):
            return None
        return Day("date", number, month, year + 2000 if 0 < year < 100 else year)

    def _calendar(self, place: int) -> tuple[_Part, int] | None:
        start, article = place, False
        while self.name(place) in ("THE", "ON"):
            article, place = True, place + 1
        iso = [self.value(place + each, "N") for each in (0, 1, 2)]
        if all(iso) and 2000 <= (iso[0] or 0) < 3000 and (iso[1] or 0) <= 12 and (iso[2] or 0) <= 31:
            day = Day("date", iso[2] or 0, int(iso[1] or 0), int(iso[0] or 0))
            return self._part(start, place + 3 - start, day), place + 3 - start
        found = self._date_at(place, article)
        if found is not None:
            length = found[1] - start
            return self._part(start, length, found[0]), length
        month = self.value(place, "M")
        if month is None:
            return None
        if self.language == "en" and month in (3, 5) and not self._is_month(place):
            return None
        ahead = self.name(place - 1) == "LAST"
        return self._part(start, place + 1 - start, Day("month", 0, int(month)), past=ahead), place + 1 - start

    def _is_month(self, place: int) -> bool:
        """Return whether "may" or "march" is the month: after a word that comes before months."""
        return self.name(place - 1) in ("IN", "AFTER", "UNTIL", "NEXT", "START", "MID", "END", "THIS", "OF", "BEFORE")

    def _next(self, place: int) -> tuple[_Part, int] | None:
        start, kind = place, ""
        while self.name(place) in ("NEXT", "THIS", "LAST", "COMING", "THE"):
            kind = self.name(place) if self.name(place) != "THE" else kind
            place += 1
        unit = self.name(place)
        if not unit.startswith("U"):
            if unit == "WEEKEND":
                return self._part(start, place + 1 - start, Day("weekday", 5)), place + 1 - start
            return None
        if not kind and self.name(place + 1) in ("NEXT", "COMING", "LAST", "THIS"):
            kind, place = self.name(place + 1), place + 1
        length = place + 1 - start
        if kind == "LAST":
            return self._part(start, length, Day("past"), past=True), length
        if kind in ("NEXT", "COMING") and unit in ("Uweek", "Umonth", "Uyear", "Uquarter"):
            return self._part(start, length, Day(f"next_{unit[1:]}")), length
        return None

    def _hour(self, place: int, *, expected: bool = False) -> tuple[_Part, int] | None:
        start = place
        at = False
        while self.name(place) == "AT":
            at, place = True, place + 1
        name = self.name(place)
        if name.startswith("P") and name[1:].islower():
            return self._part(start, place + 1 - start, None, Hour(part=name[1:])), place + 1 - start
        if name.startswith("T") and ":" in name:
            hour, minute = map(int, name[1:].split(":"))
            return self._with_part(start, place + 1, Hour(hour % 24, minute, exact=hour > 12 or name[1] == "0"))
        if name.startswith("X") and at and CLOCK.fullmatch(name[1:]):
            hour, minute = map(int, name[1:].split("."))
            return self._with_part(start, place + 1, Hour(hour % 24, minute, exact=hour > 12))
        if name in ("HALFPAST", "QPAST", "QTO", "HALFTO"):
            return self._fraction(start, place, name)
        number, spoken = self.value(place, "N"), self.value(place, "H")
        if name == "A" and (self.name(place + 1) == "OCLOCK" or (at and self.language == "es")):
            number = 1.0
        hour_said = number if spoken is None else spoken
        if hour_said is None or not float(hour_said).is_integer() or hour_said > 24:
            return None
        minutes_said = self._minutes_before(start, place, int(hour_said))
        if minutes_said is not None:
            return minutes_said
        return self._plain_hour(start, place, int(hour_said), at or spoken is not None or expected)

    def _fraction(self, start: int, place: int, name: str) -> tuple[_Part, int] | None:
        after = place + 1
        while self.name(after) == "AT":
            after += 1
        number = self.value(after, "N")
        if number is None:
            number = self.value(after, "H")
        if number is None or number > 24:
            return None
        hour = int(number)
        minute = {"HALFPAST": 30, "QPAST": 15, "QTO": 45, "HALFTO": 30}[name]
        hour -= name in ("QTO", "HALFTO")
        return self._with_part(start, after + 1, Hour(hour % 24 or (24 if hour == 24 else hour % 24), minute))

    def _minutes_before(self, start: int, place: int, minutes: int) -> tuple[_Part, int] | None:
        """Read "ten past three" and "twenty to four"."""
        kind = self.name(place + 1)
        number = self.value(place + 2, "N")
        if kind not in ("PAST", "TO") or number is None or number > 12 or minutes not in (5, 10, 15, 20, 25):
            return None
        hour, minute = (int(number), minutes) if kind == "PAST" else (int(number) - 1, 60 - minutes)
        return self._with_part(start, place + 3, Hour(hour, minute))

    def _plain_hour(self, start: int, place: int, hour: int, sure: bool) -> tuple[_Part, int] | None:
        after, minute, exact = place + 1, 0, False
        if self.name(after) == "OCLOCK":
            sure, after = True, after + 1
            exact = hour > 12
        minutes = self.value(after, "N")
        if self.name(after) in ("ANDHALF", "ANDQ", "LESSQ"):
            minute = {"ANDHALF": 30, "ANDQ": 15, "LESSQ": -15}[self.name(after)]
            sure, after = True, after + 1
        elif minutes in (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55) and self.name(after + 1)[:1] != "U":
            sure, minute, after = True, int(minutes or 0), after + 1
            ones = self.value(after, "N")
            if minutes in (20, 30, 40, 50) and ones == 5:
                minute, after = minute + 5, after + 1
        if minute < 0:
            hour, minute = hour - 1, 60 + minute
        if self.name(after) == "OCLOCK" and not exact:
            sure, after = True, after + 1
        if self.name(after)[:1] == "U" or self.name(after) in ("TH", "DATEWORD") or self.name(after)[:1] == "M":
            return None
        found = self._with_part(start, after, Hour(hour, minute, exact=exact or hour > 12))
        part, length = found
        sure = sure or (part.hour is not None and part.hour.part != "") or self._part_before(start)
        part.bare = not sure
        return (part, length) if sure or hour <= 12 else None

    def _part_before(self, place: int) -> bool:
        """Return whether the word before is a part of the day, as in Hindi "subah das"."""
        name = self.name(place - 1)
        return name.startswith("P") and name[1:].islower()

    def _with_part(self, start: int, stop: int, hour: Hour) -> tuple[_Part, int]:
        """Let "in the afternoon", "am" or "Uhr" after an hour belong to it."""
        if self.name(stop) == "OCLOCK":
            stop += 1
        name = self.name(stop)
        if name in ("AM", "PM"):
            hour, stop = replace(hour, part=name.lower()), stop + 1
        elif name.startswith("P") and name[1:].islower():
            hour, stop = replace(hour, part=name[1:]), stop + 1
        return self._part(start, stop - start, None, hour), stop - start


def _joined(one: Hour | None, other: Hour | None) -> Hour | None:
    """Return a part of the day and an hour as one: "tomorrow morning at ten"."""
    if one is None or other is None:
        return one or other
    if one.hour < 0 <= other.hour and one.part and not other.part:
        return replace(other, part=one.part)
    if other.hour < 0 <= one.hour and other.part and not one.part:
        return replace(one, part=other.part)
    return one
