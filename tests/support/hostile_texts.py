"""Make long texts with which a regular expression backtracks most."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

# The types of the standard library leave them out.
codes: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

LENGTH: Final = 100_000
MAX_UNITS: Final = 8
MAX_PREFIX: Final = 60
# A pattern of hundreds of alternatives has as many repeats.
MAX_PREFIXES: Final = 25
REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
CATEGORIES: Final = {
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_DIGIT: "0",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_NOT_WORD: "-",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A recipe of a long text: a unit, or two one after the other, repeated between a beginning and an end."""

    unit: str
    beginning: str = ""
    end: str = "!"
    second: str = ""

    def of(self, length: int) -> str:
        """Return the text, about this many characters long."""
        if self.second:
            half = length // 2
            middle = self.unit * (half // len(self.unit)) + self.second * (half // len(self.second))
        else:
            middle = self.unit * (length // len(self.unit))
        return f"{self.beginning}{middle}{self.end}"


def hostile_texts(pattern: str | bytes, *, pairs: bool = True) -> Iterator[Text]:
    """Yield long texts made of what the pattern itself asks for: where backtracking is worst."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(text)
    runs = list(dict.fromkeys([*_runs(tree), " ", "a", "0", "-"]))[:MAX_UNITS]
    prefixes = [""]
    for optional in (True, False):
        prefixes.append(_witness(tree, prefixes, optional=optional))
    prefixes = list(dict.fromkeys(text for text in prefixes if len(text) <= MAX_PREFIX))[:MAX_PREFIXES]
    for unit in runs:
        for prefix in prefixes:
            for tail in ("", "!\0", "\n!"):
                yield Text(unit, prefix, tail)
    for first in runs if pairs else ():
        for second in runs:
            if first != second:
                yield Text(first + second)
                yield Text(first, second=second)


def plain_texts() -> Iterator[Text]:
    """Yield long texts for functions whose patterns are not known."""
    for unit in (" ", "a", "0", "-", ".", "\n", "{{", "eyJ", "a@", "a.", "<", "(", "[", "+0", ",", "%", '"', "/", "é"):
        for prefix in ("", "a@b.", "https://a.", "2026-12-24 ", "{{"):
            yield Text(unit, prefix)


def _runs(tree: Any) -> Iterator[str]:
    """Yield the literal texts of a parsed pattern, and a character of each of its classes."""
    run = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        character = _character(code, argument)
        if character:
            yield character
        for inner in _inner(code, argument):
            yield from _runs(inner)
    if run:
        yield run


def _witness(tree: Any, reached: list[str], *, optional: bool, before: str = "") -> str:
    """Return a text that the pattern matches after ``before``, with or without its optional parts.

    Each beginning of it after which a repeat follows is added to ``reached``: a text backtracks in a repeat, and only
    if it matches all that stands before.
    """
    text = before
    for code, argument in tree:
        if code is codes.LITERAL:
            text += chr(argument)
        elif code in REPEATS:
            least, _most, inner = argument
            reached.append(text)
            once = _witness(inner, reached, optional=optional, before=text)[len(text) :]
            text += once * max(int(optional), min(least, MAX_PREFIX))
        elif code is codes.SUBPATTERN:
            text = _witness(argument[-1], reached, optional=optional, before=text)
        elif code is codes.BRANCH:
            text, *_others = [_witness(branch, reached, optional=optional, before=text) for branch in argument[1]]
        elif code is codes.ATOMIC_GROUP:
            text = _witness(argument, reached, optional=optional, before=text)
        else:
            text += _character(code, argument)
    return text


def _inner(code: Any, argument: Any) -> Iterable[Any]:
    if code in REPEATS:
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code is codes.ATOMIC_GROUP:
        return [argument]
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    return []


def _character(code: Any, argument: Any) -> str:
    if code is codes.ANY:
        return "a"
    if code is codes.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if code is not codes.IN:
        return ""
    negated = argument[0][0] is codes.NEGATE
    if negated:
        excluded = {chr(value) for kind, value in argument if kind is codes.LITERAL}
        return next(each for each in "a0 -.\x01" if each not in excluded)
    kind, value = argument[0]
    if kind is codes.LITERAL:
        return chr(value)
    return chr(value[0]) if kind is codes.RANGE else CATEGORIES.get(value, "")
