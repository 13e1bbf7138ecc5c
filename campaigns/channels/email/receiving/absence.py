"""Read from an absence note until when its writer is away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from campaigns.channels.email.receiving.absence_words import LANGUAGES, AbsenceWords
from campaigns.channels.email.receiving.words import likely_language, spaced, words

DEFAULT_ABSENCE: Final = timedelta(days=7)
# A date farther away is a mistake, or means something else.
LONGEST_ABSENCE: Final = timedelta(days=365)
# A date without a year that is no longer ago than this was meant for this year.
RECENT: Final = timedelta(days=60)
WORDS_BEFORE: Final = 6
WORDS_BEHIND: Final = 4
MAX_WORDS_IN_DATE: Final = 8
MAX_DAYS_IN_MONTH: Final = 31
MONTHS_IN_YEAR: Final = 12
SHORT_YEARS: Final = range(20, 80)
LONG_YEARS: Final = range(2020, 2080)
# Words between the parts of a date: "3rd of March", "3 de marzo", "den 3. März", "3-go marca".
FILLERS: Final = frozenset(
    {
        ".",
        "/",
        "-",
        "of",
        "de",
        "del",
        "do",
        "the",
        "st",
        "nd",
        "rd",
        "th",
        "er",
        "den",
        "dem",
        "من",
        "go",
        "ta",
        "te",
        "da",
    }
)
# How sure each kind of hint is. A date without one is no date of return.
BACK, UNTIL, RANGE, AWAY = 4, 3, 2, 1


@dataclass(frozen=True, slots=True)
class _Found:
    """A day in the text, and the words it takes."""

    day: date
    begin: int
    end: int


def away_until(text: str, *, received: date, month_first: bool = False) -> date | None:
    """Return the day that the note names for the return, or None if it names none that is still to come.

    "Until 3 March" may mean that the writer is back on that day or on the next; whoever waits for them waits for the
    day after. ``month_first`` says that 3/4 is a day in March.
    """
    language = likely_language(text)
    known = [LANGUAGES[language]] if language == "en" else [LANGUAGES[language], LANGUAGES["en"]]
    month_first = language == "ja" or (month_first and language == "en")
    read = words(spaced(text) if language == "ja" else text)
    for vocabulary in known:
        found = _return_day(read, vocabulary, received=received, month_first=month_first)
        if found is not None:
            return found
    return None


def _return_day(text: list[str], known: AbsenceWords, *, received: date, month_first: bool) -> date | None:
    days = list(_days(text, known, received=received, month_first=month_first))
    best: tuple[int, date] | None = None
    for number, found in enumerate(days):
        before = text[max(days[number - 1].end if number else 0, found.begin - WORDS_BEFORE) : found.begin]
        behind = text[found.end : found.end + WORDS_BEHIND]
        if number + 1 < len(days):
            behind = behind[: max(0, days[number + 1].begin - found.end)]
        hint = _hint(before, behind, known, follows=number > 0 and found.begin - days[number - 1].end <= WORDS_BEHIND)
        in_time = received <= found.day <= received + LONGEST_ABSENCE
        if hint and in_time and (best is None or hint > best[0]):
            best = (hint, found.day)
    return best[1] if best else None


def _hint(before: Sequence[str], behind: Sequence[str], known: AbsenceWords, *, follows: bool) -> int:
    """Return how the words around a day say that it ends the absence, or 0."""
    if known.until_after.within(behind):
        return UNTIL
    if known.until.within(before):
        return UNTIL
    if known.back_after.within(behind) or known.back.within(before):
        return BACK
    if follows and known.joins.within(before):
        return RANGE
    return AWAY if known.away.within(before) else 0


def _days(text: list[str], known: AbsenceWords, *, received: date, month_first: bool) -> Iterator[_Found]:
    position = 0
    while position < len(text):
        found = (
            _numeric(text, position, received=received, month_first=month_first)
            or _named(text, position, known.months, received=received)
            or _relative(text, position, known, received=received)
        )
        if found is not None:
            yield found
            position = found.end
        else:
            position += 1


def _numeric(text: list[str], position: int, *, received: date, month_first: bool) -> _Found | None:
    """Read 2026-03-03, 3.3.2026, 3.3., 3/3/26 and the like."""
    numbers: list[int] = []
    end = position
    separator = ""
    while end < len(text) and text[end].isdecimal() and len(text[end]) <= len("2026") and len(numbers) < 3:
        numbers.append(int(text[end]))
        end += 1
        if (
            len(numbers) == 3
            or end >= len(text)
            or text[end] not in (".", "/", "-")
            or separator not in ("", text[end])
        ):
            break
        separator = text[end]
        end += 1
    if not separator or len(numbers) < 2 or (len(numbers) == 2 and separator == "-"):
        return None
    if numbers[0] in LONG_YEARS and len(numbers) == 3:
        day = _date(numbers[0], numbers[1], numbers[2])
    else:
        first, second = numbers[:2]
        # Americans write the month first. What cannot be a month is the day.
        swapped = (month_first and separator == "/" and first <= MONTHS_IN_YEAR) or second > MONTHS_IN_YEAR
        day_number, month = (second, first) if swapped else (first, second)
        day = _in_year(_year(numbers[2]) if len(numbers) == 3 else None, month, day_number, received)
    if day is None:
        return None
    if len(numbers) == 2 and end < len(text) and text[end] == ".":
        end += 1
    return _Found(day, position, end)


def _named(text: list[str], position: int, months: Mapping[tuple[str, ...], int], *, received: date) -> _Found | None:
    """Read 3 March 2026, March 3rd, 3 de marzo de 2026 and the like."""
    if text[position].isdecimal():
        day, at = _day_number(text[position]), _skip(text, position + 1)
        month, at = _month(text, at, months)
    else:
        month, at = _month(text, position, months)
        at = _skip(text, at) if month else at
        day = _day_number(text[at]) if month and at < len(text) else 0
        at += 1
    if not month or not day:
        return None
    following = _skip(text, at)
    year = _year(int(text[following])) if following < len(text) and _is_number(text[following], 4) else None
    found = _in_year(year, month, day, received)
    return _Found(found, position, following + 1 if year else at) if found else None


def _relative(text: list[str], position: int, known: AbsenceWords, *, received: date) -> _Found | None:
    """Read the name of a weekday, "tomorrow" and "next week"."""
    for name, number in known.weekdays.items():
        # Short names are words of their own in most languages.
        if tuple(text[position : position + len(name)]) == name and sum(map(len, name)) > 3:
            following = _skip(text, position + len(name))
            if following < len(text) and (text[following].isdecimal() or _month(text, following, known.months)[0]):
                return None
            ahead = (number - 1 - received.weekday()) % 7 or 7
            return _Found(received + timedelta(days=ahead), position, position + len(name))
    if length := known.tomorrow.at(text, position):
        return _Found(received + timedelta(days=1), position, position + length)
    if length := known.next_week.at(text, position):
        return _Found(received + timedelta(days=7 - received.weekday()), position, position + length)
    return None


def _month(text: list[str], position: int, months: Mapping[tuple[str, ...], int]) -> tuple[int, int]:
    """Return the month named at the position and where its name ends; 0 if none is."""
    for length in (3, 2, 1):
        month = months.get(tuple(text[position : position + length]))
        if month:
            return month, position + length
    return 0, position


def _skip(text: list[str], position: int) -> int:
    """Return the position behind words that may stand inside a date."""
    for _number in range(MAX_WORDS_IN_DATE):
        if position >= len(text) or text[position] not in FILLERS:
            break
        position += 1
    return position


def _is_number(word: str, length: int) -> bool:
    return word.isdecimal() and len(word) <= length


def _day_number(word: str) -> int:
    return int(word) if _is_number(word, 2) and int(word) <= MAX_DAYS_IN_MONTH else 0


def _year(number: int) -> int | None:
    if number in SHORT_YEARS:
        return 2000 + number
    return number if number in LONG_YEARS else None


def _in_year(year: int | None, month: int, day: int, received: date) -> date | None:
    """Return the day. Without a year it is the next one, or the last if that was just now."""
    if year is not None:
        return _date(year, month, day)
    years = (received.year - 1, received.year, received.year + 1)
    days = [found for each in years if (found := _date(each, month, day)) and found >= received - RECENT]
    return min(days, default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
