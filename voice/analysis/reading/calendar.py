"""Turn a day and a time as they were said into a moment, from the moment at which the call began."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Final

from voice.analysis.reading.times import Day, Hour, When

# A day without a time.
WHOLE_DAY: Final = time(10)
PARTS: Final = {
    "first": time(9),
    "morning": time(9),
    "noon": time(12),
    "lunch": time(12),
    "afterlunch": time(14),
    "afternoon": time(14),
    "close": time(17),
    "evening": time(18),
    "night": time(20),
}
# Said without a part of the day, hours from 1 to 7 are those of the afternoon.
LATEST_AFTERNOON_HOUR: Final = 7
NOON: Final = 12
LATER_TODAY: Final = timedelta(hours=2)
DAYS_A_WEEK: Final = 7
FRIDAY: Final = 4


def resolve(when: When, start: datetime) -> datetime | None:
    """Return the moment that was meant, in the zone of ``start``, or None if there is no such day or it has passed."""
    hour = when.hour
    if hour is not None and hour.minutes_from_now >= 0 and when.day is None:
        return start + timedelta(minutes=hour.minutes_from_now)
    if hour is not None and hour.part == "later":
        return start + LATER_TODAY
    try:
        day = day_of(when.day, start) if when.day is not None else start.date()
        clock = _clock(hour, day, start)
        moment = datetime.combine(day, clock, start.tzinfo)
        if moment <= start and when.day is None:
            # "At nine", said in the afternoon, is tomorrow.
            moment = datetime.combine(day + timedelta(days=1), clock, start.tzinfo)
        elif moment <= start and day == start.date() and hour is not None and hour.hour < 0:
            # "This afternoon", said in the afternoon.
            moment = start + LATER_TODAY
    except (ValueError, OverflowError):
        return None
    return moment if moment > start else None


def day_of(day: Day, start: datetime) -> date:
    """Return the date that was meant. Raises ValueError if there is none."""
    today = start.date()
    found = _day(day, today)
    if day.after:
        found += timedelta(days=1)
    return found


def _day(day: Day, today: date) -> date:
    number = int(day.number)
    match day.kind:
        case "offset" | "day":
            return today + timedelta(days=number)
        case "workday":
            return _work_days(today, number)
        case "week":
            return today + timedelta(days=round(day.number * DAYS_A_WEEK))
        case "next_week":
            return _monday(today, 1)
        case "weekday":
            return _weekday(number, today, next_week=bool(day.month)) + timedelta(weeks=day.weeks)
        case "date":
            return _date(number, day.month, day.year, today)
        case "monthday":
            return _monthday(number, today)
    return _month(day, today)


def _month(day: Day, today: date) -> date:
    number = int(day.number)
    match day.kind:
        case "month" if day.month:
            return _first_of(day.month, today)
        case "month":
            return _add_months(today, number)
        case "year":
            return _add_months(today, 12 * number)
        case "next_month":
            return _add_months(today.replace(day=1), 1)
        case "next_year":
            return date(today.year + 1, 1, 1)
        case "next_quarter":
            return _add_months(today.replace(day=1), 3 - (today.month - 1) % 3)
        case "monthSTART":
            return _first_of(day.month, today) if day.month else _add_months(today.replace(day=1), number or 1)
        case "monthMID":
            first = _first_of(day.month, today) if day.month else _add_months(today.replace(day=1), number)
            return first.replace(day=15)
        case "monthEND":
            first = _first_of(day.month, today) if day.month else _add_months(today.replace(day=1), number)
            return first.replace(day=monthrange(first.year, first.month)[1])
        case "weekSTART":
            return _monday(today, number or 1)
        case "weekMID":
            return _monday(today, number) + timedelta(days=2)
        case "weekEND":
            friday = _monday(today, number) + timedelta(days=FRIDAY)
            return friday if friday > today else friday + timedelta(days=DAYS_A_WEEK)
        case "yearSTART":
            return date(today.year + 1, 1, 2)
        case "yearEND":
            return date(today.year + number, 12, 31)
    raise ValueError(day.kind)


def _clock(hour: Hour | None, day: date, start: datetime) -> time:
    if hour is None:
        return WHOLE_DAY
    if hour.hour < 0:
        return PARTS.get(hour.part, WHOLE_DAY)
    number = hour.hour % 24
    if hour.part in ("am", "morning", "first"):
        number = number % NOON if hour.part == "am" else number
    elif hour.part in ("pm", "afternoon", "evening", "night", "afterlunch", "noon", "lunch") and number < NOON:
        late = hour.part == "noon" and number > LATEST_AFTERNOON_HOUR
        number += 0 if late else NOON
    elif not hour.exact and not hour.part and 1 <= number <= LATEST_AFTERNOON_HOUR:
        number += NOON
    elif not hour.exact and not hour.part and number < NOON and day == start.date() and number <= start.hour:
        # "At nine today", said at ten in the morning.
        number += NOON
    found = time(number, hour.minute)
    if hour.before and number > 0:
        return time(number - 1, hour.minute)
    return found


def _weekday(number: int, today: date, *, next_week: bool) -> date:
    if next_week:
        return _monday(today, 1) + timedelta(days=number)
    return today + timedelta(days=(number - today.weekday() - 1) % DAYS_A_WEEK + 1)


def _monday(today: date, weeks: int) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)


def _date(number: int, month: int, year: int, today: date) -> date:
    if year:
        return date(year, month, number)
    found = date(today.year, month, number)
    return found if found >= today else date(today.year + 1, month, number)


def _monthday(number: int, today: date) -> date:
    """Return the next day with this number, in a month that has one."""
    first = today.replace(day=1)
    for ahead in range(12):
        month = _add_months(first, ahead)
        if number <= monthrange(month.year, month.month)[1]:
            found = month.replace(day=number)
            if found > today:
                return found
    raise ValueError(number)


def _first_of(month: int, today: date) -> date:
    found = date(today.year, month, 1)
    return found if found > today else date(today.year + 1, month, 1)


def _add_months(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def _work_days(today: date, number: int) -> date:
    found = today
    for _ in range(min(number, 366)):
        found += timedelta(days=1)
        while found.weekday() > FRIDAY:
            found += timedelta(days=1)
    return found
