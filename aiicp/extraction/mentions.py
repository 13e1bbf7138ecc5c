"""Find the names of the gazetteers in a text, with misspellings corrected, before anything is decided about them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from aiicp.extraction.cues import cues
from aiicp.extraction.folding import Token, singular, tokenise
from aiicp.extraction.languages import detect
from aiicp.extraction.misspellings import SHORTEST as _SHORTEST
from aiicp.extraction.misspellings import misspellings
from aiicp.extraction.vocabulary import Entry, Vocabulary, vocabulary

# Longer than any name.
MOST_WORDS: Final = 8
EXACT, CORRECTED = 0.95, 0.75
_CUE_LENGTHS: Final = (1, 2, 3, 4, 5)
# Arabic words carry "and", "in", "for" and the article as letters.
_ARABIC_PREFIXES: Final = ("وال", "بال", "فال", "كال", "لل", "ول", "وب", "و", "ب", "ل", "ف", "ك")


@dataclass(slots=True)
class Mention:
    """A name in the text: its words from ``start`` up to ``stop``, and what it may mean."""

    entries: tuple[Entry, ...]
    start: int
    stop: int
    confidence: float = EXACT


@dataclass(slots=True)
class Reading:
    """A text as words, the names in it, and the cues: for each kind the words they begin at and their length."""

    text: str
    tokens: list[Token]
    mentions: list[Mention] = field(default_factory=list)
    cues: dict[str, dict[int, int]] = field(default_factory=dict)
    corrected: frozenset[int] = frozenset()
    # Arabic words whose first letters are "in", "to" or "for".
    prefixes: dict[int, str] = field(default_factory=dict)
    language: str = "en"

    def cue_at(self, kind: str, place: int) -> bool:
        return place in self.cues.get(kind, {})

    def cue_ends_at(self, kind: str, place: int) -> bool:
        """Return whether a cue's last word is the one before ``place``."""
        found = self.cues.get(kind, {})
        return any(found.get(place - length) == length for length in _CUE_LENGTHS) if found else False

    @property
    def shouts(self) -> bool:
        """Whether the text is in capitals only, so that they tell nothing."""
        return len(self.tokens) > 1 and self.text.isupper()

    def shown(self, start: int, stop: int) -> str:
        return self.text[self.tokens[start].start : self.tokens[stop - 1].end]


def read(text: str, *, language: str | None) -> Reading:
    """Return the words and names of the text. Without a language, it is detected."""
    tokens = tokenise(text)
    reading = Reading(text, tokens, language=language or detect(tokens))
    corrected: set[int] = set()
    for place, token in enumerate(reading.tokens):
        if known := _known(token, place, reading):
            reading.tokens[place] = known
            corrected.update({place} if known.form not in token.form and token.form.isascii() else ())
    reading.corrected = frozenset(corrected)
    runs = _runs(reading.tokens)
    _find_cues(reading, runs)
    _find_names(reading, runs)
    return reading


def _known(token: Token, place: int, reading: Reading) -> Token | None:
    """Return the token as a known word, or None when it is one or cannot be made one."""
    form = token.form
    if form in _first_words() or len(form) < 3:
        return _second_place(token, place, reading) if form[0] == "و" else None
    if "\u0600" <= form[0] <= "\u06ff":
        for prefix in _ARABIC_PREFIXES:
            rest = form.removeprefix(prefix)
            rest = rest.removeprefix("ال") if len(rest) > 4 else rest
            if rest != form and len(rest) > 2 and rest in _first_words():
                reading.prefixes[place] = prefix
                return token._replace(form=rest, stem=rest)
        return None
    if reading.language == "de" and form.endswith("n") and len(form) > _SHORTEST and form[:-1] in _first_words():
        # The dative of a plural: "bei Versicherern".
        return token._replace(form=form[:-1], stem=singular(form[:-1]))
    corrected = _corrected(form, place, reading)
    return token._replace(form=corrected, stem=corrected) if corrected else None


def _second_place(token: Token, place: int, reading: Reading) -> Token | None:
    """Return the city of "Riyadh and Jeddah": with "and" before it, Jeddah is spelled as a Moroccan city is."""
    rest = token.form.removeprefix("و")
    places = vocabulary().places.entries
    if place and rest != token.form and rest in places and token.form in places:
        return token._replace(form=rest, stem=rest) if reading.tokens[place - 1].form in places else None
    return None


# Words of other languages than English have more neighbours that are words and are not in the list of them.
_SHORTEST_ABROAD: Final = 7
_LONGEST_CORRECTED: Final = 30


def _corrected(form: str, place: int, reading: Reading) -> str:
    shortest = _SHORTEST if reading.language == "en" else _SHORTEST_ABROAD
    if not shortest <= len(form) <= _LONGEST_CORRECTED or not form.isalpha():
        return ""
    words = misspellings()
    if place + 1 < len(reading.tokens) and form not in words.ordinary:
        following = reading.tokens[place + 1]
        every = vocabulary()
        for each in words.candidates(form):
            if f"{each} {following.form}" in every.places.entries or f"{each} {following.stem}" in every.names.entries:
                return each
    return _best(form)


@lru_cache(maxsize=10_000)
def _best(form: str) -> str:
    words = misspellings()
    found = words.correct(form)
    if not found and form.endswith("s") and form[:-1] not in words.ordinary:
        found = words.correct(form[:-1])
    return found


@cache
def _first_words() -> frozenset[str]:
    """Return every word of a name or cue, none of which is a misspelling."""
    all_names = vocabulary()
    keys = (*all_names.names.entries, *all_names.places.entries, *cues().entries)
    words = {word for name in keys for word in name.split()}
    return frozenset(words | {f"{word}s" for word in words if word.isascii() and len(word) > 2})


def _runs(tokens: Sequence[Token]) -> list[int]:
    """Return for each word how many words from it on are joined to one phrase."""
    runs = [1] * len(tokens)
    for place in range(len(tokens) - 2, -1, -1):
        if tokens[place + 1].linked:
            runs[place] = runs[place + 1] + 1
    return runs


def _find_cues(reading: Reading, runs: list[int]) -> None:
    forms = [token.form for token in reading.tokens]
    found: dict[str, dict[int, int]] = defaultdict(dict)
    index = cues()
    for place, form in enumerate(forms):
        longest = index.longest.get(form)
        if longest is None:
            continue
        for length in range(min(longest, runs[place]), 0, -1):
            for entry in index.entries.get(" ".join(forms[place : place + length]), ()):
                found[entry.value].setdefault(place, length)
    reading.cues = dict(found)


def _find_names(reading: Reading, runs: list[int]) -> None:
    forms = [token.form for token in reading.tokens]
    stems = [token.stem for token in reading.tokens]
    every = vocabulary()
    place = 0
    named, located = every.names.longest, every.places.longest
    while place < len(forms):
        if stems[place] not in named and forms[place] not in located:
            place += 1
            continue
        mention = _longest(every, forms, stems, place, min(runs[place], MOST_WORDS))
        if mention is None:
            place += 1
            continue
        if reading.corrected.intersection(range(mention.start, mention.stop)):
            mention.confidence = CORRECTED
        reading.mentions.append(mention)
        place = mention.stop


def _longest(every: Vocabulary, forms: Sequence[str], stems: Sequence[str], place: int, limit: int) -> Mention | None:
    name = every.names.match(stems, place, limit)
    where = every.places.match(forms, place, limit)
    if name is None and where is None:
        return None
    length = max(found[0] for found in (name, where) if found)
    entries = tuple(entry for found in (name, where) if found and found[0] == length for entry in found[1])
    return Mention(entries, place, place + length)
