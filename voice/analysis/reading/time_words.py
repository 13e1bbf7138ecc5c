"""The words of a language that say something about days and times, as symbols: ``W1`` a Tuesday, ``N3`` a number."""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from voice.analysis.reading.words import Turn, fold

FILE: Final = Path(__file__).parent / "data" / "times.tsv"
MAX_PHRASE: Final = 5
_DIGITS: Final = re.compile(r"\d{1,4}")
CLOCK: Final = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)")
DATE: Final = re.compile(r"([0-3]?\d)[./]([01]?\d)(?:[./](\d{2}|\d{4}))?")
_ORDINAL: Final = re.compile(r"st|nd|rd|th")
_COMPOUND: Final = re.compile(
    r"(montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)(morgen|fruh|vormittag|mittag|nachmittag|abend)s?"
)
_PARTS: Final = {
    "morgen": "Pmorning",
    "fruh": "Pmorning",
    "vormittag": "Pmorning",
    "mittag": "Pnoon",
    "nachmittag": "Pafternoon",
    "abend": "Pevening",
}


class Symbol(NamedTuple):
    """What words mean for the grammar, and which words of the turn they are."""

    name: str
    first: int
    last: int


def symbols(turn: Turn, language: str) -> list[Symbol]:
    """Return the symbols of a turn's words. A word that says nothing about time is ``w``."""
    known = lexicon(language)
    found: list[Symbol] = []
    place, words = 0, turn.words
    while place < len(words):
        for length in range(min(MAX_PHRASE, len(words) - place), 0, -1):
            names = known.get(" ".join(word.form for word in words[place : place + length]))
            if names is not None:
                found.extend(Symbol(name, place, place + length) for name in names)
                place += length
                break
        else:
            found.extend(_of_word(turn, place, language))
            place += 1
    return found


@cache
def lexicon(language: str) -> dict[str, tuple[str, ...]]:
    """Return the symbols of the phrases of a language."""
    found: dict[str, tuple[str, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        of, names, phrase = line.split("\t")
        if of == language:
            found[fold(phrase)] = tuple(names.split())
    return found


def _of_word(turn: Turn, place: int, language: str) -> list[Symbol]:
    form = turn.words[place].form
    if form in (".", "?"):
        return [Symbol(form, place, place + 1)]
    if form in ("am", "pm"):
        return [Symbol(form.upper(), place, place + 1)]
    if language == "de" and (found := _COMPOUND.fullmatch(form)):
        day = lexicon("de")[found[1]][0]
        return [Symbol(day, place, place + 1), Symbol(_PARTS[found[2]], place, place + 1)]
    if form.endswith("s") and turn.text[turn.words[place].start : turn.words[place].end][-2:-1] in "'’":
        # "Three's fine", "Monday's better".
        names = lexicon(language).get(form[:-1], ("w",))
        return [Symbol(name, place, place + 1) for name in names]
    if form[0].isdigit():
        return [Symbol(_number(turn, place, language), place, place + 1)]
    if _ORDINAL.fullmatch(form) and place and _DIGITS.fullmatch(turn.words[place - 1].form):
        return [Symbol("TH", place, place + 1)]
    return [Symbol("w", place, place + 1)]


def _number(turn: Turn, place: int, language: str) -> str:
    form = turn.words[place].form
    if _DIGITS.fullmatch(form):
        return f"N{int(form)}"
    if ":" in form and CLOCK.fullmatch(form):
        return f"T{form}"
    if (found := DATE.fullmatch(form)) and ("/" in form or found[3] or not _is_clock(turn, place)):
        return f"X{form}"
    return f"T{form.replace('.', ':')}" if CLOCK.fullmatch(form) else "w"


def _is_clock(turn: Turn, place: int) -> bool:
    """Return whether "15.30" is a time: minutes that are no month, or a word for the clock beside it."""
    minute = int(turn.words[place].form.split(".")[1])
    beside = {turn.words[each].form for each in (place - 1, place + 1) if 0 <= each < len(turn.words)}
    return minute > 12 or minute == 0 or bool(beside & {"uhr", "h", "um", "at", "am", "pm", "heures", "horas"})
