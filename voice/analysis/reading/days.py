"""Read days: "tomorrow", "Friday of next week", "the end of the month", "le 14", "3.12.", "next quarter"."""

from typing import Final

from voice.analysis.reading.parts import Found, Rules
from voice.analysis.reading.time_words import DATE
from voice.analysis.reading.times import Day, Hour

# Ordinals up to here count things, too; those above the other are days without an article.
COUNTED: Final = 3
TEENS: Final = 12
AHEAD: Final = ("NEXT", "COMING")
WHICH: Final = ("NEXT", "THIS", "LAST", "COMING")
# After one of these, "may" and "march" are months.
BEFORE_MONTHS: Final = ("IN", "AFTER", "UNTIL", "NEXT", "START", "MID", "END", "THIS", "OF", "BEFORE")
# In these, an article before a number makes it a day: "am 14", "el 14".
ARTICLE_IS_ENOUGH: Final = ("de", "es", "fr", "ar")


class Days(Rules):
    """Rules for days."""

    def at(self, place: int) -> Found | None:
        """Return the day that begins here."""
        rules = (self._relative, self._weekday, self._edge, self._calendar, self._next)
        return next((found for rule in rules if (found := rule(place)) is not None), None)

    def _relative(self, place: int) -> Found | None:
        """Read "today", "tomorrow", "yesterday"."""
        number = self.value(place, "D")
        if number is None:
            return None
        if number == 1 and self.language == "de" and self.name(place - 1).startswith("W"):
            # "Dienstag morgen" is a morning.
            return self.found(place, place + 1, hour=Hour(part="morning"))
        return self.found(place, place + 1, Day("offset", number), past=number < 0)

    def _weekday(self, start: int) -> Found | None:
        """Read "Tuesday", "next Tuesday", "Tuesday of next week", "Tuesday in two weeks", "next week on Tuesday"."""
        place, kind = start, ""
        while self.name(place) in WHICH:
            kind, place = self.name(place), place + 1
        if kind == "NEXT" and self.name(place) == "Uweek" and (ahead := self._weekday_after(place + 1)) is not None:
            number, stop = ahead
            return self.found(start, stop, Day("weekday", number, month=1))
        number_of_day = self.value(place, "W")
        if number_of_day is None:
            return None
        place += 1
        if (stop_of_week := self._next_week(place)) is not None:
            return self.found(start, stop_of_week, Day("weekday", number_of_day, month=1))
        if self.name(place) == "IN" and (weeks := self.count(place + 1)) and self.name(place + 2) == "Uweek":
            return self.found(start, place + 3, Day("weekday", number_of_day, weeks=int(weeks)))
        if self.name(place) in WHICH:
            kind, place = self.name(place), place + 1
        elif kind == "" and (dated := self._month_day(place)) is not None:
            # "Tuesday the first of December": the date is the day.
            day, stop = dated
            return self.found(start, stop, day)
        if kind == "LAST":
            return self.found(start, place, Day("past"), past=True)
        return self.found(start, place, Day("weekday", number_of_day, month=int(kind == "NEXT")))

    def _weekday_after(self, place: int) -> tuple[float, int] | None:
        """Return the weekday that follows "next week", and where it stops."""
        for skip in (0, 1, 2):
            number = self.value(place + skip, "W")
            if number is not None:
                return number, place + skip + 1
            if self.name(place + skip) not in ("ON", "THE", "w", "AT"):
                return None
        return None

    def _next_week(self, place: int) -> int | None:
        """Return where "of next week" after a weekday stops."""
        for skip in (0, 1, 2):
            pair = self.name(place + skip), self.name(place + skip + 1)
            if "Uweek" in pair and any(name in AHEAD for name in pair):
                return place + skip + 2
            if pair[0] not in ("OF", "THE", "IN", "w"):
                return None
        return None

    def _edge(self, start: int) -> Found | None:
        """Read "the beginning of January", "mid December", "end of the month", "end of next week"."""
        edge, place, ahead = self.name(start), start + 1, 0
        if edge not in ("START", "MID", "END"):
            return None
        while self.name(place) in ("THE", "OF", "THIS", "NEXT", "ON", "COMING", "IN", "AT"):
            ahead += self.name(place) in AHEAD
            place += 1
        month, unit = self.value(place, "M"), self.name(place)
        if month is not None:
            return self.found(start, place + 1, Day(f"month{edge}", 0, int(month)))
        if unit not in ("Uweek", "Umonth", "Uyear"):
            return None
        if self.name(place + 1) in AHEAD:
            ahead, place = 1, place + 1
        return self.found(start, place + 1, Day(f"{unit[1:]}{edge}", ahead))

    def _calendar(self, start: int) -> Found | None:
        """Read dates and months: "2026-12-14", "the 14th", "14 December", "in March"."""
        place, article = start, False
        while self.name(place) in ("THE", "ON"):
            article, place = True, place + 1
        year, month, number = (self.value(place + each, "N") or 0 for each in (0, 1, 2))
        if year and month and number and 2000 <= year < 3000 and month <= 12 and number <= 31:
            return self.found(start, place + 3, Day("date", number, int(month), int(year)))
        if (dated := self._date_at(place, article)) is not None:
            day, stop = dated
            return self.found(start, stop, day)
        named = self.value(place, "M")
        if named is None:
            return None
        if self.language == "en" and named in (3, 5) and self.name(place - 1) not in BEFORE_MONTHS:
            return None
        return self.found(start, place + 1, Day("month", 0, int(named)), past=self.name(place - 1) == "LAST")

    def _month_day(self, start: int) -> tuple[Day, int] | None:
        """Read a date that has a month, or an article or a suffix: return it and where it stops."""
        place = start
        while self.name(place) in ("THE", "ON", "w") and place - start < 2:
            place += 1
        return self._date_at(place, place > start and self.name(place - 1) in ("THE", "ON"))

    def _date_at(self, place: int, article: bool) -> tuple[Day, int] | None:
        """Return the date that begins here, and where it stops. ``article`` says that one comes before."""
        if (written := self.name(place)).startswith("X"):
            day = self._written(written[1:])
            return None if day is None else (day, place + 1)
        month = self.value(place, "M")
        if month is not None:
            return self._day_after_month(place + 1, int(month))
        ordinal = self.value(place, "O")
        number = ordinal if ordinal is not None else self.value(place, "N")
        return self._day_number(place, number, article, is_ordinal=ordinal is not None) if _is_day(number) else None

    def _written(self, text: str) -> Day | None:
        """Read "3.12.2026" and "12/3"."""
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

    def _day_after_month(self, place: int, month: int) -> tuple[Day, int] | None:
        """Read the day of "December the 14th"."""
        while self.name(place) in ("THE", "ON"):
            place += 1
        number = self.value(place, "O") or self.value(place, "N")
        if number is None or not _is_day(number):
            return None
        stop = place + 1 + (self.name(place + 1) == "TH")
        is_hour = self.name(stop) in ("OCLOCK", "AM", "PM")
        return None if is_hour else (Day("date", int(number), month), stop)

    def _day_number(self, place: int, said: float | None, article: bool, *, is_ordinal: bool) -> tuple[Day, int] | None:
        """Read a number of a day, with the month after it if there is one: "14th of December", "the 14th"."""
        number, after = int(said or 0), place + 1
        suffixed = self.name(after) in ("TH", "DATEWORD")
        after += suffixed
        one_word = self.symbols[place].last - self.symbols[place].first == 1
        if self.language == "de" and self.name(after) == "." and article and one_word:
            after, suffixed = after + 1, True
        beyond = after
        while self.name(beyond) in ("OF", "THE") or (self.name(beyond) == "." and self.language == "de"):
            beyond += 1
        month = self.value(beyond, "M")
        if month is not None:
            return Day("date", number, int(month)), beyond + 1
        if self.name(after) in ("OCLOCK", "AM") or self.name(after).startswith(("U", "P")):
            return None
        if is_ordinal and (article or suffixed or self.language == "de" or number > TEENS):
            # "The second one" is no day.
            is_remark = number <= COUNTED and self.name(after) == "w" and self.language == "en"
            return None if is_remark else (Day("monthday", number), after)
        if suffixed or (article and self.language in ARTICLE_IS_ENOUGH and number > 1):
            return Day("monthday", number), after
        return None

    def _next(self, start: int) -> Found | None:
        """Read "next week", "this weekend", "last month"."""
        place, kind = start, ""
        while self.name(place) in (*WHICH, "THE"):
            kind = self.name(place) if self.name(place) != "THE" else kind
            place += 1
        unit = self.name(place)
        if unit == "WEEKEND":
            return self.found(start, place + 1, Day("weekday", 5))
        if not unit.startswith("U"):
            return None
        if not kind and self.name(place + 1) in WHICH:
            kind, place = self.name(place + 1), place + 1
        if kind == "LAST":
            return self.found(start, place + 1, Day("past"), past=True)
        if kind in AHEAD and unit in ("Uweek", "Umonth", "Uyear", "Uquarter"):
            return self.found(start, place + 1, Day(f"next_{unit[1:]}"))
        return None


def _is_day(number: float | None) -> bool:
    """Return whether a month may have a day of this number."""
    return number is not None and 1 <= number <= 31 and float(number).is_integer()
