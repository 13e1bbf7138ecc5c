"""Find moments at which contact is allowed. Pure functions: no database, no clock.

A set of hours is met by wall-clock time: a moment is inside if the clock of the zone shows a time between start and
end on an open day. Clock changes need no special rule then: an hour that is skipped is never shown, and one that is
repeated counts both times.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# How far ahead an open moment is looked for.
HORIZON: Final = timedelta(days=400)
ALL_DAYS: Final = frozenset(range(7))
WORKING_DAYS: Final = frozenset(range(5))
MIDNIGHT: Final = time(0)
LAST: Final = time(23, 59, 59)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours in one zone. ``days`` are open weekdays, 0 for Monday; ``closed`` are dates that are not open.

    Hours whose ``end`` is midnight last until the day ends. Hours that end before they start are open from midnight
    to ``end`` and from ``start`` to midnight of each open day.
    """

    zone: ZoneInfo
    start: time = MIDNIGHT
    end: time = MIDNIGHT
    days: frozenset[int] = ALL_DAYS
    closed: Container[date] = field(default=frozenset(), compare=False)

    def contain(self, at: datetime) -> bool:
        """Return whether the moment is inside the hours."""
        local = at.astimezone(self.zone)
        return self.open_on(local.date()) and self._shown(local.time())

    def open_on(self, day: date) -> bool:
        """Return whether the day is open at any time."""
        return day.weekday() in self.days and day not in self.closed

    def next(self, at: datetime) -> datetime | None:
        """Return the first moment from ``at`` on that is inside the hours, or None within the horizon."""
        if self.contain(at):
            return at
        day = at.astimezone(self.zone).date()
        # Clocks may be set back over midnight, so that the next moment is on the day before.
        for offset in range(-1, HORIZON.days + 1):
            if not self.open_on(day + _DAY * offset):
                continue
            found = min((each for each in self._openings(day + _DAY * offset) if each >= at), default=None)
            if found is not None:
                return found
        return None

    def _shown(self, clock: time) -> bool:
        if self.end == MIDNIGHT or self.start < self.end:
            return self.start <= clock and (self.end == MIDNIGHT or clock < self.end)
        return self.start != self.end and (clock >= self.start or clock < self.end)

    def _openings(self, day: date) -> Iterator[datetime]:
        """Yield the moments at which the hours can begin on the day: by time of day, and by a change of the clock."""
        wraps = self.end < self.start and self.end != MIDNIGHT
        moments = [*shows(day, self.start, self.zone), *(shows(day, MIDNIGHT, self.zone) if wraps else ())]
        begins, ends = moments[0], datetime.combine(day, LAST, self.zone).astimezone(UTC)
        if begins < ends and _offset(begins, self.zone) != _offset(ends, self.zone):
            moments.append(_change_between(begins, ends, self.zone))
        for moment in moments:
            local = moment.astimezone(self.zone)
            if local.date() == day and self._shown(local.time()):
                yield moment


def next_allowed(at: datetime, *hours: Hours) -> datetime | None:
    """Return the first moment from ``at`` on that is inside all the hours, in UTC. None if the horizon has none."""
    limit = at + HORIZON
    moment = at.astimezone(UTC)
    while True:
        before = moment
        for each in hours:
            found = each.next(moment)
            if found is None or found > limit:
                return None
            moment = found
        if moment == before:
            return moment


def shows(day: date, clock: time, zone: ZoneInfo) -> Sequence[datetime]:
    """Return when the zone's clock shows this time on this day, in UTC: two moments if that hour is repeated.

    If the clock skips the time, it is the first moment after the skipped hour.
    """
    first, second = (datetime.combine(day, clock, zone).replace(fold=fold) for fold in (0, 1))
    before, after = first.astimezone(UTC), second.astimezone(UTC)
    if before < after:
        return before, after
    return (before,) if before == after else (_change_between(after, before, zone),)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of the day in UTC."""
    return shows(day, MIDNIGHT, zone)[0]


def add_working_days(
    at: datetime,
    days: int,
    zone: ZoneInfo,
    *,
    working: frozenset[int] = WORKING_DAYS,
    holidays: Container[date] = frozenset(),
) -> datetime:
    """Return the same time of day so many working days later, in UTC.

    The days after that of ``at`` are counted. A time that the clock skips becomes the first one after it. Raises
    ValueError if the horizon after the last working day has none.
    """
    if days <= 0:
        return at.astimezone(UTC)
    local = at.astimezone(zone)
    day, left, waited = local.date(), days, 0
    while left:
        day += _DAY
        waited += 1
        if day.weekday() in working and day not in holidays:
            left, waited = left - 1, 0
        if waited > HORIZON.days:
            raise ValueError("There is no working day.")
    moments = shows(day, local.time(), zone)
    return moments[-1] if local.fold else moments[0]


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which the clock changes."""
    offset = _offset(early, zone)
    early = early.replace(microsecond=0)
    while late - early > _SECOND:
        middle = early + timedelta(seconds=(late - early) // (2 * _SECOND))
        if _offset(middle, zone) == offset:
            early = middle
        else:
            late = middle
    return late


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
