"""Find phrases of known meaning in what was said.

``data/cues.tsv`` has one phrase a line: its kind, and words as people say them. ``(a|b)`` offers words, ``(a|)`` words
that may be missing, ``_`` stands for up to three other words. Accents, apostrophes and marks do not matter.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from voice.analysis.reading.words import Turn, fold

FILE: Final = Path(__file__).parent / "data" / "cues.tsv"
# Phrases of one kind that are looked at in one turn. Nobody says more.
MAX_CUES: Final = 40
_PIECE: Final = re.compile(r"[()|]|[^()|]+")
# A group that may be missing takes its space with it.
_MAY_COME_FIRST: Final = re.compile(r"\(([^()]*)\|\) ")
_MAY_FOLLOW: Final = re.compile(r" \(([^()]*)\|\)")
_GROUP: Final = re.compile(r"\((?!\?)")
_MARK: Final = re.compile(r"[^\w\s]")
# In Arabic, "and" is a part of the word that follows.
_AND: Final = "[وف]?"
# Up to three words of the same sentence.
_GAP: Final = r"(?: (?![.?] )[^ ]{1,40}){0,3}"


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that was said: its kind, and the words of its turn."""

    kind: str
    turn: int
    first: int
    last: int
    words: str


def find(turn: Turn, kinds: Iterable[str]) -> list[Cue]:
    """Return the phrases of these kinds in a turn, in the order of the words."""
    found = []
    for kind in kinds:
        for match in islice(_PATTERNS[kind].finditer(turn.line), MAX_CUES):
            first = bisect_left(turn.starts, match.start())
            last = bisect_right(turn.starts, match.end() - 1)
            if first < last:
                found.append(Cue(kind, turn.index, first, last, turn.said(first, last)))
    return sorted(found, key=lambda each: (each.first, -each.last))


def has(turn: Turn, kind: str) -> bool:
    """Return whether a phrase of the kind is in the turn."""
    return _PATTERNS[kind].search(turn.line) is not None


def begins(turn: Turn, kind: str) -> bool:
    """Return whether the turn begins with a phrase of the kind."""
    return _PATTERNS[kind].match(turn.line) is not None


def _read() -> dict[str, str]:
    """Return one regular expression for each kind."""
    phrases = defaultdict(list)
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, tab, phrase = line.partition("\t")
        if not tab or not phrase.strip():
            raise ValueError(f"Line {number} of {FILE.name} has no tab and phrase.")
        phrases[kind].append(_expression(phrase.strip()))
    # Longer phrases first: of two that begin at one word, the longer is meant.
    return {
        kind: rf"(?<!\S){_AND}(?:{'|'.join(sorted(set(found), key=len, reverse=True))})(?!\S)"
        for kind, found in phrases.items()
    }


def _expression(phrase: str) -> str:
    """Return the regular expression of a phrase."""
    text = "".join(part if part in "()|" else _words(part) for part in _PIECE.findall(phrase))
    text = _MAY_COME_FIRST.sub(r"(?:(?:\1) )?", text)
    text = _MAY_FOLLOW.sub(r"(?: (?:\1))?", text)
    text = _GROUP.sub("(?:", text)
    return text.replace(" _ ", f"{_GAP} ")


def _words(text: str) -> str:
    """Return the words of a part of a phrase as they are compared, with the spaces around them."""
    kept = " ".join("_" if each == "_" else _MARK.sub(r"\\\g<0>", fold(each)) for each in text.split())
    if not kept:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{kept}{' ' if text[-1].isspace() else ''}"


_PATTERNS: Final = {kind: re.compile(expression) for kind, expression in _read().items()}
