"""Read times of day: "three o'clock", "half past two", "um drei Uhr nachmittags", "15:30", "in the morning"."""

from dataclasses import replace
from typing import Final

from voice.analysis.reading.parts import Found, Rules
from voice.analysis.reading.time_words import CLOCK
from voice.analysis.reading.times import Hour

# The minutes of a fraction before its hour. For the last two the hour is the next one.
FRACTIONS: Final = {"HALFPAST": 30, "QPAST": 15, "QTO": 45, "HALFTO": 30}
# The minutes of a fraction after its hour.
FRACTIONS_AFTER: Final = {"ANDHALF": 30, "ANDQ": 15, "LESSQ": -15}


class Hours(Rules):
    """Rules for times of day."""

    def at(self, start: int, *, expected: bool = False) -> Found | None:
        """Return the time of day that begins here. A number alone counts for sure where a time is ``expected``."""
        place = start
        while self.name(place) == "AT":
            place += 1
        at, name = place > start, self.name(place)
        if part := self.part_of_day(place):
            return self.found(start, place + 1, hour=Hour(part=part))
        if name.startswith("T") and ":" in name:
            hour, minute = map(int, name[1:].split(":"))
            return self._with_part(start, place + 1, Hour(hour % 24, minute, exact=hour > 12 or name[1] == "0"))
        if name.startswith("X") and at and CLOCK.fullmatch(name[1:]):
            hour, minute = map(int, name[1:].split("."))
            return self._with_part(start, place + 1, Hour(hour % 24, minute, exact=hour > 12))
        if name in FRACTIONS:
            return self._fraction(start, place)
        return self._spoken(start, place, sure=at or expected)

    def _fraction(self, start: int, place: int) -> Found | None:
        """Read "half past two" and "Viertel vor drei"."""
        name, after = self.name(place), place + 1
        while self.name(after) == "AT":
            after += 1
        number = self.value(after, "N")
        if number is None:
            number = self.value(after, "H")
        if number is None or number > 24:
            return None
        hour = int(number) - (name in ("QTO", "HALFTO"))
        return self._with_part(start, after + 1, Hour(24 if hour == 24 else hour % 24, FRACTIONS[name]))

    def _spoken(self, start: int, place: int, *, sure: bool) -> Found | None:
        """Read an hour that is a word or a number: "three", "three thirty", "ten past three"."""
        spoken = self.value(place, "H")
        hour = self.value(place, "N") if spoken is None else spoken
        is_one = self.name(place + 1) == "OCLOCK" or (place > start and self.language == "es")
        if spoken is None and self.name(place) == "A" and is_one:
            hour = 1.0
        if hour is None or not float(hour).is_integer() or hour > 24:
            return None
        before = self._minutes_before(start, place, int(hour))
        return before or self._plain(start, place, int(hour), sure or spoken is not None)

    def _minutes_before(self, start: int, place: int, minutes: int) -> Found | None:
        """Read "ten past three" and "twenty to four"."""
        kind = self.name(place + 1)
        number = self.value(place + 2, "N")
        if kind not in ("PAST", "TO") or number is None or number > 12 or minutes not in (5, 10, 15, 20, 25):
            return None
        hour, minute = (int(number), minutes) if kind == "PAST" else (int(number) - 1, 60 - minutes)
        return self._with_part(start, place + 3, Hour(hour, minute))

    def _plain(self, start: int, place: int, hour: int, sure: bool) -> Found | None:
        """Read an hour with the minutes after it. Unless it is ``sure``, a number alone is a bare part."""
        after, exact = place + 1, False
        if self.name(after) == "OCLOCK":
            sure, exact, after = True, hour > 12, after + 1
        minute, stop = self._minutes_after(after)
        sure, after = sure or stop > after, stop
        if minute < 0:
            hour, minute = hour - 1, 60 + minute
        if self.name(after) == "OCLOCK" and not exact:
            sure, after = True, after + 1
        if self.name(after).startswith(("U", "M")) or self.name(after) in ("TH", "DATEWORD"):
            return None
        part, length = self._with_part(start, after, Hour(hour, minute, exact=exact or hour > 12))
        # As in Hindi "subah das", the part of the day may come before.
        named = part.hour is not None and part.hour.part != ""
        sure = sure or named or self.part_of_day(start - 1) != ""
        part.bare = not sure
        return (part, length) if sure or hour <= 12 else None

    def _minutes_after(self, place: int) -> tuple[int, int]:
        """Return the minutes that follow an hour, and where they stop: at the same place if there are none."""
        if (name := self.name(place)) in FRACTIONS_AFTER:
            return FRACTIONS_AFTER[name], place + 1
        minutes = self.value(place, "N")
        if minutes is None or minutes not in range(5, 60, 5) or self.name(place + 1).startswith("U"):
            return 0, place
        if minutes in (20, 30, 40, 50) and self.value(place + 1, "N") == 5:
            return int(minutes) + 5, place + 2
        return int(minutes), place + 1

    def _with_part(self, start: int, stop: int, hour: Hour) -> Found:
        """Let "in the afternoon", "am" or "Uhr" after an hour belong to it."""
        if self.name(stop) == "OCLOCK":
            stop += 1
        if self.name(stop) in ("AM", "PM"):
            hour, stop = replace(hour, part=self.name(stop).lower()), stop + 1
        elif part := self.part_of_day(stop):
            hour, stop = replace(hour, part=part), stop + 1
        return self.found(start, stop, hour=hour)
