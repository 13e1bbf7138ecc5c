"""Read spans from now on: "in two weeks", "half an hour from now", "two weeks ago"."""

from voice.analysis.reading.parts import Found, Rules
from voice.analysis.reading.times import Day, Hour


class Spans(Rules):
    """Rules for a number of days or hours from now, or before."""

    def at(self, start: int) -> Found | None:
        """Return the span that begins here."""
        if self.name(start) == "AGO":
            return self._ago(start)
        before = self.name(start) == "IN"
        place = start + before
        number = self.count(place)
        if number is None:
            return None
        unit_at = self._unit_after(place + 1)
        unit, place = self.name(unit_at), unit_at + 1
        if not unit.startswith("U") or len(unit) < 4:
            return None
        if self.name(place) == "AGO":
            return self.found(start, place + 1, Day("past"), past=True)
        after = self.name(place) in ("FROMNOW", "LATER") or (self.language == "hi" and self.name(place) == "AFTER")
        if self.name(place) == "ANDHALF":
            number, place = number + 0.5, place + 1
        place += after
        if not (before or after):
            return None
        if unit in ("Umin", "Uhour"):
            minutes = number * (60 if unit == "Uhour" else 1)
            return self.found(start, place, hour=Hour(minutes_from_now=minutes))
        return self.found(start, place, Day(unit[1:], number))

    def _ago(self, start: int) -> Found | None:
        """Read a span in a language that says "ago" first, as in "il y a deux semaines"."""
        unit_at = start + (2 if self.count(start + 1) is not None else 1)
        return self.found(start, unit_at + 1, Day("past"), past=True) if self.name(unit_at).startswith("U") else None

    def _unit_after(self, place: int) -> int:
        """Return where the unit is. Of "two or three weeks" the smaller number counts."""
        is_range = self.name(place) in ("TO", "OR", "w") and self.value(place + 1, "N")
        return place + 2 if is_range and self.name(place + 2)[:1] == "U" else place
