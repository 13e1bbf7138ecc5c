"""Split what was said into words that compare equal however speech-to-text or people write them."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

# Longer turns are read up to here.
MAX_TURN: Final = 8_000
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "ـ": "", "ء": "", "़": "", "ँ": "ं"}
    | dict.fromkeys("أإآٱ", "ا")
    | {"ى": "ي", "ی": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ک": "ك"}
    | {chr(0x660 + digit): str(digit) for digit in range(10)}
    | {chr(0x966 + digit): str(digit) for digit in range(10)}
)
_TOKEN: Final = re.compile(
    r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}"
    r"|\d{1,12}(?:[:.,/]\d{1,3}){0,4}(?!\d)|\d+"
    r"|[ap]\.\s?m\b\.?"
    r"|(?:[^\W\d_]|[\u0900-\u0963\u0971-\u097f])+(?:['’`´](?:t|s|m|re|ve|ll|d)\b)?"
    r"|[.?!…؟।;%$€£]"
)
_APOSTROPHES: Final = re.compile(r"['’`´]")
_MERIDIEM: Final = re.compile(r"[ap]\.\s?m\.?")
# A mark that ends a sentence, as a word of its own: phrases do not go over it.
STOPS: Final = frozenset(".?")


class Word(NamedTuple):
    """One word in the form that is compared, and where it stands in the text."""

    form: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said at a time. ``index`` is its place in the transcript, from 0."""

    index: int
    role: str
    text: str
    words: tuple[Word, ...]
    # The forms in one line, and where in it each word begins.
    line: str
    starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, index: int, role: str, text: str) -> "Turn":
        words = split(text[:MAX_TURN])
        starts, at = [], 0
        for word in words:
            starts.append(at)
            at += len(word.form) + 1
        return cls(index, role, text, words, " ".join(word.form for word in words), tuple(starts))

    @property
    def count(self) -> int:
        """Return how many words it has, marks left out."""
        return sum(1 for word in self.words if word.form not in STOPS)

    def said(self, first: int, last: int) -> str:
        """Return the text of the words from ``first`` up to and without ``last``, as it was said."""
        return self.text[self.words[first].start : self.words[last - 1].end] if first < last else ""


def split(text: str) -> tuple[Word, ...]:
    """Return the words of a text in order. Takes time that grows with the length of the text only."""
    folded, places = _folded_with_places(text)
    found = []
    for match in _TOKEN.finditer(folded):
        form = _form(match.group())
        found.append(Word(form, places[match.start()], places[match.end() - 1] + 1))
    return tuple(found)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, to write sets of words without quotation marks."""
    return frozenset(text.split())


def fold(text: str) -> str:
    """Return the words of a text in the form that is compared, in one line."""
    return " ".join(word.form for word in split(text))


def _form(piece: str) -> str:
    if _MERIDIEM.fullmatch(piece):
        return f"{piece[0]}m"
    if piece in "!…।;":
        return "."
    return "?" if piece == "؟" else _APOSTROPHES.sub("", piece)


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """Return the text in small letters without accents, and for each letter where it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        folded = _letter(letter)
        letters.append(folded)
        places.extend([place] * len(folded))
    return "".join(letters), places


@lru_cache(maxsize=5_000)
def _letter(letter: str) -> str:
    known = letter.casefold().translate(_LETTERS)
    if known != letter.casefold():
        return known
    if "\u0900" <= letter <= "\u097f":
        # The vowels of Devanagari are marks, and part of the word.
        return "".join(each for each in unicodedata.normalize("NFKD", letter) if each != "\u093c")
    decomposed = unicodedata.normalize("NFKD", known)
    return "".join(each for each in decomposed if not unicodedata.combining(each)).translate(_LETTERS)
