"""Tell whether a model repeats what it was told in confidence, so that nobody is shown it.

A model that obeys whatever it reads can be talked into repeating its instructions. Its answer is compared with them
word by word, whatever stands between the words, and letter by letter, also backwards, in rot13, base64 and hexadecimal
digits. The data in a prompt is the reader's own, and no secret.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

# Shorter runs of words stand in answers that repeat nothing.
RUN: Final = 12
# A streamed answer waits while its last words are a run of at least so many.
SUSPICIOUS: Final = 3
# Runs of letters, wherever words begin: twice as many in a row are certain to hold one of them.
LETTERS: Final = 60
_WORD: Final = re.compile(r"\w+")
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_MARK: Final = re.compile(r"data-[0-9a-f]{16}", re.IGNORECASE)
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]{60,}")


class Secrecy:
    """The instructions of one call."""

    def __init__(self, confidential: Iterable[str]) -> None:
        texts = list(confidential)
        self._texts = [f" {' '.join(_words(text))} " for text in texts]
        # A short instruction is repeated as a whole.
        self._whole = [text for text in self._texts if SUSPICIOUS <= len(text.split()) < RUN]
        letters = [_letters(text) for text in texts]
        self._windows = [
            text[at : at + LETTERS] for text in letters for at in range(0, len(text) - LETTERS + 1, LETTERS)
        ]

    def broken_by(self, text: str) -> bool:
        """Return whether a text repeats an instruction, or the delimiter of fenced text."""
        if _MARK.search(text):
            return True
        said = _words(text)
        joined = f" {' '.join(said)} "
        if any(whole in joined for whole in self._whole):
            return True
        runs = (f" {' '.join(said[at : at + RUN])} " for at in range(len(said) - RUN + 1))
        if any(run in each for run in runs for each in self._texts):
            return True
        return any(window in letters for letters in _disguises(text) for window in self._windows)

    def shown(self, text: str) -> int:
        """Return how many characters of an unfinished text can be shown: those before a run that may go on."""
        found = list(_WORD.finditer(text))
        held = len(text)
        for length in range(SUSPICIOUS, min(RUN, len(found)) + 1):
            first = found[-length].start()
            # The last word may be unfinished.
            run = f" {' '.join(_words(text[first:]))}"
            if not any(run in each for each in self._texts):
                break
            held = first
        marked = text.lower().rfind("data-")
        return min(held, marked) if marked >= max(0, len(text) - 30) else held


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _disguises(text: str) -> Iterator[str]:
    """Yield the letters of a text, and of what it may hide."""
    plain = _letters(text)
    yield plain
    yield plain[::-1]
    yield codecs.encode(plain, "rot13")
    for found in _ENCODED.findall(text):
        for start in range(4):
            # A piece of a longer code begins anywhere.
            part = found[start:].rstrip("=")
            try:
                yield _letters(base64.b64decode(part[: len(part) // 4 * 4], altchars=b"-_").decode(errors="ignore"))
            except (binascii.Error, ValueError):
                continue
    for found in _HEXADECIMAL.findall(text):
        yield _letters(bytes.fromhex(found[: len(found) // 2 * 2]).decode(errors="ignore"))
