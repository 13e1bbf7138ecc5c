"""The filters of templates: an allowed list, each held to a size, each passing on a missing value."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Protocol

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from liquid import Environment, Undefined
from liquid.exceptions import FilterArgumentError

Filter = Callable[..., Any]

MAX_TEXT_LENGTH: Final = 100_000
MAX_ITEMS: Final = 1_000
MAX_NUMBER: Final = 10**15
# Work is counted in nodes; so many characters in a filter count as one.
CHARACTERS_PER_UNIT: Final = 500

BUILT_IN: Final = [
    "abs",
    "at_least",
    "at_most",
    "ceil",
    "divided_by",
    "floor",
    "minus",
    "modulo",
    "plus",
    "round",
    "times",
    "append",
    "capitalize",
    "default",
    "downcase",
    "escape",
    "first",
    "join",
    "last",
    "lstrip",
    "newline_to_br",
    "prepend",
    "remove",
    "remove_first",
    "replace_first",
    "rstrip",
    "size",
    "slice",
    "split",
    "squish",
    "strip",
    "strip_html",
    "truncate",
    "truncatewords",
    "upcase",
    "url_encode",
]


class Filling(Protocol):
    """One filling of a template, which counts its work."""

    env: Environment
    language: str

    def charge(self, work: int) -> None: ...


def allowed_filters(environment: Environment) -> dict[str, Filter]:
    """Return the filters that templates may use, by name."""
    found = {name: environment.filters[name] for name in BUILT_IN}
    found.update(replace=_replace, date=_date, add_days=_add_days, add_working_days=_add_working_days)
    return {name: _guarded(name, function) for name, function in found.items()}


def _guarded(name: str, function: Filter) -> Filter:
    """Return the filter with limits on what it takes and gives. A missing value stays missing, except in default."""
    in_environment = getattr(function, "with_environment", False)
    in_context = function in (_date,)

    def guarded(value: Any, *arguments: Any, context: Filling, **options: Any) -> Any:
        if name == "default":
            return function(value, *arguments, **options)
        if isinstance(value, Undefined):
            return value
        for each in (value, *arguments):
            context.charge(1 + _size(each, name) // CHARACTERS_PER_UNIT)
        if any(isinstance(each, Undefined) for each in arguments):
            arguments = tuple(str(each) if isinstance(each, Undefined) else each for each in arguments)
        if in_environment:
            options["environment"] = context.env
        if in_context:
            options["language"] = context.language
        result = function(value, *arguments, **options)
        _size(result, name)
        return result

    guarded.with_context = True  # type: ignore[attr-defined]  # read by the library
    return guarded


def _size(value: Any, name: str) -> int:
    """Return the number of characters or items. Raises FilterArgumentError if there are too many."""
    if isinstance(value, str):
        size, limit = len(value), MAX_TEXT_LENGTH
    elif isinstance(value, range):
        size, limit = max(value.stop - value.start, 0), MAX_ITEMS
    elif isinstance(value, (list, tuple, Mapping)):
        size, limit = len(value), MAX_ITEMS
    elif isinstance(value, (int, float, Decimal)):
        # A comparison with NaN is never true.
        size, limit = 0, 0 if -MAX_NUMBER <= value <= MAX_NUMBER else -1
    else:
        return 0
    if size > limit:
        raise FilterArgumentError(f"“{name}” was given or made more than a message can hold.", token=None)
    return size


def _replace(value: object, old: object, new: object = "") -> str:
    """Return the text with each occurrence replaced. The size of the result is known before it is made."""
    text = value if isinstance(value, str) else str(value)
    sought, put = str(old), new if isinstance(new, str) else str(new)
    if len(text) + (text.count(sought)) * (len(put) - len(sought)) > MAX_TEXT_LENGTH:
        raise FilterArgumentError("“replace” was given or made more than a message can hold.", token=None)
    return text.replace(sought, put)


class Weekday(date):
    """A day that is written as the name of its weekday."""


# Names of formats, and the directives of strftime with the patterns of Unicode that mean the same.
_NAMED: Final = ("short", "medium", "long", "full")
_DIRECTIVES: Final = {
    "a": "EEE",
    "A": "EEEE",
    "b": "MMM",
    "B": "MMMM",
    "d": "dd",
    "e": "d",
    "H": "HH",
    "I": "hh",
    "j": "DDD",
    "m": "MM",
    "M": "mm",
    "p": "a",
    "S": "ss",
    "y": "yy",
    "Y": "yyyy",
    "-d": "d",
    "-m": "M",
    "-H": "H",
    "-I": "h",
}


@lru_cache(maxsize=500)
def locale_of(language: str) -> Locale:
    """Return the customs of a language such as de or pt-BR; English ones for a language that is not known."""
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


def in_words(value: date, format: str, language: str) -> str:
    """Return the date in the words of the language.

    ``format`` is short, medium, long, full, or directives such as ``%A %-d %B``. Empty means the day of the week for
    a Weekday, and long for other dates.
    """
    locale = locale_of(language)
    if not format:
        format = "EEEE" if isinstance(value, Weekday) else "long"
        # A moment is written as its day.
        value = date(value.year, value.month, value.day)
    elif format not in _NAMED:
        format = _pattern(format)
    if isinstance(value, datetime):
        return format_datetime(value, format, locale=locale)
    return format_date(value, format, locale=locale)


def _pattern(directives: str) -> str:
    """Return the Unicode pattern. Raises FilterArgumentError for a directive that does not exist."""
    pattern, position = [], 0
    while position < len(directives):
        character = directives[position]
        if character != "%":
            pattern.append(f"'{character}'" if character.isalpha() else character.replace("'", "''"))
            position += 1
            continue
        size = 3 if directives[position + 1 : position + 2] == "-" else 2
        directive = directives[position + 1 : position + size]
        if directive == "%":
            pattern.append("'%'")
        elif directive in _DIRECTIVES:
            pattern.append(_DIRECTIVES[directive])
        else:
            problem = f"“%{directive}” is no part of a date. Use for example %A, %-d, %B and %Y, or “long”."
            raise FilterArgumentError(problem, token=None)
        position += size
    return "".join(pattern)


def _date(value: object, format: object = "long", *, language: str) -> object:
    if isinstance(value, date):
        return in_words(value, str(format), language)
    if isinstance(value, str):
        try:
            return in_words(datetime.fromisoformat(value), str(format), language)
        except ValueError:
            return value
    return value


def _add_days(value: object, days: object = 1) -> object:
    return _moved(value, _days(days))


def _add_working_days(value: object, days: object = 1) -> object:
    """Return the date so many working days later, counting from Monday to Friday."""
    left = _days(days)
    step = 1 if left >= 0 else -1
    day: Any = value
    while left and isinstance(day, date):
        day = _moved(day, step)
        if day.weekday() < 5:
            left -= step
    return day


def _moved(value: Any, days: int) -> Any:
    # A date of the recipient's stays one.
    return value + timedelta(days=days) if isinstance(value, date) else value


_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,4}")


def _days(days: object) -> int:
    written = str(days)
    if _WHOLE_NUMBER.fullmatch(written) and abs(int(written)) <= MAX_ITEMS:
        return int(written)
    raise FilterArgumentError(f"The number of days must be a whole number up to {MAX_ITEMS}.", token=None)
