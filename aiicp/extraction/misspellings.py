"""Correct misspelled words to words that the extractor knows, and nothing that is a word of its own."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from typing import Final

from aiicp.extraction.vocabulary import DATA, known_words

# Shorter words must be exact: most of their neighbours are words as well.
SHORTEST: Final = 5
# From this length on two letters may be wrong.
LONG: Final = 9
# Words of their own that are nearly always typed for another one here.
SLIPS: Final = {"manger": "manager", "mangers": "managers", "manging": "managing", "diretor": "director"}


class Misspellings:
    """The known words, by what remains of them when a letter, or all vowels, are left out."""

    def __init__(self, words: Collection[str], *, ordinary: Collection[str]) -> None:
        self.ordinary = ordinary
        self._words = words
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        self._indexes: dict[str, tuple[dict[str, list[str]], dict[str, list[str]]]] = {}
        for word in sorted(words):
            if len(word) >= SHORTEST and word.isalpha():
                self._by_letter[word[0]].append(word)

    def _index(self, letter: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return the words that begin with a letter, by what remains without one letter and without vowels.

        The first letter of a word is rarely wrong, so each letter has an index of its own, made when it is needed.
        """
        if letter not in self._indexes:
            shorter: dict[str, list[str]] = defaultdict(list)
            skeletons: dict[str, list[str]] = defaultdict(list)
            for word in self._by_letter.get(letter, ()):
                for each in _without_one(word):
                    shorter[each].append(word)
                if len(word) >= LONG:
                    skeletons[_skeleton(word)].append(word)
            self._indexes[letter] = (shorter, skeletons)
        return self._indexes[letter]

    def correct(self, word: str) -> str:
        """Return the known word that was meant, or an empty string. Nothing is returned when two are as near."""
        if word in SLIPS:
            return SLIPS[word]
        if len(word) < SHORTEST or not word.isalpha() or word in self._words or word in self.ordinary:
            return ""
        near = set(self.candidates(word))
        if not near and len(word) >= LONG - 1:
            near = {each for each in self._index(word[0])[1].get(_skeleton(word), ()) if distance(each, word, 2) <= 2}
        return near.pop() if len(near) == 1 else _nearest(near, word)

    @lru_cache(maxsize=10_000)  # noqa: B019  (there is one of these in a process)
    def candidates(self, word: str) -> tuple[str, ...]:
        """Return the known words that are one letter away, sorted."""
        if len(word) < SHORTEST or not word.isalpha():
            return ()
        index = self._index(word[0])[0]
        found = set(index.get(word, ()))
        for shorter in _without_one(word):
            found.update(index.get(shorter, ()))
            if shorter in self._words:
                found.add(shorter)
        return tuple(sorted(each for each in found if each[0] == word[0] and distance(each, word, 1) <= 1))


@cache
def misspellings() -> Misspellings:
    """Return the corrections to the words of the gazetteers."""
    ordinary = frozenset(DATA.joinpath("words.txt").read_text(encoding="utf-8").split())
    return Misspellings(known_words(), ordinary=ordinary)


def distance(one: str, other: str, most: int) -> int:
    """Return the number of letters added, left out, changed or swapped with the next, or more than ``most``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != against))
            if before_last and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before_last[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before_last, last = last, line
    return last[-1]


def _nearest(words: set[str], word: str) -> str:
    """Return the one of several that has the same letters, or that lacks one of its own, if it is alone in that."""
    swapped = [each for each in words if sorted(each) == sorted(word)]
    shortened = [each for each in words if len(each) == len(word) + 1]
    for alike in (swapped, shortened):
        if len(alike) == 1:
            return alike[0]
    # Two spellings of a long word mean the same in two languages: recruitment, recrutement.
    return min(words) if words and len(word) >= LONG else ""


def _without_one(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _skeleton(word: str) -> str:
    kept = [word[0]]
    for letter in word[1:]:
        if letter not in "aeiouy" and letter != kept[-1]:
            kept.append(letter)
    return "".join(kept)
